/** Takes the console and the standard streams, and writes Lambda's log formats. */
import { Writable } from "node:stream";
import { formatWithOptions, types } from "node:util";
import { Console } from "./console-class.ts";
import { describeError } from "./errors.ts";
import { currentInvocation } from "./invocation.ts";
import { configuration } from "./platform.ts";
import type { WrittenLog } from "./wire.ts";

const LEVELS = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" } as const;
const LINE = /[^\n]*\n|[^\n]+$/g;
type Level = (typeof LEVELS)[keyof typeof LEVELS] | "FATAL";

/** Lines written while no invocation runs: a module that is loaded as the isolate starts. */
let early = "";

export function takeEarlyLog(): WrittenLog | undefined {
  if (early === "") return undefined;
  const written = { text: early, marks: [early.length, Date.now()] };
  early = "";
  return written;
}

function write(text: string): void {
  const invocation = currentInvocation();
  if (invocation) invocation.write(text);
  else early += text;
}

/** One record in the function's log format. */
export function logRecord(level: Level, values: readonly unknown[]): void {
  const requestId = currentInvocation()?.shownId ?? "undefined";
  const timestamp = new Date().toISOString();
  if (configuration.logFormat === "JSON") {
    write(`${JSON.stringify({ timestamp, level, requestId, ...messageOf(values) })}\n`);
    return;
  }
  write(`${timestamp}\t${requestId}\t${level}\t${format(values)}\n`);
}

function messageOf(values: readonly unknown[]): Record<string, unknown> {
  const [first] = values;
  const error = values.find((value) => types.isNativeError(value));
  const details = error === undefined ? {} : describeError(error);
  if (values.length === 1 && typeof first === "object" && error === undefined) return { message: first };
  return { ...details, message: format(values) };
}

function format(values: readonly unknown[]): string {
  return formatWithOptions({ colors: false }, ...values);
}

export function installConsole(): void {
  const records = new Console((method, values) => logRecord(LEVELS[method as keyof typeof LEVELS] ?? "INFO", values));
  Object.assign(console, records, { Console });
  Object.defineProperty(process, "stdout", { value: outputStream(1), configurable: true });
  Object.defineProperty(process, "stderr", { value: outputStream(2), configurable: true });
}

function outputStream(descriptor: number): Writable {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      // What is not a record of the console is one for each line.
      for (const line of (typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)).match(LINE) ?? [])
        write(line);
      done();
    },
  });
  return Object.assign(stream, { fd: descriptor, isTTY: false, columns: 80 });
}
