/**
 * What the Worker and the process that runs its functions locally say to each other
 * (docs/decisions/0017-local-function-process.md): a line of JSON, then the bytes that it announces.
 */
import type { ServiceError } from "../../../lib/errors.ts";
import type { Ended } from "../output.ts";
import type { InvokeInput, RuntimeFunction } from "../protocol.ts";
import type { InvocationOutcome } from "../shim/wire.ts";

export const INVOKE_PATH = "/invoke";
export const STREAM_PATH = "/stream";
export const HEALTH_PATH = "/health";

/** Content type of an answer that streams frames (frames.ts), the last of which is a RemoteReply. */
export const FRAMES_TYPE = "application/vnd.verge.frames";

export interface RemoteCall {
  readonly fn: RuntimeFunction;
  readonly input: Omit<InvokeInput, "payload">;
  /** Host of this deployment as the function knows it. */
  readonly ownHost: string;
  readonly payloadLength: number;
  /** Packed code (pack/form.ts) follows the payload. */
  readonly hasCode: boolean;
}

export type RemoteReply =
  | (Omit<Ended, "outcome"> & {
      readonly kind: "ended";
      /** Its payload follows the line. */
      readonly outcome: Omit<InvocationOutcome, "payload">;
      readonly isText: boolean;
    })
  /** The environment has to be started: the call is wanted again, with its code. */
  | { readonly kind: "needs-code" }
  | ({ readonly kind: "refused" } & Pick<ServiceError, "code" | "status" | "message" | "detail">);

export interface Message<Head> {
  readonly head: Head;
  readonly rest: Uint8Array;
}

const LINE_FEED = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeMessage(head: RemoteCall | RemoteReply, ...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([encoder.encode(`${JSON.stringify(head)}\n`), ...parts]);
}

export function decodeMessage<Head extends RemoteCall | RemoteReply>(bytes: Uint8Array): Message<Head> {
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

export const LOSS_URL = "http://supervisor/loss";
/** Told of each invocation that has not even noticed its time-out: the process may be busy for ever. */
export const OVERDUE_URL = "http://supervisor/overdue";
