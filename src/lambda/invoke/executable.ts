import type { FoundFunction, FunctionVersion } from "../../metadata/function/protocol.ts";
import type { ExecutionPorts, LambdaCall } from "../call.ts";
import { openVariables } from "../environment.ts";
import { functionNotFound, lambdaError } from "../errors.ts";
import { formatFunctionArn, LATEST } from "../names.ts";
import type { FunctionCredentials, RuntimeFunction } from "../runtime/protocol.ts";
import { readSettings } from "../runtime-settings.ts";

/** The version that an invocation runs, as the runtime wants it. */
export interface Executable {
  readonly version: FunctionVersion;
  readonly runtimeFunction: RuntimeFunction;
  /** What `context.invokedFunctionArn` says: as the caller named it. */
  readonly invokedArn: string;
  readonly reservedConcurrency: number | undefined;
  /** Its recursion configuration says so. */
  readonly allowsLoops: boolean;
  /** The alias that was named, if one was. */
  readonly alias: string | undefined;
}

type ExecutableContext = Pick<LambdaCall, "target" | "region" | "directory"> & { readonly ports: ExecutionPorts };

/** Looks the target up and, of an alias with weights, draws one of its two versions. Throws ResourceNotFoundException. */
export async function findExecutable(call: ExecutableContext): Promise<Executable> {
  const { accountId, name, qualifier } = call.target;
  const found = await call.directory.findFunction(accountId, name, qualifier ?? LATEST);
  const invokedArn = formatFunctionArn(call.region, call.target);
  if (!found) throw functionNotFound(invokedArn);
  const version = drawVersion(found);
  const described = opened.get(version) ?? (await openVersion(call, version));
  const credentials = await call.ports.issueKeys(accountId, version.settings.role);
  return {
    version,
    runtimeFunction: withCredentials(described, credentials, version),
    invokedArn,
    reservedConcurrency: found.function.reservedConcurrency,
    allowsLoops: found.function.recursiveLoop === "Allow",
    alias: found.alias?.name,
  };
}

/**
 * Versions as the directory holds them, with their variables decrypted and the keys that were issued last: for as
 * long as it holds them. The runtime knows what it has seen before by its being the same object.
 */
const opened = new WeakMap<FunctionVersion, RuntimeFunction>();

function withCredentials(
  described: RuntimeFunction,
  credentials: FunctionCredentials,
  version: FunctionVersion,
): RuntimeFunction {
  if (described.credentials === credentials) return described;
  const complete = { ...described, credentials };
  opened.set(version, complete);
  return complete;
}

async function openVersion(call: ExecutableContext, version: FunctionVersion): Promise<RuntimeFunction> {
  const environment = await openVariables(call.ports, call.target.accountId, version);
  if (!environment) {
    throw lambdaError(
      "KMSAccessDeniedException",
      "Lambda was unable to decrypt the environment variables: was the deployment's master key changed?",
    );
  }
  const described = describeForRuntime(call, version, environment);
  opened.set(version, described);
  return described;
}

function drawVersion({ version, weighted }: FoundFunction): FunctionVersion {
  return weighted && Math.random() < weighted.weight ? weighted.version : version;
}

function describeForRuntime(
  { target, region, ports }: ExecutableContext,
  version: FunctionVersion,
  environment: Readonly<Record<string, string>>,
): RuntimeFunction {
  const { accountId, name } = target;
  const { settings, code } = version;
  return {
    accountId,
    name,
    version: version.version,
    arn: formatFunctionArn(region, { accountId, name }),
    handler: settings.handler,
    runtime: settings.runtime,
    region,
    endpointUrl: ports.endpointUrl,
    timeoutSeconds: settings.timeoutSeconds,
    memoryMb: settings.memoryMb,
    environment,
    ...readSettings(environment),
    codeSha256: code.sha256,
    ...(settings.layers && { layers: settings.layers.map((layer) => layer.code.codeId) }),
    configRevision: version.revisionId,
    logFormat: settings.logging.format,
    logGroup: settings.logging.group,
  };
}
