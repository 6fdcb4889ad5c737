import {
  CreateBucketCommand,
  DeleteBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BucketEntry, NewBucket, ReserveBucketOutcome } from "../../src/metadata/registry/protocol.ts";
import { sendAndReset } from "../support/raw-http.ts";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch, signHead } from "../support/signed-fetch.ts";

// A request that creates or deletes a bucket takes several steps in several objects. Here the steps before a
// crash are taken by hand, and then a client goes on.

const SHARDS = 4;

interface Registry {
  findBucket(name: string): Promise<BucketEntry>;
  reserveBucket(bucket: NewBucket): Promise<ReserveBucketOutcome>;
  markBucketDeleting(name: string, bucketId: string): Promise<boolean>;
}
interface IndexObject {
  seal(): Promise<string>;
  commitDelete(): Promise<boolean>;
}

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

async function openObject(binding: string, name: string): Promise<unknown> {
  const namespace = await verge.miniflare.getDurableObjectNamespace(binding);
  return namespace.get(namespace.idFromName(name));
}

async function openRegistry(): Promise<Registry> {
  return (await openObject("REGISTRY", "registry")) as Registry;
}

async function openIndexes(bucket: string): Promise<IndexObject[]> {
  const { bucketId } = await (await openRegistry()).findBucket(bucket);
  const shards = Array.from({ length: SHARDS }, (_, shard) => openObject("BUCKET_INDEX", `${bucketId}/${shard}`));
  return (await Promise.all(shards)) as IndexObject[];
}

async function listNames(): Promise<(string | undefined)[]> {
  const { Buckets = [] } = await client.send(new ListBucketsCommand());
  return Buckets.map(({ Name }) => Name);
}

/** Writes to every index object of a bucket and counts what is there. */
async function fillAndCount(bucket: string): Promise<number | undefined> {
  await putKeys(client, bucket, ["a", "b", "c", "d", "e", "f", "g", "h"]);
  return (await client.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount;
}

describe("a deletion that was decided when the crash came", () => {
  async function crash(): Promise<string> {
    const bucket = await makeBucket(client, { shards: SHARDS });
    const indexes = await openIndexes(bucket);
    for (const index of indexes) expect(await index.seal()).toBe("sealed");
    const registry = await openRegistry();
    const { bucketId } = await registry.findBucket(bucket);
    expect(await registry.markBucketDeleting(bucket, bucketId)).toBe(true);
    expect(await indexes[0]!.commitDelete()).toBe(true);
    return bucket;
  }

  test("leaves no bucket to read from", async () => {
    const bucket = await crash();
    const call = client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(await failureOf(call)).toMatchObject({ code: "NoSuchBucket", status: 404 });
  });

  test("is over for the next DeleteBucket as well; a job frees the name", async () => {
    const bucket = await crash();
    const call = client.send(new DeleteBucketCommand({ Bucket: bucket }));
    await expect.poll(() => failureOf(call), { timeout: 10_000 }).toMatchObject({ code: "NoSuchBucket" });
    expect(await listNames()).not.toContain(bucket);
  });

  test("is finished by the next CreateBucket, which makes a new bucket", async () => {
    const bucket = await crash();
    await makeBucket(client, { Bucket: bucket, shards: SHARDS });
    expect(await fillAndCount(bucket)).toBe(8);
  });
});

describe("a deletion that was not decided yet", () => {
  test("is taken back by its owner's CreateBucket", async () => {
    const bucket = await makeBucket(client, { shards: 1 });
    const [first] = await openIndexes(bucket);
    expect(await first!.seal()).toBe("sealed");
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    expect(await fillAndCount(bucket)).toBe(8);
  });

  test("is begun anew by the next DeleteBucket", async () => {
    const bucket = await makeBucket(client, { shards: SHARDS });
    const indexes = await openIndexes(bucket);
    await indexes[0]!.seal();
    await indexes[2]!.seal();
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    expect(await listNames()).not.toContain(bucket);
  });
});

describe("a creation of which only the name was taken", () => {
  async function reserve(name: string): Promise<void> {
    const registry = await openRegistry();
    const { accountId, region } = await registry.findBucket(await makeBucket(client));
    const outcome = await registry.reserveBucket({ name, accountId, region, shards: SHARDS });
    expect(outcome.outcome).toBe("created");
  }

  test("shows no bucket, and is finished by the next CreateBucket", async () => {
    await reserve("half-created");
    expect(await listNames()).not.toContain("half-created");
    const head = await signedFetch(verge, { method: "HEAD", target: "/half-created" });
    expect(head.status).toBe(404);
    await makeBucket(client, { Bucket: "half-created", shards: SHARDS });
    expect(await fillAndCount("half-created")).toBe(8);
  });

  test("does not bind the owner to its settings", async () => {
    await reserve("half-created-otherwise");
    await makeBucket(client, { Bucket: "half-created-otherwise", shards: 1 });
    expect(await fillAndCount("half-created-otherwise")).toBe(8);
  });
});

describe("a client that hangs up", () => {
  const hangUp = async (method: string, target: string) =>
    sendAndReset(verge.endpoint, await signHead(verge, { method, target, headers: { "x-verge-index-shards": "4" } }));

  test("leaves each bucket whole or not there at all", async () => {
    const names = Array.from({ length: 6 }, (_, number) => `reset-${number}`);
    await Promise.all(names.map((name) => hangUp("PUT", `/${name}`)));
    for (const name of names) {
      await client.send(new CreateBucketCommand({ Bucket: name }));
      expect((await client.send(new ListObjectsV2Command({ Bucket: name }))).KeyCount).toBe(0);
    }
    await Promise.all(names.map((name) => hangUp("DELETE", `/${name}`)));
    for (const name of names) {
      // The deletion may still be under way, or never have begun: either way the name works again.
      const recreate = () => client.send(new CreateBucketCommand({ Bucket: name })).then(() => fillAndCount(name));
      await expect.poll(() => recreate().catch(() => 0), { timeout: 10_000 }).toBe(8);
    }
  });
});
