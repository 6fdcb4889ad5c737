import type { FunctionVersion } from "../metadata/function/protocol.ts";
import type { LambdaCall, LambdaPorts } from "./call.ts";
import { invalidParameter } from "./errors.ts";
import type { Input } from "./input.ts";
import { complainOfSettings } from "./runtime-settings.ts";

const MAX_BYTES = 4_096;
const VARIABLE_NAME = /^[a-zA-Z]([a-zA-Z0-9_])+$/;

/** "Defined runtime environment variables" in Lambda's guide: those that a function may not set. */
const RESERVED = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
]);

type Variables = Readonly<Record<string, string>>;

/**
 * `Environment.Variables`; undefined when the body has none, empty when it takes them away. No message
 * repeats a value: they are secrets.
 */
export function readEnvironment(input: Input): Variables | undefined {
  const environment = input.structure("Environment");
  if (!environment) return undefined;
  const variables = environment.textMap("Variables") ?? {};
  const names = Object.keys(variables);
  for (const name of names) {
    if (VARIABLE_NAME.test(name)) continue;
    environment.violate(
      "Variables",
      `'${name}'`,
      "satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
    );
  }
  const reserved = names.filter((name) => RESERVED.has(name));
  if (reserved.length > 0)
    throw refuse(
      `contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(", ")}`,
    );
  if (Buffer.byteLength(JSON.stringify(variables)) > MAX_BYTES) throw refuse("exceeded the 4KB limit.");
  const complaint = complainOfSettings(variables);
  if (complaint !== undefined) throw refuse(complaint);
  return variables;
}

function refuse(why: string) {
  return invalidParameter(
    `Lambda was unable to configure your environment variables because the environment variables you have provided ${why}`,
  );
}

/** The sealed form; undefined when there are no variables. What does not change keeps its form. */
export async function sealEnvironment(
  call: LambdaCall,
  current: FunctionVersion | undefined,
  variables: Variables,
): Promise<string | undefined> {
  if (Object.keys(variables).length === 0) return undefined;
  const { accountId, name } = call.target;
  const text = JSON.stringify(variables);
  const before = current?.settings.sealedEnvironment;
  // Publishing compares settings: the same variables must not look like others.
  if (before !== undefined && (await call.ports.open(before, ownerOf(accountId, name))) === text) return before;
  return call.ports.seal(text, ownerOf(accountId, name));
}

/** The member `Environment` of a FunctionConfiguration; none when the function has no variables. */
export async function openEnvironment(call: LambdaCall, version: FunctionVersion): Promise<object> {
  const { sealedEnvironment } = version.settings;
  if (sealedEnvironment === undefined) return {};
  const variables = await openVariables(call.ports, call.target.accountId, version);
  if (variables) return { Environment: { Variables: variables } };
  const Message = "The variables do not open: was the deployment's master key changed?";
  return { Environment: { Error: { ErrorCode: "KMSAccessDeniedException", Message } } };
}

/** Undefined when they do not open. */
export async function openVariables(
  ports: Pick<LambdaPorts, "open">,
  accountId: string,
  version: FunctionVersion,
): Promise<Variables | undefined> {
  const { sealedEnvironment } = version.settings;
  if (sealedEnvironment === undefined) return {};
  const text = await ports.open(sealedEnvironment, ownerOf(accountId, version.name));
  return text === undefined ? undefined : (JSON.parse(text) as Variables);
}

/** Bound to the sealed form, so that one function's variables open for no other. */
function ownerOf(accountId: string, name: string): string {
  return `function/${accountId}/${name}`;
}
