/** `process` as Lambda's: environment, working directory, and an `exit` that ends the environment. */
import { TASK_ROOT } from "../limits.ts";
import { FatalError } from "./errors.ts";
import { currentInvocation } from "./invocation.ts";
import { configuration } from "./platform.ts";
import type { InvocationRequest } from "./wire.ts";

export function installProcess(): void {
  replaceEnvironment(configuration.environment);
  process.chdir(`/bundle${TASK_ROOT}`);
  const exit = (code?: number | string | null) => endProcess(Number(code ?? process.exitCode ?? 0));
  const replaced = { cwd: () => TASK_ROOT, exit, reallyExit: exit, abort: () => endProcess(134) };
  for (const [name, value] of Object.entries(replaced)) {
    Object.defineProperty(process, name, { value, configurable: true, writable: true });
  }
}

// Reading the global costs as much as setting a variable does.
const { process } = globalThis;

/** The credentials that were set last, as text. */
let knownCredentials = "";

/** Sets variables that change between invocations: credentials, the trace id. */
export function setVariables({ credentials, traceId }: InvocationRequest): void {
  if (credentials !== undefined && credentials !== knownCredentials) {
    knownCredentials = credentials;
    Object.assign(process.env, JSON.parse(credentials));
  }
  if (traceId !== undefined) process.env["_X_AMZN_TRACE_ID"] = traceId;
}

function replaceEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, variables);
}

function endProcess(code: number): never {
  const invocation = currentInvocation();
  const reason = code === 0 ? "exited without providing a reason" : `exited with error: exit status ${code}`;
  const message = `RequestId: ${invocation?.requestId ?? ""} Error: Runtime ${reason}`;
  const error = new FatalError("Runtime.ExitError", message);
  invocation?.end(error);
  // Nothing behind the call may run, as after a real exit.
  throw error;
}
