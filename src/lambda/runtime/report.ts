import type { RuntimeFunction } from "./protocol.ts";

export interface Timing {
  readonly durationMs: number;
  readonly initDurationMs?: number;
  readonly status?: "timeout";
}

/** The lines that Lambda's platform writes around those of the function. */
export function frameLog(fn: RuntimeFunction, requestId: string, initLog: string, log: string, timing: Timing): string {
  const start = `START RequestId: ${requestId} Version: ${fn.version}\n`;
  return `${initLog}${start}${log}END RequestId: ${requestId}\n${report(fn, requestId, timing)}`;
}

/** Memory is left out: workerd does not tell how much an isolate has used. */
function report(fn: RuntimeFunction, requestId: string, { durationMs, initDurationMs, status }: Timing): string {
  // Time in the initialisation is billed since 2025-08.
  const billed = Math.max(1, Math.ceil(durationMs + (initDurationMs ?? 0)));
  const init = initDurationMs === undefined ? "" : `Init Duration: ${initDurationMs.toFixed(2)} ms\t`;
  const ending = status === undefined ? "" : `Status: ${status}\t`;
  return (
    `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${billed} ms\t` +
    `Memory Size: ${fn.memoryMb} MB\t${init}${ending}\n`
  );
}
