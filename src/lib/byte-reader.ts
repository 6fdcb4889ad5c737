/** With the standard's `min` (Streams, section 4.5), which workerd and Node have and workerd's types lack. */
interface ByobReader {
  read(view: Uint8Array, options: { readonly min: number }): Promise<{ readonly value?: Uint8Array | undefined }>;
  cancel(reason: unknown): Promise<void>;
}

/**
 * Reads a stream of bytes in large pieces. Byte streams (bodies of requests and of R2) fill a buffer of
 * the caller's size before they come back to JavaScript, which nearly doubles the throughput of an upload
 * against taking its chunks of a few kilobytes one by one; other streams hand out their chunks as they are.
 */
export class ByteReader {
  readonly #byob: ByobReader | undefined;
  readonly #plain: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #rest: Uint8Array | undefined;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#byob = openByobReader(stream);
    if (!this.#byob) this.#plain = stream.getReader();
  }

  /** The next bytes, about `size` of them, in a buffer that is the caller's own; undefined at the end. */
  async read(size: number): Promise<Uint8Array | undefined> {
    if (this.#rest) return this.#takeRest();
    if (!this.#byob) return (await this.#plain!.read()).value;
    const { value } = await this.#byob.read(new Uint8Array(size), { min: size });
    return value?.byteLength ? value : undefined;
  }

  /** Exactly `size` bytes, less only at the end, where it may be none. */
  async readBlock(size: number): Promise<Uint8Array> {
    const first = await this.read(size);
    if (!first || first.byteLength === size) return first ?? new Uint8Array(0);
    const block = new Uint8Array(size);
    let filled = this.#place(first, block, 0);
    while (filled < size) {
      const next = await this.read(size - filled);
      if (!next) return block.subarray(0, filled);
      filled += this.#place(next, block, filled);
    }
    return block;
  }

  /** Tells the source that nobody reads on. Never fails. */
  async cancel(reason: unknown): Promise<void> {
    await (this.#byob ?? this.#plain!).cancel(reason).catch(() => undefined);
  }

  /** Copies what fits and keeps what does not. */
  #place(bytes: Uint8Array, block: Uint8Array, offset: number): number {
    const fitting = Math.min(bytes.byteLength, block.byteLength - offset);
    block.set(bytes.subarray(0, fitting), offset);
    if (fitting < bytes.byteLength) this.#rest = bytes.subarray(fitting);
    return fitting;
  }

  #takeRest(): Uint8Array | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest;
  }
}

function openByobReader(stream: ReadableStream<Uint8Array>): ByobReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    // Not a byte stream.
    return undefined;
  }
}
