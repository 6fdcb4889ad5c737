import { createHash } from "node:crypto";
import type { Env } from "../env.ts";
import type { BucketConfig, IndexAddress } from "../metadata/bucket/protocol.ts";
import type { SegmentHeader } from "../metadata/bucket/segments.ts";
import type { NewerBlob } from "../metadata/bucket/upkeep.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { RebuildProgress } from "../metadata/registry/protocol.ts";
import { BlobStore, type ListedBlob } from "../storage/blob-store.ts";
import { listSegments, readSegment, type SegmentName } from "../storage/journal-segments.ts";
import { indexUpkeep } from "./index-upkeep.ts";

/** A step stops at the next segment after this long: it must end well within its lease. */
const STEP_MS = 20_000;
/** Lines handed to the index at once; its transaction and the call hold them in memory. */
const BATCH_CHARACTERS = 1_000_000;
/**
 * A revision that was given out after the last export may be in the memory of a Worker, with what it stood
 * for. The restored configuration goes on so far above that no such pair is met again.
 */
const REVISION_GAP = 1000;

/** Opens the index object for restored rows; it answers no request from here on. */
export async function openIndex(env: Env, address: IndexAddress, progress: RebuildProgress): Promise<RebuildProgress> {
  const { bucketId, shard } = address;
  const last = (await listSegments(env.BLOBS, address)).at(-1);
  const header = last && (await readHeader(env, address, last));
  const config = await findConfig(env, address, progress.bucketName, header);
  if (!(await indexUpkeep(env, bucketId, shard).beginRestore(config, shard)))
    return { ...progress, state: "in-service" };
  return { ...progress, state: "journal", ...(header && { exportedAt: header.exportedAt }) };
}

/** Applies segments, oldest first, until the time is over. Applying one again does no harm while the order is kept. */
export async function restoreJournal(
  env: Env,
  address: IndexAddress,
  progress: RebuildProgress,
): Promise<RebuildProgress> {
  const deadline = Date.now() + STEP_MS;
  const segments = await listSegments(env.BLOBS, address);
  const rest = segments.filter((segment) => isAfter(segment, progress.segment));
  let { lines, segment } = progress;
  let done = 0;
  for (const next of rest) {
    if (Date.now() > deadline) break;
    lines += await restoreSegment(env, address, next);
    segment = next;
    done += 1;
  }
  return {
    ...progress,
    state: done < rest.length ? "journal" : "blobs",
    segments: progress.segments + done,
    lines,
    ...(segment && { segment }),
  };
}

/**
 * Adds a page of the blobs minted after the last export, oldest first; after the last page the index serves.
 * Older blobs that nothing references are left to the sweep: a deleted object's are among them.
 */
export async function restoreNewerBlobs(
  env: Env,
  address: IndexAddress,
  progress: RebuildProgress,
): Promise<RebuildProgress> {
  const { bucketId, shard } = address;
  const index = indexUpkeep(env, bucketId, shard);
  const store = new BlobStore(env.BLOBS);
  const from = progress.exportedAt ?? 0;
  const page = await store.list(bucketId, shard, { from, cursor: progress.blobCursor });
  const blobs: NewerBlob[] = [];
  for (const blob of page.blobs) {
    const newer = await describeBlob(store, blob);
    if (newer) blobs.push(newer);
  }
  const committed = blobs.length === 0 ? 0 : await index.restoreBlobs(blobs);
  const { blobCursor: _, ...rest } = progress;
  const counted = {
    ...rest,
    blobsFound: progress.blobsFound + page.blobs.length,
    blobsCommitted: progress.blobsCommitted + committed,
  };
  if (page.cursor !== undefined) return { ...counted, blobCursor: page.cursor };
  await index.finishRestore();
  return { ...counted, state: "done" };
}

/** Streams a segment into the index, a batch at a time. Answers how many lines it had, the header left out. */
async function restoreSegment(env: Env, address: IndexAddress, segment: SegmentName): Promise<number> {
  const index = indexUpkeep(env, address.bucketId, address.shard);
  let batch: string[] = [];
  let characters = 0;
  let lines = 0;
  for await (const line of readSegment(env.BLOBS, address, segment)) {
    batch.push(line);
    lines += 1;
    characters += line.length;
    if (characters < BATCH_CHARACTERS) continue;
    await index.restoreLines(batch);
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) await index.restoreLines(batch);
  return Math.max(0, lines - 1);
}

async function readHeader(env: Env, address: IndexAddress, segment: SegmentName): Promise<SegmentHeader> {
  for await (const line of readSegment(env.BLOBS, address, segment)) return JSON.parse(line) as SegmentHeader;
  throw new Error(`segment ${segment.first}-${segment.last} is empty`);
}

/**
 * The newest configuration that is known. A change reaches the first index object before the others and is
 * answered when all have it (consistency rule 17): what the others have is what holds, when the first is lost.
 */
async function findConfig(
  env: Env,
  address: IndexAddress,
  name: string,
  header: SegmentHeader | undefined,
): Promise<BucketConfig> {
  const { bucketId, shard } = address;
  if (shard > 0) {
    const first = await indexUpkeep(env, bucketId, 0).readConfig();
    if (!first) throw new Error("the first index object of the bucket is not there either: rebuild it as well");
    return first;
  }
  const entry = await askRegistry(env, (registry) => registry.findBucket(name));
  if (entry?.bucketId !== bucketId) throw new Error(`the bucket ${name} is not there any more`);
  const { accountId, region, createdAt, shards } = entry;
  const others = Array.from({ length: shards - 1 }, (_, position) =>
    indexUpkeep(env, bucketId, position + 1).readConfig(),
  );
  const known = [header?.config, ...(await Promise.all(others))].filter((config) => config !== undefined);
  const initial: BucketConfig = { bucketId, revision: 1, name, accountId, region, createdAt, shards };
  const newest = known.reduce((best, config) => (config.revision > best.revision ? config : best), initial);
  return { ...newest, revision: newest.revision + REVISION_GAP };
}

/** In the terms of the index; undefined for a blob that does not say whose it is, and for a pack: the journal says it. */
async function describeBlob(store: BlobStore, blob: ListedBlob): Promise<NewerBlob | undefined> {
  if (!blob.origin || blob.origin.pack) return undefined;
  // What was encrypted with a key from outside R2 has no MD5 there, and S3 promises none: any ETag will do.
  const readable = !blob.origin.encrypted && !blob.origin.attributes?.encryption;
  const etag = blob.md5 ?? (readable ? await store.computeMd5(blob) : createHash("md5").update(blob.id).digest("hex"));
  return { ...blob.origin, id: blob.id, size: blob.size, etag };
}

function isAfter(segment: SegmentName, restored: SegmentName | undefined): boolean {
  if (!restored) return true;
  return segment.first > restored.first || (segment.first === restored.first && segment.last > restored.last);
}
