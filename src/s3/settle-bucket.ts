import type { Env } from "../env.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { BucketEntry } from "../metadata/registry/protocol.ts";
import { settleDeletion } from "./bucket-indexes.ts";

/**
 * Brings a bucket out of the state `deleting`, in which a crash left it: the name is freed if its index had
 * decided the deletion, otherwise the bucket is there again. May be repeated.
 */
export async function settleDeletingBucket(
  env: Pick<Env, "REGISTRY" | "BUCKET_INDEX">,
  bucket: Pick<BucketEntry, "name" | "bucketId" | "shards">,
): Promise<"open" | "deleted"> {
  const { name, bucketId } = bucket;
  const decision = await settleDeletion(env, bucket);
  await askRegistry(env, (registry) =>
    decision === "deleted" ? registry.removeBucket(name, bucketId) : registry.unmarkBucketDeleting(name, bucketId),
  );
  return decision;
}
