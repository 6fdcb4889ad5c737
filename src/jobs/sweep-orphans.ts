import type { Env } from "../env.ts";
import type { SweptBlob } from "../metadata/bucket/upkeep.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import { BlobStore, type ListedBlob } from "../storage/blob-store.ts";
import { indexUpkeep } from "./index-upkeep.ts";
import type { SweepOrphansMessage } from "./messages.ts";

/** Each is one list of R2 and one call of the index. */
const PAGES_A_MESSAGE = 10;

/**
 * Shows an index object its blobs, page by page; those that nothing references become garbage there, and
 * leave R2 when the recovery window is over. The index ignores blobs younger than 7 days (consistency rule 5).
 */
export async function sweepOrphans(message: SweepOrphansMessage, env: Env): Promise<void> {
  const { bucketId, shard } = message;
  const store = new BlobStore(env.BLOBS);
  let { cursor } = message;
  let orphans = 0;
  for (let pages = 0; pages < PAGES_A_MESSAGE; pages++) {
    const page = await store.list(bucketId, shard, { cursor });
    cursor = page.cursor;
    const found = await sweepPage(env, message, page.blobs);
    if (found === "unknown") {
      report(message, { lost: true });
      cursor = undefined;
      break;
    }
    orphans += found;
    if (cursor === undefined) break;
  }
  if (orphans > 0) report(message, { orphans });
  await goOn(message, cursor, env);
}

async function sweepPage(
  env: Env,
  { bucketId, shard }: SweepOrphansMessage,
  blobs: readonly ListedBlob[],
): Promise<number | "unknown"> {
  const known = blobs.flatMap(toSwept);
  if (known.length === 0) return 0;
  const answer = await indexUpkeep(env, bucketId, shard).sweepBlobs(known);
  return answer.outcome === "ok" ? answer.orphans.length : "unknown";
}

/** A blob that does not say whose it is cannot be asked for, and is kept. */
function toSwept({ id, origin }: ListedBlob): SweptBlob[] {
  if (!origin) return [];
  const { key, uploadId, partNumber } = origin;
  return [{ id, key, ...(uploadId !== undefined && { uploadId }), ...(partNumber !== undefined && { partNumber }) }];
}

async function goOn(message: SweepOrphansMessage, cursor: string | undefined, env: Env): Promise<void> {
  const { cursor: _, ...same } = message;
  if (cursor !== undefined) {
    await env.BACKGROUND.send({ ...same, cursor });
  } else if (message.shard + 1 < message.shards) {
    await env.BACKGROUND.send({ ...same, shard: message.shard + 1 });
  } else if (message.deleted) {
    await askRegistry(env, (registry) => registry.forgetDeletedBucket(message.bucketId));
  }
}

function report({ kind, bucketId, shard }: SweepOrphansMessage, finding: { orphans: number } | { lost: true }): void {
  console.log(JSON.stringify({ job: kind, bucketId, shard, ...finding }));
}
