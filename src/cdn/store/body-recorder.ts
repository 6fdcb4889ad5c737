import { type BodyForm, SLICE_BYTES, WHOLE_BODY_BYTES } from "../engine/stored-response.ts";
import { putEntry } from "./location-cache.ts";
import { INLINE_BODY_BYTES, isHeldInMemory } from "./response-store.ts";

/** A body that has been stored in full. */
export interface RecordedBody {
  readonly form: BodyForm;
  readonly length: number;
  /** Where it is small enough to be held. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/** Up to here a body is collected, and stored at its end in one piece. */
const COLLECTED_BYTES = 1024 * 1024;

/**
 * Stores a body while it passes by. What it has taken counts for nothing before `finish`: a body that was cut
 * off, or is longer or shorter than its Content-Length said, leaves nothing behind that anyone would find.
 */
export class BodyRecorder {
  readonly #bodyId: string;
  readonly #expected: number | undefined;
  #chunks: Uint8Array[] = [];
  #collected = 0;
  #length = 0;
  #slices = 0;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #stored: Promise<boolean> | undefined;
  #failed = false;

  /** `expected`: Content-Length in bytes, where the origin told it. */
  constructor(bodyId: string, expected: number | undefined) {
    this.#bodyId = bodyId;
    this.#expected = expected;
  }

  /** Takes the next bytes; a promise only when the location must keep up. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#failed) return undefined;
    this.#length += chunk.byteLength;
    if (this.#expected !== undefined && this.#length > this.#expected) return this.#fail();
    if (this.#writer) return this.#forward(chunk);
    this.#chunks.push(chunk);
    this.#collected += chunk.byteLength;
    if (this.#collected <= COLLECTED_BYTES) return undefined;
    return this.#expected !== undefined && this.#expected <= WHOLE_BODY_BYTES ? this.#beginWhole() : this.#putSlices();
  }

  /** Undefined when the body is not to be used: it was not stored, or is not what was announced. */
  async finish(): Promise<RecordedBody | undefined> {
    if (this.#failed || (this.#expected !== undefined && this.#length !== this.#expected)) {
      await this.abort();
      return undefined;
    }
    if (this.#writer) {
      await this.#writer.close().catch(() => undefined);
      return (await this.#stored) ? { form: "whole", length: this.#length } : undefined;
    }
    const rest = this.#takeCollected();
    if (this.#slices > 0) {
      const stored = rest.byteLength === 0 || (await putSlice(this.#bodyId, this.#slices, rest));
      return stored && !this.#failed ? { form: "sliced", length: this.#length } : undefined;
    }
    if (rest.byteLength <= INLINE_BODY_BYTES) return { form: "inline", length: this.#length, bytes: rest };
    // Held in memory as well, so that the body serves here even where the location keeps nothing.
    const held = isHeldInMemory(rest.byteLength);
    const stored = await putEntry("body", this.#bodyId, rest, rest.byteLength);
    return stored || held ? { form: "whole", length: this.#length, ...(held && { bytes: rest }) } : undefined;
  }

  async abort(): Promise<void> {
    this.#failed = true;
    this.#chunks = [];
    await this.#writer?.abort(new Error("The body is not complete.")).catch(() => undefined);
    await this.#stored;
  }

  async #fail(): Promise<void> {
    await this.abort();
  }

  async #beginWhole(): Promise<void> {
    const length = this.#expected!;
    const { readable, writable } = new FixedLengthStream(length);
    this.#stored = putEntry("body", this.#bodyId, readable, length);
    this.#writer = writable.getWriter();
    // What `write` throws is handled there; `closed` rejects as well.
    this.#writer.closed.catch(() => undefined);
    await this.#forward(this.#takeCollected());
  }

  async #forward(chunk: Uint8Array): Promise<void> {
    try {
      await this.#writer!.write(chunk);
    } catch {
      this.#failed = true;
    }
  }

  async #putSlices(): Promise<void> {
    const collected = this.#takeCollected();
    let position = 0;
    for (; position + SLICE_BYTES <= collected.byteLength && !this.#failed; position += SLICE_BYTES) {
      const slice = collected.slice(position, position + SLICE_BYTES);
      if (!(await putSlice(this.#bodyId, this.#slices++, slice))) this.#failed = true;
    }
    this.#chunks = [collected.subarray(position)];
    this.#collected = collected.byteLength - position;
  }

  #takeCollected(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#collected);
    let position = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, position);
      position += chunk.byteLength;
    }
    this.#chunks = [];
    this.#collected = 0;
    return bytes;
  }
}

export function putSlice(bodyId: string, number: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  return putEntry("slice", `${bodyId}/${number}`, bytes, bytes.byteLength);
}
