import type { StoredResponse } from "../engine/stored-response.ts";

/** A stored response in this isolate: what is derived from it is derived once. */
export class Variant {
  readonly stored: StoredResponse;
  /** The body, where it is at hand. */
  bytes: Uint8Array | undefined;
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
}
