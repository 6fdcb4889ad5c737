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
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${billed} ms`,
    `Memory Size: ${fn.memoryMb} MB`,
    ...(initDurationMs === undefined ? [] : [`Init Duration: ${initDurationMs.toFixed(2)} ms`]),
    ...(status === undefined ? [] : [`Status: ${status}`]),
  ];
  return `${fields.join("\t")}\t\n`;
}
