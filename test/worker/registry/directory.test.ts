import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { registryOf } from "../../../src/metadata/registry/client.ts";
import { Directory } from "../../../src/metadata/registry/directory.ts";
import { countingEnv, createTestAccount, testEnv } from "./support.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

async function createBucket(name: string): Promise<string> {
  const { id } = await createTestAccount();
  const registry = registryOf(testEnv());
  const reserved = await registry.reserveBucket({ name, accountId: id, region: "us-east-1", shards: 1 });
  if (reserved.outcome !== "created") throw new Error(reserved.outcome);
  await registry.activateBucket(name, reserved.bucket.bucketId);
  return reserved.bucket.bucketId;
}

describe("knowsBucket", () => {
  it("leaves it to findBucket to ask again before the entry ends", async () => {
    await createBucket("photos");
    const env = countingEnv(testEnv());
    const directory = new Directory(env);
    const start = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(start);
    expect(directory.knowsBucket("photos")).toBe(false);
    await directory.findBucket("photos");
    clock.mockReturnValue(start + 4_500);
    expect(directory.knowsBucket("photos")).toBe(true);
    await directory.findBucket("photos");
    expect(env.calls()).toHaveLength(2);
    clock.mockReturnValue(start + 10_000);
    expect(directory.knowsBucket("photos")).toBe(false);
  });
});

describe("findBucket", () => {
  it("asks once for a known name while it is fresh", async () => {
    const bucketId = await createBucket("photos");
    const env = countingEnv(testEnv());
    const directory = new Directory(env);
    for (let i = 0; i < 5; i++) expect((await directory.findBucket("photos"))?.bucketId).toBe(bucketId);
    expect(env.calls()).toEqual(["findBucket"]);
  });

  it("remembers an unknown name for one second only", async () => {
    const env = countingEnv(testEnv());
    const directory = new Directory(env);
    const start = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(start);
    expect(await directory.findBucket("photos")).toBeUndefined();
    await createBucket("photos");
    expect(await directory.findBucket("photos")).toBeUndefined();
    expect(env.calls()).toHaveLength(1);
    clock.mockReturnValue(start + 1_000);
    expect((await directory.findBucket("photos"))?.state).toBe("active");
  });

  it("sees a local change at once after forgetBucket", async () => {
    const directory = new Directory(testEnv());
    expect(await directory.findBucket("photos")).toBeUndefined();
    await createBucket("photos");
    directory.forgetBucket("photos");
    expect((await directory.findBucket("photos"))?.state).toBe("active");
  });

  it("lets one request renew an ageing entry while the others go on with it", async () => {
    await createBucket("photos");
    const env = countingEnv(testEnv());
    const directory = new Directory(env);
    const start = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(start);
    await directory.findBucket("photos");
    clock.mockReturnValue(start + 4_500);
    await Promise.all(Array.from({ length: 20 }, () => directory.findBucket("photos")));
    expect(env.calls()).toHaveLength(2);
  });

  it("does not ask for what cannot be a bucket's name", async () => {
    const env = countingEnv(testEnv());
    const directory = new Directory(env);
    for (const name of ["", "a", "_verge", "a/b", "a\u0000b", "é-è-ê", "x".repeat(300)]) {
      expect(await directory.findBucket(name)).toBeUndefined();
    }
    expect(env.calls()).toEqual([]);
  });
});

describe("accounts", () => {
  it("are found by id and by canonical id", async () => {
    const account = await createTestAccount();
    const directory = new Directory(testEnv());
    expect(await directory.findAccount(account.id)).toMatchObject({ id: account.id, root: false });
    expect(await directory.findAccountByCanonicalId(account.canonicalId)).toMatchObject({ id: account.id });
    expect(await directory.findAccount("123")).toBeUndefined();
  });
});
