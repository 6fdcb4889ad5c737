import { createHash } from "node:crypto";

/** What a key may hold: nothing, or a body by its hash. */
export type Content = { readonly size: number; readonly sha256: string };
export const ABSENT = "absent";

export interface Address {
  readonly bucket: string;
  readonly key: string;
}

/** Parts that were acknowledged, of an upload whose completion was not. */
export interface OpenUpload extends Address {
  readonly uploadId: string;
  readonly parts: readonly { readonly PartNumber: number; readonly ETag: string }[];
  readonly content: Content;
}

/**
 * What the server must hold after a crash: of each key the last acknowledged state, or that of the one
 * write that was under way. Each key has one writer, which waits for its answers.
 */
export class Model {
  readonly #states = new Map<string, KeyState>();
  readonly openUploads = new Set<OpenUpload>();

  state(address: Address): KeyState {
    const name = `${address.bucket}/${address.key}`;
    const known = this.#states.get(name) ?? new KeyState(address);
    this.#states.set(name, known);
    return known;
  }

  /** In no particular order. */
  get states(): Iterable<KeyState> {
    return this.#states.values();
  }
}

export class KeyState {
  readonly address: Address;
  #acknowledged: Content | typeof ABSENT = ABSENT;
  #attempted: Content | typeof ABSENT | undefined;
  /** Of the acknowledged state, with quotes, as answered. */
  etag: string | undefined;

  constructor(address: Address) {
    this.address = address;
  }

  get acknowledged(): Content | typeof ABSENT {
    return this.#acknowledged;
  }

  /** A write is under way, or its answer was lost. */
  get uncertain(): boolean {
    return this.#attempted !== undefined;
  }

  begin(next: Content | typeof ABSENT): void {
    this.#attempted = next;
  }

  /** The attempt succeeded. */
  acknowledge(etag: string | undefined): void {
    this.#acknowledged = this.#attempted ?? this.#acknowledged;
    this.#attempted = undefined;
    this.etag = etag;
  }

  /** The server said no: nothing was to change. */
  refuse(): void {
    this.#attempted = undefined;
  }

  /**
   * Compares with what the server holds after a crash, and goes on from there. Answers which state it
   * was, or undefined when it is neither.
   */
  settle(found: Content | typeof ABSENT, etag: string | undefined): "acknowledged" | "attempted" | undefined {
    const match = isSame(found, this.#acknowledged)
      ? "acknowledged"
      : this.#attempted !== undefined && isSame(found, this.#attempted)
        ? "attempted"
        : undefined;
    this.#acknowledged = found;
    this.#attempted = undefined;
    this.etag = etag;
    return match;
  }

  describe(): string {
    const attempt = this.#attempted === undefined ? "" : ` or ${describe(this.#attempted)}`;
    return `${this.address.bucket}/${this.address.key} should hold ${describe(this.#acknowledged)}${attempt}`;
  }
}

export function contentOf(body: Uint8Array): Content {
  return { size: body.length, sha256: createHash("sha256").update(body).digest("hex") };
}

export function describe(content: Content | typeof ABSENT): string {
  return content === ABSENT ? "nothing" : `${content.size} bytes ${content.sha256.slice(0, 12)}`;
}

function isSame(left: Content | typeof ABSENT, right: Content | typeof ABSENT): boolean {
  if (left === ABSENT || right === ABSENT) return left === right;
  return left.sha256 === right.sha256;
}
