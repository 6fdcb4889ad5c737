/** What the loader and the shim say to each other. Shapes and names only: both sides are bundled apart. */

/** Name of the module that holds a function's configuration. */
export const CONFIGURATION_MODULE = "verge/function.json";

/** What an environment knows about its function from the start. */
export interface EnvironmentConfiguration {
  readonly name: string;
  readonly version: string;
  readonly handler: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly logGroup: string;
  readonly logStream: string;
  readonly logFormat: "Text" | "JSON";
  /** `process.env`, Lambda's own variables included. */
  readonly environment: Readonly<Record<string, string>>;
  /** Lets invocations run side by side. */
  readonly shared: boolean;
  /**
   * Load the handler while the isolate starts: the only time when `eval` is allowed, and one when I/O is not.
   */
  readonly loadAtStart: boolean;
}

/** What a function has written. */
export interface WrittenLog {
  /** Each line ends with a line feed. */
  readonly text: string;
  /** Of each record, which may have several lines: its length in `text`, and when it was written. */
  readonly marks: readonly number[];
}

export interface InvocationRequest {
  readonly requestId: string;
  readonly invokedArn: string;
  /** When the host asked for the environment, milliseconds since 1970: what is older than its answer was its start. */
  readonly sentMs: number;
  /** Milliseconds since 1970. */
  readonly deadlineMs: number;
  readonly clientContext?: string;
  readonly traceId?: string;
  /** Variables that hold the role's keys, as JSON: the same text until there are new ones. */
  readonly credentials?: string;
}

export type InvocationReply =
  /** Another invocation runs here, or the environment is at its end. */
  | { readonly kind: "busy" }
  /** The handler's modules use `eval`: they want an environment with `loadAtStart`. */
  | { readonly kind: "needs-eval" }
  | InvocationOutcome;

export interface InvocationOutcome {
  readonly kind: "done";
  /** Text but for what a streaming handler wrote to an invocation that wants it whole. */
  readonly payload: string | Uint8Array;
  readonly failed: boolean;
  readonly timedOut: boolean;
  /** What the function itself wrote, without START, END and REPORT; undefined when that is nothing. */
  readonly initLog: WrittenLog | undefined;
  readonly log: WrittenLog | undefined;
  readonly logStream: string;
  readonly coldStart: boolean;
  readonly initMs: number;
  /** The environment cannot be used again: Lambda ends the process after what happened. */
  readonly ended: boolean;
}

export type StreamReply =
  | { readonly kind: "busy" }
  /** See frames.ts. The last frame is the InvocationReply as JSON, its payload as text. */
  | { readonly kind: "streaming"; readonly frames: ReadableStream<Uint8Array> };

/**
 * A reply as it crosses between isolates: text is much cheaper there than objects and bytes are. The payload
 * follows the first line.
 */
export type EncodedReply = string | { readonly head: string; readonly payload: Uint8Array };

// Bound before a function's code runs beside them.
const { parse, stringify } = JSON;

export function encodeReply(reply: InvocationReply): EncodedReply {
  if (reply.kind !== "done") return `${stringify(reply)}\n`;
  const { payload } = reply;
  // Members that are undefined are left out.
  const head = `${stringify({ ...reply, payload: undefined })}\n`;
  return typeof payload === "string" ? head + payload : { head, payload };
}

/**
 * What an isolate answered, as far as it is an answer: a function may have replaced what the shim relies on, so
 * that nothing is taken for granted. Throws for what no shim writes.
 */
export function decodeReply(encoded: unknown): InvocationReply {
  const { head, payload } = splitReply(encoded);
  const reply = parse(head) as Readonly<Partial<InvocationOutcome>> | { readonly kind?: unknown };
  if (reply.kind === "busy" || reply.kind === "needs-eval") return { kind: reply.kind };
  if (!isOutcome(reply)) throw nonsense();
  const { failed, timedOut, ended, initLog, log, logStream, coldStart, initMs } = reply;
  return { kind: "done", payload, failed, timedOut, ended, initLog, log, logStream, coldStart, initMs };
}

function splitReply(encoded: unknown): { head: string; payload: string | Uint8Array } {
  if (typeof encoded === "string") {
    const line = encoded.indexOf("\n");
    return { head: encoded.slice(0, line), payload: encoded.slice(line + 1) };
  }
  const { head, payload } = Object(encoded) as { readonly head?: unknown; readonly payload?: unknown };
  if (typeof head === "string" && payload instanceof Uint8Array) return { head, payload };
  throw nonsense();
}

function isOutcome(reply: { readonly kind?: unknown }): reply is InvocationOutcome {
  const { kind, failed, timedOut, ended, initLog, log, logStream, coldStart, initMs } =
    reply as Partial<InvocationOutcome>;
  return (
    kind === "done" &&
    typeof failed === "boolean" &&
    typeof timedOut === "boolean" &&
    typeof ended === "boolean" &&
    typeof coldStart === "boolean" &&
    isLog(initLog) &&
    isLog(log) &&
    typeof logStream === "string" &&
    Number.isFinite(initMs)
  );
}

function isLog(log: unknown): boolean {
  if (log === undefined) return true;
  const { text, marks } = Object(log) as Partial<WrittenLog>;
  return typeof text === "string" && Array.isArray(marks) && marks.every(Number.isFinite);
}

function nonsense(): Error {
  return new Error("The execution environment answered nonsense.");
}
