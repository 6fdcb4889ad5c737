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
  return env.BUCKET_INDEX.get(indexId(env.BUCKET_INDEX, indexName(bucketId, shard)));
}

/** Ids of a namespace by name: to make one the platform computes two hashes. Ids are values, and outlive requests. */
const ids = new WeakMap<object, Map<string, DurableObjectId>>();
const MAX_IDS = 10_000;

function indexId(namespace: Env["BUCKET_INDEX"], name: string): DurableObjectId {
  const known = ids.get(namespace) ?? new Map<string, DurableObjectId>();
  ids.set(namespace, known);
  const found = known.get(name);
  if (found) return found;
  const id = namespace.idFromName(name);
  if (known.size >= MAX_IDS) known.clear();
  known.set(name, id);
  return id;
}
