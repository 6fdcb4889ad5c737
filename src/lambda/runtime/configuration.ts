import { RUNTIME_ROOT, TASK_ROOT } from "./limits.ts";
import type { FunctionCredentials, RuntimeFunction } from "./protocol.ts";
import { listModuleFolders } from "./sdk.ts";
import type { EnvironmentConfiguration } from "./shim/wire.ts";

/** What an environment is told about its function: everything that its id stands for. */
export function configureEnvironment(
  fn: RuntimeFunction,
  logStream: string,
  loadAtStart: boolean,
): EnvironmentConfiguration {
  return {
    name: fn.name,
    version: fn.version,
    handler: fn.handler,
    memoryMb: fn.memoryMb,
    timeoutSeconds: fn.timeoutSeconds,
    logGroup: logGroupOf(fn),
    logStream,
    logFormat: fn.logFormat ?? "Text",
    shared: fn.sharedEnvironments === true,
    loadAtStart,
    environment: { ...lambdaVariables(fn, logStream), ...fn.environment },
  };
}

/** "Using Lambda environment variables", the defined runtime environment variables. */
function lambdaVariables(fn: RuntimeFunction, logStream: string): Record<string, string> {
  return {
    PATH: "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    NODE_PATH: listModuleFolders(fn.runtime).join(":"),
    LAMBDA_TASK_ROOT: TASK_ROOT,
    LAMBDA_RUNTIME_DIR: RUNTIME_ROOT,
    _HANDLER: fn.handler,
    AWS_EXECUTION_ENV: `AWS_Lambda_${fn.runtime}`,
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_FUNCTION_NAME: fn.name,
    AWS_LAMBDA_FUNCTION_VERSION: fn.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: logGroupOf(fn),
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_REGION: fn.region,
    AWS_DEFAULT_REGION: fn.region,
    ...(fn.endpointUrl !== undefined && { AWS_ENDPOINT_URL: fn.endpointUrl }),
  };
}

/** As long as keys are handed out again, so are the variables that hold them. */
const written = new WeakMap<FunctionCredentials, string>();

/** The variables that hold the role's keys, as JSON: they change while an environment lives. */
export function writeCredentials(credentials: FunctionCredentials): string {
  const known = written.get(credentials);
  if (known !== undefined) return known;
  const text = JSON.stringify({
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    ...(credentials.expiration !== undefined && { AWS_CREDENTIAL_EXPIRATION: credentials.expiration }),
  });
  written.set(credentials, text);
  return text;
}

export function logGroupOf(fn: RuntimeFunction): string {
  return fn.logGroup ?? ordinaryLogGroup(fn.name);
}

export function ordinaryLogGroup(functionName: string): string {
  return `/aws/lambda/${functionName}`;
}
