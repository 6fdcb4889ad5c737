import * as z from "zod/mini";
import type { IndexStatistics } from "../metadata/bucket/upkeep.ts";
import { indexStub } from "../metadata/bucket/shards.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { BucketEntry, RebuildProgress, RebuildRecord } from "../metadata/registry/protocol.ts";
import { parameter, type VergeCall, type VergeResult } from "./call.ts";
import { apiError } from "./errors.ts";
import { readInput } from "./input.ts";

const RebuildInput = z.strictObject({ shard: z.optional(z.int().check(z.minimum(0))) });

/** GET /buckets/{name} → `{bucket, indexes: [Statistics]}`; `null` for an index object that is not there. */
export async function getBucket(call: VergeCall): Promise<VergeResult> {
  const bucket = await findBucket(call);
  const statistics = await Promise.all(
    listShards(bucket).map((shard): Promise<IndexStatistics | undefined> =>
      indexStub(call.env, bucket.bucketId, shard).readStatistics(),
    ),
  );
  const indexes = statistics.map((found, shard) => (found ? { shard, ...found } : { shard, status: "lost" }));
  return { status: 200, body: { bucket: { ...bucket, createdAt: toIso(bucket.createdAt) }, indexes } };
}

/** POST /buckets/{name}/sweep → 202: looks for blobs that nothing references now, and not when the day is over. */
export async function sweepBucket(call: VergeCall): Promise<VergeResult> {
  const { bucketId, shards } = await findBucket(call);
  await call.env.BACKGROUND.send({ kind: "sweep-orphans", bucketId, shards, shard: 0, deleted: false });
  return { status: 202, body: {} };
}

/**
 * POST /buckets/{name}/rebuild `{shard?}` → 202 `{rebuilds: [Rebuild]}`: restores the index objects that were
 * lost; one that works is left alone. One that is being rebuilt already goes on.
 */
export async function rebuildBucket(call: VergeCall): Promise<VergeResult> {
  const { shard: only } = await readInput(call.payload, RebuildInput);
  const bucket = await findBucket(call);
  const wanted = only === undefined ? listShards(bucket) : [only];
  if (only !== undefined && only >= bucket.shards) {
    throw apiError("ValidationError", `shard: the bucket has ${bucket.shards} index objects, counted from 0`);
  }
  for (const shard of wanted) await beginRebuild(call, bucket, shard);
  return { status: 202, body: await describeRebuilds(call, bucket) };
}

/** GET /buckets/{name}/rebuild → `{rebuilds: [Rebuild]}`: the latest of each index object. */
export async function getRebuild(call: VergeCall): Promise<VergeResult> {
  return { status: 200, body: await describeRebuilds(call, await findBucket(call)) };
}

async function beginRebuild(call: VergeCall, { name, bucketId }: BucketEntry, shard: number): Promise<void> {
  const progress: RebuildProgress = {
    bucketName: name,
    state: "waiting",
    startedAt: Date.now(),
    segments: 0,
    lines: 0,
    blobsFound: 0,
    blobsCommitted: 0,
  };
  const begun = await askRegistry(call.env, (registry) => registry.beginRebuild(bucketId, shard, progress));
  if (begun) await call.env.BACKGROUND.send({ kind: "rebuild-index", bucketId, shard, step: 0 });
}

async function describeRebuilds(call: VergeCall, { bucketId }: BucketEntry): Promise<object> {
  const records = await askRegistry(call.env, (registry) => registry.listRebuilds(bucketId));
  return { rebuilds: records.map(describeRebuild) };
}

function describeRebuild({ shard, progress }: RebuildRecord): object {
  const { state, startedAt, finishedAt, exportedAt, segments, lines, blobsFound, blobsCommitted, complaint } = progress;
  return {
    shard,
    state,
    startedAt: toIso(startedAt),
    ...(finishedAt !== undefined && { finishedAt: toIso(finishedAt) }),
    ...(exportedAt !== undefined && { exportedAt: toIso(exportedAt) }),
    segments,
    lines,
    blobsFound,
    blobsCommitted,
    ...(complaint !== undefined && { complaint }),
  };
}

async function findBucket(call: VergeCall): Promise<BucketEntry> {
  const name = parameter(call, "name");
  const bucket = await askRegistry(call.env, (registry) => registry.findBucket(name));
  if (bucket?.state === "active") return bucket;
  throw apiError("NoSuchEntity", `The bucket ${name} cannot be found.`);
}

function listShards({ shards }: BucketEntry): number[] {
  return Array.from({ length: shards }, (_, shard) => shard);
}

function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
