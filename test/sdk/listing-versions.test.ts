import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

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

const KEYS = ["a", "b/1", "b/2", "c d", "d/1", "e", "ü"];

describe.each([1, 4])("on %i index objects, without versioning", (shards) => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await makeBucket(client, { shards });
    await putKeys(client, bucket, KEYS);
    await putKeys(client, bucket, ["a"]);
  });

  const list = (input: Partial<ListObjectVersionsCommandInput> = {}) =>
    client.send(new ListObjectVersionsCommand({ Bucket: bucket, ...input }));

  test("each object is its own null version, and the latest", async () => {
    const { Versions, DeleteMarkers, IsTruncated } = await list();
    expect(Versions?.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest])).toEqual(
      KEYS.map((key) => [key, "null", true]),
    );
    expect(DeleteMarkers).toBeUndefined();
    expect(IsTruncated).toBe(false);
    expect(Versions?.[0]).toMatchObject({
      ETag: '"0cc175b9c0f1b6a831c399e269772661"',
      Size: 1,
      StorageClass: "STANDARD",
    });
    expect(Versions?.[0]?.Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([1, 2, 3, 7])("pages of %i have every version once", async (MaxKeys) => {
    const seen: (string | undefined)[] = [];
    let position: Partial<ListObjectVersionsCommandInput> = {};
    for (;;) {
      const page = await list({ MaxKeys, ...position });
      seen.push(...(page.Versions ?? []).map(({ Key }) => Key));
      if (!page.IsTruncated) break;
      expect(page.NextVersionIdMarker).toBe("null");
      position = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
    expect(seen).toEqual(KEYS);
  });

  test("rolls versions up at the delimiter, over pages too", async () => {
    const all = await list({ Delimiter: "/" });
    expect(all.Versions?.map(({ Key }) => Key)).toEqual(["a", "c d", "e", "ü"]);
    expect(all.CommonPrefixes).toEqual([{ Prefix: "b/" }, { Prefix: "d/" }]);
    const first = await list({ Delimiter: "/", MaxKeys: 2 });
    expect([first.NextKeyMarker, first.NextVersionIdMarker]).toEqual(["b/", undefined]);
    const second = await list({ Delimiter: "/", MaxKeys: 2, KeyMarker: first.NextKeyMarker });
    expect(second.Versions?.map(({ Key }) => Key)).toEqual(["c d"]);
    expect(second.CommonPrefixes).toEqual([{ Prefix: "d/" }]);
  });

  test("a key marker alone skips the key", async () => {
    const { Versions } = await list({ KeyMarker: "b/1", MaxKeys: 1 });
    expect(Versions?.map(({ Key }) => Key)).toEqual(["b/2"]);
  });

  test("an emptied bucket has no versions left", async () => {
    const own = await makeBucket(client, { shards });
    await putKeys(client, own, KEYS);
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: own }));
    const Objects = Versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
    const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket: own, Delete: { Objects } }));
    expect(Deleted).toHaveLength(KEYS.length);
    expect(Errors).toBeUndefined();
    const after = await client.send(new ListObjectVersionsCommand({ Bucket: own }));
    expect(after.Versions).toBeUndefined();
  });
});

describe("the parameters", () => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await makeBucket(client);
    await putKeys(client, bucket, ["a b"]);
  });

  test.each([
    ["version-id-marker=null", "A version-id marker cannot be specified without a key marker."],
    ["key-marker=a&version-id-marker=", "A version-id marker cannot be empty."],
    ["max-keys=x", "Provided max-keys not an integer or within integer range"],
  ])("%s is an InvalidArgument", async (query, message) => {
    const answer = await signedFetch(verge, { target: `/${bucket}?versions&${query}` });
    expect([answer.status, answer.code, answer.message]).toEqual([400, "InvalidArgument", message]);
  });

  test("encoding-type=url encodes keys and markers", async () => {
    const { text } = await signedFetch(verge, { target: `/${bucket}?versions&encoding-type=url&key-marker=a%20` });
    expect(text).toContain("<KeyMarker>a%20</KeyMarker>");
    expect(text).toContain("<Key>a%20b</Key>");
  });

  test("max-keys=0 is an empty page that is complete", async () => {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, MaxKeys: 0 }));
    expect([page.Versions, page.IsTruncated]).toEqual([undefined, false]);
  });
});
