/** Outcomes of invocations whose environment did not answer for itself. */
import type { RuntimeFunction } from "./protocol.ts";
import type { InvocationOutcome } from "./shim/wire.ts";
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
  if (/memory/i.test(message)) {
    return failedOutcome(
      "Runtime.OutOfMemory",
      `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
    );
  }
  // workerd says so when modules do not compile or a module is missing at start-up.
  if (/Failed to start Worker|Uncaught \w*Error/i.test(message))
    return failedOutcome("Runtime.ImportModuleError", message);
  return failedOutcome(
    "Runtime.ExitError",
    `RequestId: ${requestId} Error: Runtime exited without providing a reason`,
    `${message}\n`,
  );
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
