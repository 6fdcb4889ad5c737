import { frameLines, type FramedInvocation } from "../../metadata/logs/frame.ts";
import type { InvocationLogs, LogLine } from "./protocol.ts";
import type { WrittenLog } from "./shim/wire.ts";

/** What an environment says that the function wrote. */
export interface Written {
  readonly initLog: WrittenLog | undefined;
  readonly log: WrittenLog | undefined;
}

/** The lines of an invocation; they are put together when somebody reads them, which is after the answer. */
export function createLogs(
  told: FramedInvocation,
  { initLog, log }: Written,
  end: number,
  stream: string,
): InvocationLogs {
  const start = Math.min(told.startedAt + Math.floor(told.initMs ?? 0), end);
  const lines = () => ({ init: splitLog(initLog, told.startedAt, start), own: splitLog(log, start, end) });
  return {
    stream,
    lines,
    text: () => {
      const { init, own } = lines();
      return frameLines(told, init, own)
        .map(([, message]) => message)
        .join("");
    },
    size: (initLog?.text.length ?? 0) + (log?.text.length ?? 0),
  };
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
