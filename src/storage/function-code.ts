/** The zip that was uploaded, as GetFunction hands it out. */
const ZIP = "zip";
const DELETE_BATCH = 1_000;

/**
 * Deployment packages of functions in R2, below `f/<account>/<UUID>/`: the zip, and forms of it that are
 * ready to load, by a name of the caller's. Objects never change once written.
 */
export class FunctionCodeStore {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async putZip(codeId: string, zip: Uint8Array): Promise<void> {
    await this.#bucket.put(keyOf(codeId, ZIP), zip);
  }

  /** The zip and its length in bytes; undefined when it was deleted. */
  async openZip(codeId: string): Promise<{ body: ReadableStream<Uint8Array>; size: number } | undefined> {
    const found = await this.#bucket.get(keyOf(codeId, ZIP));
    return found ? { body: found.body, size: found.size } : undefined;
  }

  async putForm(codeId: string, form: string, bytes: Uint8Array): Promise<void> {
    await this.#bucket.put(keyOf(codeId, form), bytes);
  }

  async readForm(codeId: string, form: string): Promise<ArrayBuffer | undefined> {
    const found = await this.#bucket.get(keyOf(codeId, form));
    return found ? found.arrayBuffer() : undefined;
  }

  /** Copies a package, the zip and one form, under another id; false when one of them is not there. */
  async copy(from: string, to: string, form: string): Promise<boolean> {
    const copied = await Promise.all([ZIP, form].map((name) => this.#copyObject(keyOf(from, name), keyOf(to, name))));
    return copied.every(Boolean);
  }

  async #copyObject(from: string, to: string): Promise<boolean> {
    const found = await this.#bucket.get(from);
    if (!found) return false;
    await this.#bucket.put(to, found.body.pipeThrough(new FixedLengthStream(found.size)));
    return true;
  }

  /** Removes a package in all its forms; what is gone already does no harm. */
  async remove(codeId: string): Promise<void> {
    for (;;) {
      const { objects, truncated } = await this.#bucket.list({ prefix: keyOf(codeId, ""), limit: DELETE_BATCH });
      if (objects.length > 0) await this.#bucket.delete(objects.map(({ key }) => key));
      if (!truncated) return;
    }
  }
}

function keyOf(codeId: string, form: string): string {
  return `f/${codeId}/${form}`;
}
