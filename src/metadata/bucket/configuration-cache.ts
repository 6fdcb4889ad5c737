import type { BucketConfig } from "./protocol.ts";

const LIMIT = 10_000;

/**
 * The bucket configurations that an isolate has seen. They may be old: every index call carries the
 * revision, and the index says when there is a newer one.
 */
export class ConfigurationCache {
  readonly #configs = new Map<string, BucketConfig>();

  find(bucketId: string): BucketConfig | undefined {
    return this.#configs.get(bucketId);
  }

  remember(config: BucketConfig): void {
    this.#configs.delete(config.bucketId);
    this.#configs.set(config.bucketId, config);
    if (this.#configs.size <= LIMIT) return;
    const [oldest] = this.#configs.keys();
    this.#configs.delete(oldest!);
  }
}
