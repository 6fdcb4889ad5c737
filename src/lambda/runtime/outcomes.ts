/** Outcomes of invocations whose environment did not answer for itself. */
import type { RuntimeFunction } from "./protocol.ts";
import type { InvocationOutcome } from "./shim/wire.ts";
import { RESPONSE_TOO_LARGE } from "./limits.ts";
import { describeTimeout } from "./timeout.ts";

/** The isolate is too busy to notice its own time-out. */
export function timedOutOutcome(fn: RuntimeFunction, requestId: string): InvocationOutcome {
  const message = describeTimeout(fn.timeoutSeconds);
  const log = `${new Date().toISOString()} ${requestId} ${message}\n\n`;
  return {
    ...failedOutcome("Sandbox.Timedout", `RequestId: ${requestId} Error: ${message}`, log),
    timedOut: true,
  };
}

/** The isolate broke off. What workerd says about it is all there is to know. */
export function crashedOutcome(fn: RuntimeFunction, requestId: string, error: unknown): InvocationOutcome {
  const message = error instanceof Error ? error.message : String(error);
  if (/CPU time limit|exceeded CPU/i.test(message)) return timedOutOutcome(fn, requestId);
  if (/memory/i.test(message)) return outOfMemoryOutcome(requestId);
  // workerd says so when modules do not compile or a module is missing at start-up.
  if (/Failed to start Worker|Uncaught \w*Error/i.test(message))
    return failedOutcome("Runtime.ImportModuleError", message);
  return failedOutcome(
    "Runtime.ExitError",
    `RequestId: ${requestId} Error: Runtime exited without providing a reason`,
    `${message}\n`,
  );
}

/** "Runtime exited with error: signal: killed": what Lambda says when the kernel ends a process for its memory. */
export function outOfMemoryOutcome(requestId: string): InvocationOutcome {
  const message = "Error: Runtime exited with error: signal: killed";
  const log = `RequestId: ${requestId} ${message}\nRuntime.OutOfMemory\n`;
  return failedOutcome("Runtime.OutOfMemory", `RequestId: ${requestId} ${message}`, log);
}

export function tooLargeOutcome(): InvocationOutcome {
  return failedOutcome("Function.ResponseSizeTooLarge", RESPONSE_TOO_LARGE);
}

function failedOutcome(errorType: string, errorMessage: string, log = ""): InvocationOutcome {
  const payload = JSON.stringify({ errorType, errorMessage });
  return {
    kind: "done",
    payload,
    failed: true,
    timedOut: false,
    ended: true,
    initLog: undefined,
    log: log === "" ? undefined : { text: log, marks: [log.length, Date.now()] },
    logStream: "",
    coldStart: false,
    initMs: 0,
  };
}
