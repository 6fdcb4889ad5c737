import type { InvocationRecord, LogEvent } from "./protocol.ts";

/** What the lines of the platform say. */
export type FramedInvocation = Pick<
  InvocationRecord,
  "requestId" | "version" | "startedAt" | "durationMs" | "initMs" | "memoryMb" | "outcome"
>;

/** What Lambda bills: time in the initialisation too, since 2025-08. Whole milliseconds. */
export function billedMs({ durationMs, initMs = 0 }: Pick<InvocationRecord, "durationMs" | "initMs">): number {
  return Math.max(1, Math.ceil(durationMs + initMs));
}

/** When the handler was called, and when it was done. */
export function handlerTimes({ startedAt, durationMs, initMs = 0 }: FramedInvocation): [number, number] {
  const start = startedAt + Math.floor(initMs);
  return [start, start + Math.ceil(durationMs)];
}

/** The lines that Lambda's platform writes around those of the function: START, END and REPORT. */
export function frameLines(
  invocation: FramedInvocation,
  initLines: readonly LogEvent[],
  lines: readonly LogEvent[],
): LogEvent[] {
  const { requestId, version } = invocation;
  const [start, end] = handlerTimes(invocation);
  return [
    ...initLines,
    [start, `START RequestId: ${requestId} Version: ${version}\n`],
    ...lines,
    [end, `END RequestId: ${requestId}\n`],
    [end, report(invocation)],
  ];
}

/** Memory is left out: workerd does not tell how much an isolate has used. */
function report(invocation: FramedInvocation): string {
  const { durationMs, initMs, memoryMb, outcome, requestId } = invocation;
  const init = initMs === undefined ? "" : `Init Duration: ${initMs.toFixed(2)} ms\t`;
  return (
    `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${billedMs(invocation)} ms\t` +
    `Memory Size: ${memoryMb} MB\t${init}${outcome === "timeout" ? "Status: timeout\t" : ""}\n`
  );
}
