import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { runSchedule } from "../../../src/jobs/schedule.ts";
import { registryOf } from "../../../src/metadata/registry/client.ts";
import type { BucketEntry } from "../../../src/metadata/registry/protocol.ts";
import { bindings, createIndex, expectOutcome, type Fixture, useIndex } from "../bucket/index-fixture.ts";
import { createTestAccount } from "../registry/support.ts";
import { drain, recordQueue } from "./job-fixture.ts";

// What CreateBucket and DeleteBucket leave behind when they die between two steps.

afterEach(() => reset());

const CRON = {} as ScheduledController;

async function reserve(): Promise<BucketEntry> {
  const { id: accountId } = await createTestAccount();
  const reserved = await registryOf(bindings).reserveBucket({
    name: "photos",
    accountId,
    region: "us-east-1",
    shards: 2,
  });
  if (reserved.outcome !== "created") throw new Error(reserved.outcome);
  return reserved.bucket;
}

async function makeBucket(): Promise<{ bucket: BucketEntry; indexes: Fixture[] }> {
  const bucket = await reserve();
  const indexes = [await createIndex(2, 0, bucket.bucketId), await createIndex(2, 1, bucket.bucketId)];
  await registryOf(bindings).activateBucket(bucket.name, bucket.bucketId);
  return { bucket, indexes };
}

/** As if the states had changed so long ago. */
async function ageStates(seconds: number): Promise<void> {
  await runInDurableObject(bindings.REGISTRY.getByName("registry"), (_, { storage: { sql } }) => {
    sql.exec("UPDATE buckets SET changed_at = changed_at - ?", seconds * 1000);
  });
}

async function runMinute(): Promise<number> {
  const { env, sent } = recordQueue();
  await runSchedule(CRON, env);
  const count = sent.length;
  await drain(env, sent);
  return count;
}

const find = () => registryOf(bindings).findBucket("photos");

describe("a creation that was not finished", () => {
  it("is given a minute, then the name is free and its index objects have ended", async () => {
    const bucket = await reserve();
    const index = await createIndex(2, 0, bucket.bucketId);
    await ageStates(50);
    expect(await runMinute()).toBe(0);
    expect(await find()).toMatchObject({ state: "creating" });
    await ageStates(20);
    expect(await runMinute()).toBe(1);
    expect(await find()).toBeUndefined();
    expectOutcome(await index.put("a"), "gone");
    // Had it only been slow, it would learn now that it was too late.
    expect(await registryOf(bindings).activateBucket(bucket.name, bucket.bucketId)).toBe(false);
    expect(await index.stub.create(index.config, 0)).toBe(false);
  });

  it("never costs a bucket that was activated", async () => {
    const { indexes } = await makeBucket();
    await ageStates(3600);
    expect(await runMinute()).toBe(0);
    expect(await find()).toMatchObject({ state: "active" });
    expectOutcome(await indexes[0]!.put("a"), "ok");
  });
});

describe("a deletion that was announced", () => {
  it("is finished when the first index object had decided it", async () => {
    const { bucket, indexes } = await makeBucket();
    await registryOf(bindings).markBucketDeleting(bucket.name, bucket.bucketId);
    for (const { stub } of indexes) await stub.seal();
    await indexes[0]!.stub.commitDelete();
    await ageStates(70);
    expect(await runMinute()).toBe(1);
    expect(await find()).toBeUndefined();
    expectOutcome(await indexes[1]!.put("a"), "gone");
    expect(await useIndex(indexes[1]!.config, 1).stub.seal()).toBe("gone");
  });

  it("is taken back when it was not decided", async () => {
    const { bucket, indexes } = await makeBucket();
    await registryOf(bindings).markBucketDeleting(bucket.name, bucket.bucketId);
    for (const { stub } of indexes) await stub.seal();
    expect((await indexes[0]!.put("a")).outcome).not.toBe("ok");
    await ageStates(70);
    expect(await runMinute()).toBe(1);
    expect(await find()).toMatchObject({ state: "active", bucketId: bucket.bucketId });
    expectOutcome(await indexes[0]!.put("a"), "ok");
    expect(await runMinute()).toBe(0);
  });
});
