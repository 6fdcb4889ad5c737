import { MAX_RESPONSE_BYTES } from "./limits.ts";
import { tooLargeOutcome } from "./outcomes.ts";
import type { InvokeOutput, RuntimeFunction } from "./protocol.ts";
import { createLogs } from "./report.ts";
import type { InvocationOutcome } from "./shim/wire.ts";

/** An invocation that has ended, as its host saw it. */
export interface Ended {
  /** When it was asked for and when it answered, milliseconds since 1970. */
  readonly begin: number;
  readonly end: number;
  readonly logStream: string;
  readonly outcome: InvocationOutcome;
}

/** Of what a function says of itself in its record. */
const MAX_ERROR_TYPE = 100;

/**
 * What the Lambda service is told of an invocation. The outcome comes from the isolate, where a function may
 * have spoilt it: it is held to what a sound one can say, so that a function deceives nobody but itself.
 */
export function describeOutput(fn: RuntimeFunction, requestId: string, ended: Ended): InvokeOutput {
  const { begin, end, logStream } = ended;
  const outcome = withinLimits(ended.outcome);
  const { coldStart, failed, initLog, log, payload, timedOut } = outcome;
  const initMs = Math.min(Math.max(0, outcome.initMs), end - begin);
  const timing = { durationMs: Math.max(0, end - begin - initMs), ...(coldStart && { initDurationMs: initMs }) };
  const told = {
    requestId,
    version: fn.version,
    startedAt: begin,
    durationMs: timing.durationMs,
    ...(coldStart && { initMs }),
    memoryMb: fn.memoryMb,
    outcome: timedOut ? ("timeout" as const) : ("success" as const),
  };
  return {
    payload,
    ...(failed && { functionError: "Unhandled" as const, errorType: readErrorType(payload) }),
    timedOut,
    logs: createLogs(told, { initLog, log }, end, logStream),
    startedAt: begin,
    ...timing,
    coldStart,
  };
}

/** The shim looks at the size first: what comes here beyond it has gone round the shim. */
function withinLimits(outcome: InvocationOutcome): InvocationOutcome {
  const { payload } = outcome;
  if (payload.length * 3 <= MAX_RESPONSE_BYTES || Buffer.byteLength(payload) <= MAX_RESPONSE_BYTES) return outcome;
  return tooLargeOutcome();
}

/** Of Lambda's error object; a function may have put anything in its place. */
function readErrorType(payload: string | Uint8Array): string {
  if (typeof payload !== "string") return "Error";
  try {
    const { errorType } = JSON.parse(payload) as { errorType?: unknown };
    return typeof errorType === "string" ? errorType.slice(0, MAX_ERROR_TYPE) : "Error";
  } catch {
    return "Error";
  }
}
