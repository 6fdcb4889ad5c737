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

export interface InvocationRequest {
  readonly requestId: string;
  readonly invokedArn: string;
  /** When the host asked for the environment, milliseconds since 1970: what is older than its answer was its start. */
  readonly sentMs: number;
  /** Milliseconds since 1970. */
  readonly deadlineMs: number;
  readonly clientContext?: string;
  /** Variables of this invocation: credentials, trace id. */
  readonly environment: Readonly<Record<string, string>>;
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
  /** Lines of the function itself, without START, END and REPORT; each ends with a line feed. */
  readonly initLog: string;
  readonly log: string;
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

export function encodeReply(reply: InvocationReply): EncodedReply {
  if (reply.kind !== "done") return `${JSON.stringify(reply)}\n`;
  const { payload, ...rest } = reply;
  const head = `${JSON.stringify(rest)}\n`;
  return typeof payload === "string" ? head + payload : { head, payload };
}

/** Throws for what no shim writes: a function may have replaced what the shim relies on, down to JSON itself. */
export function decodeReply(encoded: EncodedReply): InvocationReply {
  const text = typeof encoded === "string" ? encoded : encoded.head;
  const line = text.indexOf("\n");
  const reply = JSON.parse(text.slice(0, line)) as InvocationReply;
  if (reply.kind === "busy" || reply.kind === "needs-eval") return { kind: reply.kind };
  if (reply.kind !== "done" || !isOutcome(reply)) throw new Error("The execution environment answered nonsense.");
  return { ...reply, payload: typeof encoded === "string" ? text.slice(line + 1) : encoded.payload };
}

function isOutcome(reply: InvocationOutcome): boolean {
  const flags = [reply.failed, reply.timedOut, reply.ended, reply.coldStart];
  const texts = [reply.initLog, reply.log, reply.logStream];
  return (
    flags.every((flag) => typeof flag === "boolean") &&
    texts.every((text) => typeof text === "string") &&
    Number.isFinite(reply.initMs)
  );
}
