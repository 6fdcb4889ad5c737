import type { Env } from "../env.ts";
import { endUnfinished } from "../s3/bucket-indexes.ts";
import { settleDeletingBucket } from "../s3/settle-bucket.ts";
import type { SettleBucketMessage } from "./messages.ts";

/**
 * Settles a bucket that a crash left between two states. Of a creation that was not finished the name is
 * free already, so that a CreateBucket that comes late finds it gone; here its index objects end.
 */
export async function settleBucket({ name, bucketId, shards, state }: SettleBucketMessage, env: Env): Promise<void> {
  if (state === "creating") return endUnfinished(env, { bucketId, shards });
  await settleDeletingBucket(env, { name, bucketId, shards });
}
