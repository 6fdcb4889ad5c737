/** Log segments that an index has put together, below `l/<index object>/<group>/`. Objects never change once written. */
export class LogPackStore {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async put(key: string, text: string): Promise<void> {
    await this.#bucket.put(keyOf(key), text, { httpMetadata: { contentType: "application/x-ndjson" } });
  }

  /** Undefined when it has expired. */
  async read(key: string): Promise<string | undefined> {
    return (await this.#bucket.get(keyOf(key)))?.text();
  }

  /** At most 1,000; what is gone already does no harm. */
  async remove(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#bucket.delete(keys.map(keyOf));
  }
}

function keyOf(key: string): string {
  return `l/${key}`;
}
