import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { blobKey } from "../../../src/lib/blob-id.ts";
import { registryOf } from "../../../src/metadata/registry/client.ts";
import { encodeOrigin } from "../../../src/storage/blob-origin.ts";
import { mintOldBlob } from "../bucket/blob-ages.ts";
import { bindings, createIndex, type Fixture, useIndex } from "../bucket/index-fixture.ts";
import { createTestAccount } from "../registry/support.ts";
import { runSchedule } from "../../../src/jobs/schedule.ts";
import { deliver, drain, recordQueue } from "./job-fixture.ts";

let logged: MockInstance;
beforeEach(() => {
  logged = vi.spyOn(console, "log").mockReturnValue();
});
afterEach(async () => {
  logged.mockRestore();
  await reset();
});

const DAY_MS = 24 * 3600_000;
const CRON = {} as ScheduledController;

/** A body in R2 that says whose it is, minted some days ago. */
async function leave({ config, shard }: Fixture, key: string, days: number): Promise<string> {
  const blob = mintOldBlob(config.bucketId, shard, days * 24);
  const customMetadata = encodeOrigin({ key, ownerId: "1", storageClass: "STANDARD" });
  await bindings.BLOBS.put(blobKey(blob), "x", { customMetadata });
  return blob;
}

async function listGarbage({ stub }: Fixture): Promise<string[]> {
  return runInDurableObject(stub, (_, { storage: { sql } }) =>
    sql
      .exec<{ id: string }>("SELECT id FROM garbage")
      .toArray()
      .map(({ id }) => id),
  );
}

const sweep = ({ config }: Fixture, deleted = false) =>
  ({ kind: "sweep-orphans", bucketId: config.bucketId, shards: config.shards, shard: 0, deleted }) as const;

describe("a sweep", () => {
  it("walks all index objects of the bucket, and finds orphans of each", async () => {
    const first = await createIndex(2);
    const second = await createIndex(2, 1, first.config.bucketId);
    const orphans = [await leave(first, "a", 8), await leave(second, "b", 9)];
    await leave(first, "young", 6);
    const { env, sent } = recordQueue();
    await deliver(env, [sweep(first)]);
    expect(sent).toEqual([{ ...sweep(first), shard: 1 }]);
    await drain(env, sent);
    expect([await listGarbage(first), await listGarbage(second)]).toEqual([[orphans[0]], [orphans[1]]]);
  });

  it("goes on in another message where the blobs are many, from where it was", async () => {
    const index = await createIndex();
    const wanted: string[] = [];
    for (const key of ["a", "b", "c", "d", "e"]) wanted.push(await leave(index, key, 8));
    const { env, sent } = recordQueue();
    // R2 answers in pages of 1,000; here one at a time, as after ten thousand.
    const list: R2Bucket["list"] = (options) => bindings.BLOBS.list({ ...options, limit: 1 });
    const paged = { ...env, BLOBS: { list } as R2Bucket };
    const half = {
      ...sweep(index),
      cursor: ((await list({ prefix: `b/${index.config.bucketId}/0/` })) as { cursor: string }).cursor,
    };
    await deliver(paged, [half]);
    expect((await listGarbage(index)).toSorted()).toEqual(wanted.slice(1).toSorted());
    await deliver(paged, [sweep(index)]);
    expect((await listGarbage(index)).toSorted()).toEqual(wanted.toSorted());
    expect(sent).toEqual([]);
  });

  it("takes nothing where the index is lost or being rebuilt", async () => {
    const index = await createIndex();
    const lost = useIndex({ ...index.config, bucketId: crypto.randomUUID() });
    await leave(lost, "a", 100);
    const { env } = recordQueue();
    await deliver(env, [sweep(lost)]);
    expect(await bindings.BLOBS.list({ prefix: `b/${lost.config.bucketId}` })).toMatchObject({
      objects: { length: 1 },
    });
    await lost.stub.beginRestore(lost.config, 0);
    await deliver(env, [sweep(lost)]);
    expect(await listGarbage(lost)).toEqual([]);
    expect(logged.mock.calls.join()).toContain('"lost":true');
  });

  it("leaves blobs that do not say whose they are", async () => {
    const index = await createIndex();
    const blob = mintOldBlob(index.config.bucketId, 0, 300 * 24);
    await bindings.BLOBS.put(blobKey(blob), "x");
    await deliver(recordQueue().env, [sweep(index)]);
    expect(await listGarbage(index)).toEqual([]);
  });
});

describe("the schedule", () => {
  async function makeBuckets(count: number): Promise<{ name: string; bucketId: string }[]> {
    const { id: accountId } = await createTestAccount();
    const registry = registryOf(bindings);
    const made = [];
    for (let number = 0; number < count; number++) {
      const name = `bucket-${number}`;
      const reserved = await registry.reserveBucket({ name, accountId, region: "us-east-1", shards: 2 });
      if (reserved.outcome !== "created") throw new Error(reserved.outcome);
      await registry.activateBucket(name, reserved.bucket.bucketId);
      made.push({ name, bucketId: reserved.bucket.bucketId });
    }
    return made;
  }

  it("hands out every bucket once a day, a few each minute", async () => {
    const buckets = await makeBuckets(25);
    const registry = registryOf(bindings);
    expect(await registry.takeSweeps(10)).toEqual([]);
    await ageSweeps(2 * DAY_MS);
    const taken = [await registry.takeSweeps(10), await registry.takeSweeps(10), await registry.takeSweeps(10)];
    expect(taken.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(new Set(taken.flat().map(({ bucketId }) => bucketId))).toEqual(
      new Set(buckets.map(({ bucketId }) => bucketId)),
    );
    expect(await registry.takeSweeps(10)).toEqual([]);
  });

  it("sends a message for what is due, and none for what is not", async () => {
    const [bucket] = await makeBuckets(1);
    const { env, sent } = recordQueue();
    await runSchedule(CRON, env);
    expect(sent).toEqual([]);
    await ageSweeps(DAY_MS);
    await runSchedule(CRON, env);
    expect(sent).toEqual([{ kind: "sweep-orphans", bucketId: bucket?.bucketId, shards: 2, shard: 0, deleted: false }]);
  });

  it("comes back to a deleted bucket when its last blobs are old enough, once", async () => {
    const [bucket] = await makeBuckets(1);
    const registry = registryOf(bindings);
    const { bucketId = "", name = "" } = bucket ?? {};
    const index = await createIndex(2, 0, bucketId);
    await createIndex(2, 1, bucketId);
    for (const shard of [0, 1]) {
      const { stub } = useIndex(index.config, shard);
      await stub.seal();
      await stub.commitDelete();
    }
    await registry.removeBucket(name, bucketId);
    await ageSweeps(7 * DAY_MS);
    expect(await registry.takeSweeps(10)).toEqual([]);
    await ageSweeps(DAY_MS);
    const orphan = await leave(index, "never-committed", 8);
    const { env, sent } = recordQueue();
    await runSchedule(CRON, env);
    expect(sent).toMatchObject([{ bucketId, deleted: true }]);
    await drain(env, sent);
    expect(await listGarbage(index)).toEqual([orphan]);
    await ageSweeps(2 * DAY_MS);
    expect(await registry.takeSweeps(10)).toEqual([]);
  });
});

/** As if so much time had passed since the last sweeps. */
async function ageSweeps(milliseconds: number): Promise<void> {
  const stub = bindings.REGISTRY.getByName("registry");
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    sql.exec("UPDATE buckets SET swept_at = swept_at - ?", milliseconds);
    sql.exec("UPDATE deleted_buckets SET swept_at = swept_at - ?", milliseconds);
  });
}
