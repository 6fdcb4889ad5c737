import type { InvocationLogs, LogLine, RuntimeFunction } from "./protocol.ts";
import type { WrittenLog } from "./shim/wire.ts";

/** An invocation as its log tells it. */
export interface Told {
  readonly requestId: string;
  /** When it was asked for and when it answered, milliseconds since 1970. */
  readonly begin: number;
  readonly end: number;
  readonly durationMs: number;
  readonly initDurationMs?: number;
  readonly timedOut: boolean;
  readonly initLog: WrittenLog | undefined;
  readonly log: WrittenLog | undefined;
}

/** The lines of an invocation; they are put together when somebody reads them, which is after the answer. */
export function createLogs(fn: RuntimeFunction, told: Told, stream: string): InvocationLogs {
  const list = () => listLines(fn, told);
  return {
    stream,
    list,
    text: () =>
      list()
        .map(([, message]) => message)
        .join(""),
    size: (told.initLog?.text.length ?? 0) + (told.log?.text.length ?? 0),
  };
}

/** What Lambda bills: time in the initialisation too, since 2025-08. Whole milliseconds. */
export function billedMs({ durationMs, initDurationMs = 0 }: Pick<Told, "durationMs" | "initDurationMs">): number {
  return Math.max(1, Math.ceil(durationMs + initDurationMs));
}

function listLines(fn: RuntimeFunction, told: Told): LogLine[] {
  const { begin, end, requestId } = told;
  const start = Math.min(begin + Math.floor(told.initDurationMs ?? 0), end);
  return [
    ...splitLog(told.initLog, begin, start),
    [start, `START RequestId: ${requestId} Version: ${fn.version}\n`],
    ...splitLog(told.log, start, end),
    [end, `END RequestId: ${requestId}\n`],
    [end, report(fn, told)],
  ];
}

/**
 * The records of a log. A function can write what it likes into its isolate's answer: times are held between
 * those that this host has taken, and marks that do not fit the text are not believed.
 */
function splitLog(log: WrittenLog | undefined, begin: number, end: number): LogLine[] {
  const { text, marks } = log ?? { text: "", marks: [] };
  const lines: LogLine[] = [];
  let at = 0;
  for (let index = 0; index + 1 < marks.length && at < text.length; index += 2) {
    const length = Math.max(1, Math.floor(marks[index]!));
    lines.push([Math.min(Math.max(Math.floor(marks[index + 1]!), begin), end), text.slice(at, at + length)]);
    at += length;
  }
  if (at < text.length) lines.push([end, text.slice(at)]);
  return lines;
}

/** Memory is left out: workerd does not tell how much an isolate has used. */
function report(fn: RuntimeFunction, told: Told): string {
  const { durationMs, initDurationMs, requestId, timedOut } = told;
  const init = initDurationMs === undefined ? "" : `Init Duration: ${initDurationMs.toFixed(2)} ms\t`;
  return (
    `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${billedMs(told)} ms\t` +
    `Memory Size: ${fn.memoryMb} MB\t${init}${timedOut ? "Status: timeout\t" : ""}\n`
  );
}
