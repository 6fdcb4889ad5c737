import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  type DeleteMarkerEntry,
  type DeleteObjectCommandInput,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ObjectVersion,
  paginateListObjectsV2,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
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

let Bucket: string;
const configure = (Status: "Enabled" | "Suspended") =>
  client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
const put = async (Key: string, Body: string, rest: Partial<PutObjectCommandInput> = {}) =>
  (await client.send(new PutObjectCommand({ Bucket, Key, Body, ...rest }))).VersionId;
const get = async (Key: string, VersionId?: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body!.transformToString();
const remove = (Key: string, rest: Partial<DeleteObjectCommandInput> = {}) =>
  client.send(new DeleteObjectCommand({ Bucket, Key, ...rest }));
const list = async () => {
  const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
  const name = ({ Key, VersionId, IsLatest }: ObjectVersion | DeleteMarkerEntry) =>
    `${Key} ${VersionId}${IsLatest ? " latest" : ""}`;
  return { versions: Versions.map(name), markers: DeleteMarkers.map(name) };
};

describe("the configuration", () => {
  beforeAll(async () => {
    Bucket = await makeBucket(client, { shards: 4 });
  });
  const read = () => client.send(new GetBucketVersioningCommand({ Bucket }));

  test("is empty, then Enabled or Suspended, and never empty again", async () => {
    expect((await read()).Status).toBeUndefined();
    await configure("Enabled");
    expect((await read()).Status).toBe("Enabled");
    await configure("Suspended");
    expect((await read()).Status).toBe("Suspended");
  });

  test("with MFA delete is refused by name", async () => {
    const VersioningConfiguration = { Status: "Enabled", MFADelete: "Enabled" } as const;
    expect(
      await failureOf(client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))),
    ).toMatchObject({ code: "NotImplemented", message: expect.stringContaining("MFA delete") as string });
    const disabled = { Status: "Enabled", MFADelete: "Disabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: disabled }));
  });

  test("that says nothing, or something else, is refused", async () => {
    const empty = client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: {} }));
    expect(await failureOf(empty)).toMatchObject({ code: "IllegalVersioningConfigurationException", status: 400 });
    const VersioningConfiguration = { Status: "On" as "Enabled" };
    const odd = client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    expect(await failureOf(odd)).toMatchObject({ code: "MalformedXML", status: 400 });
    const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    const unverified = await signedFetch(verge, { method: "PUT", target: `/${Bucket}?versioning`, body });
    expect(unverified).toMatchObject({ status: 400, code: "InvalidRequest" });
  });
});

describe("a versioned object", () => {
  beforeEach(async () => {
    Bucket = await makeBucket(client);
    await configure("Enabled");
  });

  test("has its version in every answer", async () => {
    const one = await put("a", "one", { Tagging: "n=1" });
    const two = await put("a", "two");
    expect(one).toMatch(/^[\w-]{32}$/);
    expect(await get("a")).toBe("two");
    expect(await get("a", one)).toBe("one");
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "a" }));
    expect(head.VersionId).toBe(two);
    const attributes = { Bucket, Key: "a", VersionId: one, ObjectAttributes: ["ObjectSize"] as const };
    const answer = await client.send(
      new GetObjectAttributesCommand({ ...attributes, ObjectAttributes: ["ObjectSize"] }),
    );
    expect([answer.VersionId, answer.ObjectSize]).toEqual([one, 3]);
    const tags = await client.send(new GetObjectTaggingCommand({ Bucket, Key: "a", VersionId: one }));
    expect([tags.VersionId, tags.TagSet]).toEqual([one, [{ Key: "n", Value: "1" }]]);
    const Tagging = { TagSet: [{ Key: "n", Value: "2" }] };
    await client.send(new PutObjectTaggingCommand({ Bucket, Key: "a", VersionId: one, Tagging }));
    expect((await client.send(new GetObjectTaggingCommand({ Bucket, Key: "a" }))).TagSet).toEqual([]);
    const unchanged = client.send(new GetObjectCommand({ Bucket, Key: "a", IfNoneMatch: head.ETag }));
    expect(await failureOf(unchanged)).toMatchObject({ status: 304 });
  });

  test("is restored by copying an old version over it", async () => {
    const one = await put("a", "one");
    await put("a", "two");
    const CopySource = `${Bucket}/a?versionId=${one}`;
    const copy = await client.send(new CopyObjectCommand({ Bucket, Key: "a", CopySource }));
    expect(copy.CopySourceVersionId).toBe(one);
    expect(copy.VersionId).not.toBe(one);
    expect([await get("a"), await get("a", copy.VersionId)]).toEqual(["one", "one"]);
    const part = { Bucket, Key: "parts", PartNumber: 1 };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "parts" }));
    const copied = await client.send(new UploadPartCopyCommand({ ...part, UploadId, CopySource }));
    expect(copied.CopySourceVersionId).toBe(one);
    const Parts = [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag }];
    const upload = { Bucket, Key: "parts", UploadId, MultipartUpload: { Parts } };
    const completed = await client.send(new CompleteMultipartUploadCommand(upload));
    expect(await get("parts", completed.VersionId)).toBe("one");
  });

  test("is hidden by a delete marker, which answers for itself", async () => {
    const one = await put("a", "one");
    const marked = await remove("a");
    expect(marked.DeleteMarker).toBe(true);
    const { VersionId } = marked;
    const target = `/${Bucket}/a`;
    for (const method of ["GET", "HEAD"]) {
      const latest = await signedFetch(verge, { method, target });
      expect(latest.status).toBe(404);
      expect(latest.headers.get("x-amz-delete-marker")).toBe("true");
      expect(latest.headers.get("x-amz-version-id")).toBe(VersionId);
      const named = await signedFetch(verge, { method, target: `${target}?versionId=${VersionId}` });
      expect(named.status).toBe(405);
      expect(named.headers.get("allow")).toBe("DELETE");
      expect(named.headers.get("x-amz-delete-marker")).toBe("true");
      expect(Date.parse(named.headers.get("last-modified") ?? "")).toBeGreaterThan(Date.now() - 60_000);
    }
    expect(await get("a", one)).toBe("one");
    const change = new PutObjectAclCommand({ Bucket, Key: "a", ACL: "bucket-owner-full-control" });
    await expect(client.send(change)).rejects.toMatchObject({ name: "MethodNotAllowed", Method: "PUT" });
    const fromMarker = (id: string) => new CopyObjectCommand({ Bucket, Key: "b", CopySource: `${Bucket}/a${id}` });
    expect(await failureOf(client.send(fromMarker("")))).toMatchObject({ code: "NoSuchKey", status: 404 });
    const named = client.send(fromMarker(`?versionId=${VersionId}`));
    expect(await failureOf(named)).toMatchObject({ code: "InvalidRequest", status: 400 });
    expect(await failureOf(client.send(new DeleteBucketCommand({ Bucket })))).toMatchObject({
      code: "BucketNotEmpty",
      message: "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
    });
    const undone = await remove("a", { VersionId });
    expect([undone.VersionId, undone.DeleteMarker]).toEqual([VersionId, true]);
    expect(await get("a")).toBe("one");
    await remove("a", { VersionId: one });
    await client.send(new DeleteBucketCommand({ Bucket }));
  });

  test("keeps the null version from before, and has no other while versioning is suspended", async () => {
    Bucket = await makeBucket(client);
    expect(await put("a", "before")).toBeUndefined();
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "a" }))).VersionId).toBeUndefined();
    await configure("Enabled");
    const one = await put("a", "one");
    expect((await list()).versions).toEqual([`a ${one} latest`, "a null"]);
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "a", VersionId: "null" }))).VersionId).toBe("null");
    await configure("Suspended");
    expect(await put("a", "after")).toBeUndefined();
    expect(await list()).toEqual({ versions: ["a null latest", `a ${one}`], markers: [] });
    const copy = (CopySource: string) =>
      client.send(new CopyObjectCommand({ Bucket, Key: "a", CopySource, MetadataDirective: "REPLACE" }));
    const ofVersion = await copy(`${Bucket}/a?versionId=${one}`);
    expect([ofVersion.VersionId, ofVersion.CopySourceVersionId]).toEqual(["null", one]);
    const ofNull = await copy(`${Bucket}/a`);
    expect([ofNull.VersionId, ofNull.CopySourceVersionId]).toEqual(["null", undefined]);
    const marked = await remove("a");
    expect([marked.DeleteMarker, marked.VersionId]).toEqual([true, "null"]);
    expect(await list()).toEqual({ versions: [`a ${one}`], markers: ["a null latest"] });
    expect(await get("a", one)).toBe("one");
  });

  test("that does not exist is told from an id that cannot be one", async () => {
    await put("a", "one");
    const missing = "Q".repeat(32);
    for (const [VersionId, code, status] of [
      [missing, "NoSuchVersion", 404],
      ["null", "NoSuchVersion", 404],
      ["not-an-id", "InvalidArgument", 400],
    ] as const) {
      expect(await failureOf(get("a", VersionId))).toMatchObject({ code, status });
      const CopySource = `${Bucket}/a?versionId=${VersionId}`;
      const copy = client.send(new CopyObjectCommand({ Bucket, Key: "b", CopySource }));
      expect(await failureOf(copy)).toMatchObject({ code, status });
    }
    expect((await remove("a", { VersionId: missing })).VersionId).toBe(missing);
    expect(await failureOf(remove("a", { VersionId: "not-an-id" }))).toMatchObject({ code: "InvalidArgument" });
  });

  test("is made by a multipart upload and by a rename as well", async () => {
    await put("m", "small");
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "m" }));
    const part = await client.send(new UploadPartCommand({ Bucket, Key: "m", UploadId, PartNumber: 1, Body: "large" }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
    const completion = new CompleteMultipartUploadCommand({ Bucket, Key: "m", UploadId, MultipartUpload });
    const { VersionId } = await client.send(completion);
    expect((await list()).versions[0]).toBe(`m ${VersionId} latest`);
    const rename = { method: "PUT", target: `/${Bucket}/n?renameObject`, headers: { "x-amz-rename-source": "m" } };
    expect((await signedFetch(verge, rename)).status).toBe(200);
    expect(await get("n")).toBe("large");
    expect(await get("m", VersionId)).toBe("large");
    expect((await list()).markers).toEqual([expect.stringMatching(/^m .+ latest$/)]);
  });
});

describe("DeleteObjects", () => {
  test("deletes versions, makes markers and says which", async () => {
    Bucket = await makeBucket(client, { shards: 4 });
    await configure("Enabled");
    const one = await put("a", "one");
    await put("a", "two");
    const first = await client.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: [{ Key: "a", VersionId: one }, { Key: "a" }, { Key: "b" }] },
      }),
    );
    const [version, marker, other] = first.Deleted!;
    expect(version).toEqual({ Key: "a", VersionId: one });
    expect(marker).toMatchObject({ Key: "a", DeleteMarker: true });
    expect(other).toMatchObject({ Key: "b", DeleteMarker: true });
    const VersionId = marker!.DeleteMarkerVersionId;
    const second = await client.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: {
          Objects: [
            { Key: "a", VersionId },
            { Key: "a", VersionId: "no" },
          ],
        },
      }),
    );
    expect(second.Deleted).toEqual([{ Key: "a", VersionId, DeleteMarker: true, DeleteMarkerVersionId: VersionId }]);
    expect(second.Errors).toMatchObject([{ Key: "a", VersionId: "no", Code: "NoSuchVersion" }]);
    expect(await get("a")).toBe("two");
  });
});

describe("conditions", () => {
  test("let one of many writers be first, behind a delete marker too", async () => {
    Bucket = await makeBucket(client);
    await configure("Enabled");
    for (const round of [1, 2]) {
      const attempts = Array.from({ length: 12 }, (_, n) => put("lock", `${round} ${n}`, { IfNoneMatch: "*" }));
      const settled = await Promise.allSettled(attempts);
      expect(settled.filter(({ status }) => status === "fulfilled").length).toBe(1);
      await remove("lock");
    }
    expect((await list()).versions.length).toBe(2);
  });

  test("let each of many writers replace what it has read, one after the other", async () => {
    Bucket = await makeBucket(client);
    await configure("Enabled");
    await put("counter", "0");
    const increment = async (): Promise<void> => {
      for (;;) {
        const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket, Key: "counter" }));
        const next = String(Number(await Body!.transformToString()) + 1);
        const written = await put("counter", next, { IfMatch: ETag }).catch(() => undefined);
        if (written !== undefined) return;
      }
    };
    await Promise.all(Array.from({ length: 8 }, increment));
    expect(await get("counter")).toBe("8");
    expect((await list()).versions.length).toBe(9);
  });

  test("of a deletion are about the version that it names, or the latest", async () => {
    Bucket = await makeBucket(client);
    await configure("Enabled");
    const VersionId = await put("a", "one");
    const { ETag, ContentLength } = await client.send(new HeadObjectCommand({ Bucket, Key: "a" }));
    await put("a", "other");
    expect(await failureOf(remove("a", { IfMatch: ETag }))).toMatchObject({ code: "PreconditionFailed" });
    const wrong = { IfMatchSize: ContentLength! + 1, VersionId };
    expect(await failureOf(remove("a", wrong))).toMatchObject({ code: "PreconditionFailed" });
    expect((await remove("a", { IfMatch: ETag, IfMatchSize: ContentLength, VersionId })).VersionId).toBe(VersionId);
    expect((await remove("a", { IfMatch: "*" })).DeleteMarker).toBe(true);
    expect(await failureOf(remove("a", { IfMatch: "*" }))).toMatchObject({ code: "NoSuchKey", status: 404 });
  });
});

describe.each([1, 4])("a listing of thousands of versions on %i index objects", (shards) => {
  test("has each once, newest first, whatever is deleted between its pages", async () => {
    Bucket = await makeBucket(client, { shards });
    await put("many", "null");
    await configure("Enabled");
    const made: string[] = [];
    for (let round = 0; round < 24; round++) {
      const keys = Array.from({ length: 50 }, (_, n) => (n < 25 ? "many" : `dir/${n}`));
      await Promise.all(keys.map(async (key) => made.push(`${key} ${await put(key, String(round))}`)));
    }
    const seen: string[] = [];
    let latest = 0;
    let position: Partial<ListObjectVersionsCommandInput> = {};
    for (;;) {
      const page = await client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 333, ...position }));
      const Objects = page.Versions!.map(({ Key, VersionId }) => ({ Key, VersionId }));
      seen.push(...Objects.map(({ Key, VersionId }) => `${Key} ${VersionId}`));
      latest += page.Versions!.filter(({ IsLatest }) => IsLatest).length;
      const times = page.Versions!.filter(({ Key }) => Key === "many").map(({ LastModified }) => Number(LastModified));
      expect(times).toEqual(times.toSorted((one, other) => other - one));
      await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
      if (!page.IsTruncated) break;
      position = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
    expect(seen.toSorted()).toEqual([...made, "many null"].toSorted());
    // Of each key, and the first of a page whose newer ones were deleted with the page before.
    expect(latest).toBeGreaterThanOrEqual(26);
    const left = await client.send(new ListObjectsV2Command({ Bucket }));
    expect(left.KeyCount).toBe(0);
    await client.send(new DeleteBucketCommand({ Bucket }));
  }, 60_000);
});

test("versions that a listing rolls up are in neither listing", async () => {
  Bucket = await makeBucket(client, { shards: 4 });
  await configure("Enabled");
  for (const key of ["a/1", "a/2", "b", "b"]) await put(key, key);
  await remove("a/1");
  const page = await client.send(new ListObjectVersionsCommand({ Bucket, Delimiter: "/", EncodingType: "url" }));
  expect(page.CommonPrefixes).toEqual([{ Prefix: "a/" }]);
  expect(page.Versions?.map(({ Key, IsLatest }) => [Key, IsLatest])).toEqual([
    ["b", true],
    ["b", false],
  ]);
  const keys: (string | undefined)[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client, pageSize: 1 }, { Bucket })) {
    keys.push(...Contents.map(({ Key }) => Key));
  }
  expect(keys).toEqual(["a/2", "b"]);
});

test("another bucket's version is copied across index objects", async () => {
  const from = await makeBucket(client, { shards: 4 });
  Bucket = from;
  await configure("Enabled");
  const large = "x".repeat(20_000);
  const one = await put("a", large);
  await put("a", "two");
  Bucket = await makeBucket(client, { shards: 4 });
  const CopySource = `${from}/a?versionId=${one}`;
  const copy = await client.send(new CopyObjectCommand({ Bucket, Key: "b", CopySource }));
  expect([copy.CopySourceVersionId, copy.VersionId]).toEqual([one, undefined]);
  await client.send(new DeleteObjectCommand({ Bucket: from, Key: "a", VersionId: one }));
  expect(await get("b")).toBe(large);
  const gone = client.send(new CopyObjectCommand({ Bucket, Key: "c", CopySource }));
  expect(await failureOf(gone)).toMatchObject({ code: "NoSuchVersion", status: 404 });
  const marker = new ListObjectVersionsCommand({ Bucket, KeyMarker: "a", VersionIdMarker: "bad" });
  expect(await failureOf(client.send(marker))).toMatchObject({ code: "InvalidArgument", status: 400 });
});
