/**
 * What the Worker and the process that runs its functions locally say to each other
 * (docs/decisions/0017-local-function-process.md, 0059): a line of JSON, then a payload, and the code where there is any.
 */
import type { ServiceError } from "../../../lib/errors.ts";
import type { Ended } from "../output.ts";
import type { Payload } from "../payload.ts";
import type { InvokeInput, RuntimeFunction } from "../protocol.ts";
import type { InvocationOutcome } from "../shim/wire.ts";

/**
 * The process as it is called for an invocation. A call of this kind costs both sides about a third of an HTTP request,
 * but what it carries is limited: code goes to INVOKE_PATH.
 */
export interface FunctionHostApi {
  /** Takes a RemoteCall, answers a RemoteReply, as `encodeMessage` writes them. Throws when the process is lost. */
  invoke(message: string | Uint8Array): Promise<string | Uint8Array>;
  /** For a request that makes many calls: each costs half as much in a session. */
  open(): Promise<FunctionHostSession>;
}

export interface FunctionHostSession extends Pick<FunctionHostApi, "invoke">, Disposable {}

/** What running functions asks of the process, by a session or without. */
export interface FunctionHost extends Pick<FunctionHostApi, "invoke"> {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

export const INVOKE_PATH = "/invoke";
export const STREAM_PATH = "/stream";
export const HEALTH_PATH = "/health";

/** Content type of an answer that streams frames (frames.ts), the last of which is a RemoteReply. */
export const FRAMES_TYPE = "application/vnd.verge.frames";

/** What does not change from one invocation of a version to the next: sent once, and when it is asked for. */
export interface Definition {
  readonly fn: RuntimeFunction;
  /** Host of this deployment as the function knows it. */
  readonly ownHost: string;
}

export interface RemoteCall {
  /** Hash of the definition. */
  readonly definitionId: string;
  readonly definition?: Definition;
  readonly input: Omit<InvokeInput, "payload">;
  /** Bytes of the payload where packed code (pack/form.ts) follows it. */
  readonly payloadLength?: number;
}

export type RemoteReply =
  | (Omit<Ended, "outcome"> & {
      readonly kind: "ended";
      /** Its payload follows the line. */
      readonly outcome: Omit<InvocationOutcome, "payload">;
    })
  /** The process has started anew, or has had too many of them: the call is wanted again, with its definition. */
  | { readonly kind: "needs-definition" }
  /** The environment has to be started: the call is wanted again, with its code. */
  | { readonly kind: "needs-code" }
  | ({ readonly kind: "refused" } & Pick<ServiceError, "code" | "status" | "message" | "detail">);

export interface Message<Head, Rest extends Payload = Payload> {
  readonly head: Head;
  readonly rest: Rest;
}

const LINE_FEED = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Text where all of it is: the platform turns it into bytes for less than we do. */
export function encodeMessage(
  head: RemoteCall | RemoteReply,
  payload: string | Uint8Array = "",
  code?: Uint8Array,
): string | Uint8Array {
  const line = `${JSON.stringify(head)}\n`;
  if (typeof payload === "string" && code === undefined) return line + payload;
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  return Buffer.concat([encoder.encode(line), bytes, ...(code ? [code] : [])]);
}

export function encodeMessageBytes(head: RemoteReply, payload?: string | Uint8Array): Uint8Array {
  const message = encodeMessage(head, payload);
  return typeof message === "string" ? encoder.encode(message) : message;
}

export function decodeMessage<Head extends RemoteCall | RemoteReply>(message: string | Uint8Array): Message<Head> {
  if (typeof message === "string") {
    const line = message.indexOf("\n");
    return { head: JSON.parse(message.slice(0, line)) as Head, rest: message.slice(line + 1) };
  }
  return decodeBytes(message);
}

/** The same of what has come as bytes. */
export function decodeBytes<Head extends RemoteCall | RemoteReply>(bytes: Uint8Array): Message<Head, Uint8Array> {
  const line = bytes.indexOf(LINE_FEED);
  return { head: JSON.parse(decoder.decode(bytes.subarray(0, line))) as Head, rest: bytes.subarray(line + 1) };
}

/** What has become of an invocation whose process is gone; asked of `LOSS_URL`. */
export interface LossReport {
  readonly requestId: string;
  /** When it was sent, milliseconds since 1970. */
  readonly begin: number;
}

export interface LossVerdict {
  /** It exhausted the memory; it ended the process in another way; or it was there when another one did. */
  readonly cause: "memory" | "crash" | "bystander";
}

export interface OverdueReport {
  /** When it should have ended, milliseconds since 1970. */
  readonly deadline: number;
}

export const LOSS_URL = "http://supervisor/loss";
/** Told of each invocation that has not even noticed its time-out: the process may be busy for ever. */
export const OVERDUE_URL = "http://supervisor/overdue";
