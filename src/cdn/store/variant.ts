import type { StoredResponse } from "../engine/stored-response.ts";

/** Bytes that are in memory, or a stream of them. */
export type Body = Uint8Array | ReadableStream<Uint8Array>;

/** A stored response in this isolate: what is derived from it is derived once. */
export class Variant {
  readonly stored: StoredResponse;
  /** The body, where it is at hand. */
  bytes: Uint8Array | undefined;
  /** The body as the location sends it, where it was not read. */
  unread: ReadableStream<Uint8Array> | undefined;
  /** Whether its body went from the location to a viewer: the next one is worth the memory. */
  wasStreamed = false;
  /** Invalidations up to this number are known not to concern it, or to have made it stale at `purgedAt`. */
  checkedInvalidation: number;
  purgedAt: number | undefined;
  #headers: Headers | undefined;

  constructor(stored: StoredResponse, bytes?: Uint8Array) {
    this.stored = stored;
    this.bytes = bytes;
    this.checkedInvalidation = stored.invalidation;
  }

  /** The stored fields. Not to be changed. */
  get headers(): Headers {
    return (this.#headers ??= new Headers(this.stored.fields as [string, string][]));
  }

  /** What it takes in memory, about. */
  get cost(): number {
    return 1024 + 64 * this.stored.fields.length + (this.bytes?.byteLength ?? 0);
  }

  /** The whole body, where it needs no more reading. What was not read can be had once. */
  takeBody(): Body | undefined {
    if (this.bytes) return this.bytes;
    const body = this.unread;
    this.unread = undefined;
    return body;
  }
}
