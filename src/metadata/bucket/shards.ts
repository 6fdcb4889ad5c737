import { crc32 } from "node:zlib";
import type { Env } from "../../env.ts";
import type { BucketIndex } from "./bucket-index.ts";
import type { BucketConfig } from "./protocol.ts";

/** Keys hash to slots, slots map to index objects: slots can move later without changing a key or a token. */
const SLOTS = 1024;

/** The index object that holds `key`: slots are dealt out evenly, in contiguous runs. */
export function indexShard(config: Pick<BucketConfig, "shards">, key: string): number {
  if (config.shards === 1) return 0;
  // zlib hashes a string as its UTF-8 bytes.
  const slot = crc32(key) % SLOTS;
  return Math.floor((slot * config.shards) / SLOTS);
}

/** The name of an index object. The bucket id is random, so a name is never met again. */
export function indexName(bucketId: string, shard: number): string {
  return `${bucketId}/${shard}`;
}

/**
 * The index object of a shard. Never call it for a bucket that is not being created or does not exist
 * yet: the platform fixes an object's location at the first call.
 */
export function indexStub(
  env: Pick<Env, "BUCKET_INDEX">,
  bucketId: string,
  shard: number,
): DurableObjectStub<BucketIndex> {
  return env.BUCKET_INDEX.get(env.BUCKET_INDEX.idFromName(indexName(bucketId, shard)));
}
