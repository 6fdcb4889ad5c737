import type { BucketConfig } from "./protocol.ts";

/** Characters: of all documents, and of each entry beside them. An isolate has 128 MB for everything. */
const LIMIT = 10_000_000;
const ENTRY = 1000;

/**
 * The bucket configurations that an isolate has seen. They may be old: every index call carries the
 * revision, and the index says when there is a newer one.
 */
export class ConfigurationCache {
  readonly #entries = new Map<string, { readonly config: BucketConfig; readonly weight: number }>();
  #weight = 0;

  find(bucketId: string): BucketConfig | undefined {
    return this.#entries.get(bucketId)?.config;
  }

  remember(config: BucketConfig): void {
    this.#forget(config.bucketId);
    const weight = ENTRY + (config.documents ? JSON.stringify(config.documents).length : 0);
    this.#entries.set(config.bucketId, { config, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= LIMIT) return;
      this.#forget(oldest);
    }
  }

  #forget(bucketId: string): void {
    this.#weight -= this.#entries.get(bucketId)?.weight ?? 0;
    this.#entries.delete(bucketId);
  }
}
