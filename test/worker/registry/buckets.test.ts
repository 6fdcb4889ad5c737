import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { registryOf } from "../../../src/metadata/registry/client.ts";
import type { BucketEntry } from "../../../src/metadata/registry/protocol.ts";
import { createTestAccount } from "./support.ts";

afterEach(() => reset());

async function createBucket(name: string, accountId: string, region = "us-east-1"): Promise<BucketEntry> {
  const registry = registryOf(env);
  const reserved = await registry.reserveBucket({ name, accountId, region, shards: 1 });
  if (reserved.outcome !== "created") throw new Error(reserved.outcome);
  await registry.activateBucket(name, reserved.bucket.bucketId);
  return { ...reserved.bucket, state: "active" };
}

describe("reserveBucket", () => {
  it("takes a name that is found once it is active, under an id of 128 random bits", async () => {
    const { id } = await createTestAccount();
    const bucket = await createBucket("photos", id);
    expect(bucket.bucketId).toMatch(/^[0-9a-f]{32}$/);
    expect(await registryOf(env).findBucket("photos")).toMatchObject({
      name: "photos",
      accountId: id,
      state: "active",
      shards: 1,
    });
  });

  it("tells the owner and strangers apart", async () => {
    const [owner, stranger] = [await createTestAccount(), await createTestAccount()];
    await createBucket("photos", owner.id);
    const registry = registryOf(env);
    const reserve = (accountId: string) =>
      registry.reserveBucket({ name: "photos", accountId, region: "us-east-1", shards: 1 });
    expect((await reserve(owner.id)).outcome).toBe("exists-owned");
    expect((await reserve(stranger.id)).outcome).toBe("exists-other");
  });

  it("resumes a reservation under its id, and replaces it when the shards differ", async () => {
    const { id } = await createTestAccount();
    const registry = registryOf(env);
    const reserve = (shards: number) =>
      registry.reserveBucket({ name: "photos", accountId: id, region: "us-east-1", shards });
    const first = await reserve(1);
    const second = await reserve(1);
    const third = await reserve(4);
    if (first.outcome !== "created" || second.outcome !== "created" || third.outcome !== "created")
      throw new Error("not created");
    expect(second.bucket.bucketId).toBe(first.bucket.bucketId);
    expect(third.bucket.bucketId).not.toBe(first.bucket.bucketId);
    expect(await registry.activateBucket("photos", first.bucket.bucketId)).toBe(false);
    expect(await registry.activateBucket("photos", third.bucket.bucketId)).toBe(true);
    expect(await registry.activateBucket("photos", third.bucket.bucketId)).toBe(true);
  });

  it("gives a bucket that is created again another id", async () => {
    const { id } = await createTestAccount();
    const registry = registryOf(env);
    const first = await createBucket("photos", id);
    expect(await registry.markBucketDeleting("photos", first.bucketId)).toBe(true);
    expect(
      (await registry.reserveBucket({ name: "photos", accountId: id, region: "us-east-1", shards: 1 })).outcome,
    ).toBe("deleting");
    expect(await registry.removeBucket("photos", first.bucketId)).toBe(true);
    const second = await createBucket("photos", id);
    expect(second.bucketId).not.toBe(first.bucketId);
    // A late call for the former bucket does not touch its successor.
    expect(await registry.markBucketDeleting("photos", first.bucketId)).toBe(false);
    expect(await registry.removeBucket("photos", first.bucketId)).toBe(false);
    expect((await registry.findBucket("photos"))?.state).toBe("active");
  });

  it("takes a deletion back", async () => {
    const { id } = await createTestAccount();
    const registry = registryOf(env);
    const bucket = await createBucket("photos", id);
    await registry.markBucketDeleting("photos", bucket.bucketId);
    expect(await registry.unmarkBucketDeleting("photos", bucket.bucketId)).toBe(true);
    expect((await registry.findBucket("photos"))?.state).toBe("active");
  });

  it("refuses an account that does not exist", async () => {
    const reserved = await registryOf(env).reserveBucket({
      name: "photos",
      accountId: "000000000000",
      region: "us-east-1",
      shards: 1,
    });
    expect(reserved.outcome).toBe("no-such-account");
  });
});

describe("listBuckets", () => {
  it("pages through an account's buckets in name order, without reservations and others' buckets", async () => {
    const [owner, stranger] = [await createTestAccount(), await createTestAccount()];
    const registry = registryOf(env);
    for (const name of ["b-2", "a-1", "b-10", "c-3"]) await createBucket(name, owner.id);
    await createBucket("b-other", stranger.id);
    await registry.reserveBucket({ name: "b-reserved", accountId: owner.id, region: "us-east-1", shards: 1 });

    const first = await registry.listBuckets({ accountId: owner.id, limit: 3 });
    expect(first.items.map((bucket) => bucket.name)).toEqual(["a-1", "b-10", "b-2"]);
    expect(first.next).toBe("b-2");
    const second = await registry.listBuckets({ accountId: owner.id, limit: 3, after: first.next! });
    expect(second.items.map((bucket) => bucket.name)).toEqual(["c-3"]);
    expect(second.next).toBeUndefined();
  });

  it("filters by prefix and region", async () => {
    const { id } = await createTestAccount();
    const registry = registryOf(env);
    await createBucket("logs-a", id, "us-east-1");
    await createBucket("logs-b", id, "eu-west-1");
    await createBucket("photos", id, "us-east-1");
    const names = async (filter: { prefix?: string; region?: string }) =>
      (await registry.listBuckets({ accountId: id, limit: 10, ...filter })).items.map((bucket) => bucket.name);
    expect(await names({ prefix: "logs-" })).toEqual(["logs-a", "logs-b"]);
    expect(await names({ region: "us-east-1" })).toEqual(["logs-a", "photos"]);
    expect(await names({ prefix: "logs-", region: "eu-west-1" })).toEqual(["logs-b"]);
    expect(await names({ prefix: "%" })).toEqual([]);
    expect(await names({ prefix: "é\u0000" })).toEqual([]);
  });
});
