import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type PutObjectCommandInput,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeVersioned, nameRole, replicate, ruleTo, SOON, waitForStatus } from "../../support/replication.ts";
import { failureOf } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let s3: S3Client;
let role: string;
beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
  role = await nameRole(verge);
});
afterAll(async () => {
  s3.destroy();
  await verge.stop();
});

const put = async (Bucket: string, Key: string, rest: Partial<PutObjectCommandInput> = {}) =>
  (await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key, ...rest }))).VersionId!;
const head = (Bucket: string, Key: string, VersionId?: string) =>
  s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED", ...(VersionId && { VersionId }) }));
const read = async (Bucket: string, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
const listIds = async (Bucket: string) => {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  return {
    versions: Versions.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest]),
    markers: DeleteMarkers.map(({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest]),
  };
};
const BODY = new Uint8Array(300_000).fill(7);

/** Two buckets, the first of which replicates into the second. */
async function makePair(rest: Parameters<typeof ruleTo>[1] = {}, shards = 1) {
  const [source, target] = [await makeVersioned(s3, { shards }), await makeVersioned(s3, { shards: 2 })];
  await replicate(s3, role, source, [ruleTo(target, rest)]);
  return { source, target };
}

describe("a new version", () => {
  test.each([
    ["in the index", "small"],
    ["in R2", BODY],
  ])("appears in the destination as it is, its bytes %s", async (_, Body) => {
    const { source, target } = await makePair({}, 3);
    const id = await put(source, "a b/ü", {
      Body,
      ContentType: "text/x",
      CacheControl: "no-cache",
      Metadata: { color: "blue" },
      Tagging: "k=v",
      ChecksumAlgorithm: "SHA256",
      StorageClass: "STANDARD_IA",
    });
    await waitForStatus(s3, source, "a b/ü", "COMPLETED");
    const [one, other] = [await head(source, "a b/ü"), await head(target, "a b/ü")];
    expect(other.VersionId).toBe(id);
    expect(other.ReplicationStatus).toBe("REPLICA");
    const { $metadata: _one, ReplicationStatus: _status, ...expected } = one;
    expect(other).toMatchObject(expected);
    expect(await read(target, "a b/ü")).toBe(await read(source, "a b/ü"));
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: target, Key: "a b/ü" }));
    expect(TagSet).toEqual([{ Key: "k", Value: "v" }]);
  });

  test("of a multipart upload keeps its ETag, its parts and their checksums", async () => {
    const { source, target } = await makePair();
    const Key = "parts";
    const upload = { Bucket: source, Key, ChecksumAlgorithm: "CRC32" } as const;
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
    const bodies = [new Uint8Array(5 * 1024 * 1024).fill(1), BODY];
    const Parts = await Promise.all(
      bodies.map(async (Body, at) => {
        const part = await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: at + 1, Body }));
        return { PartNumber: at + 1, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 };
      }),
    );
    await s3.send(new CompleteMultipartUploadCommand({ Bucket: source, Key, UploadId, MultipartUpload: { Parts } }));
    await waitForStatus(s3, source, Key, "COMPLETED");
    const describeParts = (Bucket: string) =>
      s3.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ["ETag", "ObjectParts", "Checksum"] }));
    const [one, other] = [await describeParts(source), await describeParts(target)];
    expect(other.ETag).toMatch(/-2$/);
    expect({ ...other, $metadata: {} }).toEqual({ ...one, $metadata: {} });
    const second = await s3.send(new GetObjectCommand({ Bucket: target, Key, PartNumber: 2 }));
    expect(Buffer.from(await second.Body!.transformToByteArray()).equals(BODY)).toBe(true);
  });

  test("of a copy goes as well, and a copy of a replica is an object like any other", async () => {
    const { source, target } = await makePair();
    await put(source, "one");
    await s3.send(new CopyObjectCommand({ Bucket: source, Key: "two", CopySource: `${source}/one` }));
    await waitForStatus(s3, source, "two", "COMPLETED");
    expect((await head(target, "two")).ReplicationStatus).toBe("REPLICA");
    await s3.send(new CopyObjectCommand({ Bucket: target, Key: "three", CopySource: `${target}/two` }));
    expect((await head(target, "three")).ReplicationStatus).toBeUndefined();
    expect(await read(target, "three")).toBe("one");
  });

  test("outlives its source: the bytes are held by the replica", async () => {
    const { source, target } = await makePair();
    const VersionId = await put(source, "kept", { Body: BODY });
    await waitForStatus(s3, source, "kept", "COMPLETED");
    await s3.send(new DeleteObjectCommand({ Bucket: source, Key: "kept", VersionId }));
    const body = await s3.send(new GetObjectCommand({ Bucket: target, Key: "kept", VersionId }));
    expect(Buffer.from(await body.Body!.transformToByteArray()).equals(BODY)).toBe(true);
  });
});

describe("versions of a key", () => {
  test("have the order of the source; deletions of versions stay there, delete markers go", async () => {
    const { source, target } = await makePair();
    const ids: string[] = [];
    for (const Body of ["1", "2", "3"]) ids.unshift(await put(source, "k", { Body }));
    const marker = (await s3.send(new DeleteObjectCommand({ Bucket: source, Key: "k" }))).VersionId;
    await expect.poll(() => listIds(target), SOON).toEqual(await listIds(source));
    expect((await listIds(target)).markers).toEqual([["k", marker, true]]);
    await s3.send(new DeleteObjectCommand({ Bucket: source, Key: "k", VersionId: ids[1]! }));
    await put(source, "k", { Body: "4" });
    await waitForStatus(s3, source, "k", "COMPLETED");
    expect((await listIds(target)).versions.map(([, id]) => id)).toContain(ids[1]);
    expect(await read(target, "k")).toBe("4");
  });

  test("delete markers stay where the rule does not ask for them", async () => {
    const { source, target } = await makePair({ DeleteMarkerReplication: { Status: "Disabled" } });
    await put(source, "k");
    await waitForStatus(s3, source, "k", "COMPLETED");
    await s3.send(new DeleteObjectCommand({ Bucket: source, Key: "k" }));
    await put(source, "later");
    await waitForStatus(s3, source, "later", "COMPLETED");
    expect((await listIds(target)).markers).toEqual([]);
  });

  test("a page of them ends anywhere, and the next goes on after what was deleted", async () => {
    const { source, target } = await makePair();
    for (const Body of ["1", "2", "3", "4", "5"]) await put(source, "k", { Body });
    await waitForStatus(s3, source, "k", "COMPLETED");
    const seen: (string | undefined)[] = [];
    let position: { KeyMarker?: string; VersionIdMarker?: string } = {};
    for (;;) {
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket: target, MaxKeys: 2, ...position }));
      for (const { Key, VersionId } of page.Versions ?? []) {
        seen.push(VersionId);
        await s3.send(new DeleteObjectCommand({ Bucket: target, Key, VersionId }));
      }
      if (!page.IsTruncated) break;
      position = { KeyMarker: page.NextKeyMarker!, VersionIdMarker: page.NextVersionIdMarker! };
    }
    expect(seen).toEqual((await listIds(source)).versions.map(([, id]) => id));
  });
});

describe("what is changed of a version", () => {
  test("its tags follow, and those of a noncurrent one too", async () => {
    const { source, target } = await makePair();
    const first = await put(source, "k", { Tagging: "a=1" });
    await put(source, "k");
    const tag = (VersionId: string, Value: string) =>
      s3.send(
        new PutObjectTaggingCommand({
          Bucket: source,
          Key: "k",
          VersionId,
          Tagging: { TagSet: [{ Key: "a", Value }] },
        }),
      );
    const tagsOf = async (Bucket: string) =>
      (await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "k", VersionId: first }))).TagSet;
    await tag(first, "2");
    await tag(first, "3");
    await waitForStatus(s3, source, "k", "COMPLETED", first);
    expect(await tagsOf(target)).toEqual([{ Key: "a", Value: "3" }]);
    await s3.send(new DeleteObjectTaggingCommand({ Bucket: source, Key: "k", VersionId: first }));
    await expect.poll(() => tagsOf(target), SOON).toEqual([]);
  });

  test("its lock follows", async () => {
    const source = await makeVersioned(s3, { ObjectLockEnabledForBucket: true });
    const target = await makeVersioned(s3, { ObjectLockEnabledForBucket: true });
    await replicate(s3, role, source, [ruleTo(target)]);
    const RetainUntilDate = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3600_000);
    await put(source, "k", { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: RetainUntilDate });
    await waitForStatus(s3, source, "k", "COMPLETED");
    expect((await head(target, "k")).ObjectLockRetainUntilDate).toEqual(RetainUntilDate);
    const later = new Date(RetainUntilDate.getTime() + 60_000);
    const at = { Bucket: source, Key: "k" };
    await s3.send(new PutObjectRetentionCommand({ ...at, Retention: { Mode: "GOVERNANCE", RetainUntilDate: later } }));
    await s3.send(new PutObjectLegalHoldCommand({ ...at, LegalHold: { Status: "ON" } }));
    const there = { Bucket: target, Key: "k" };
    const hold = async () => (await s3.send(new GetObjectLegalHoldCommand(there)).catch(() => undefined))?.LegalHold;
    await expect.poll(hold, SOON).toEqual({ Status: "ON" });
    const { Retention } = await s3.send(new GetObjectRetentionCommand(there));
    expect(Retention).toEqual({ Mode: "GOVERNANCE", RetainUntilDate: later });
    const VersionId = (await head(target, "k")).VersionId;
    expect(await failureOf(s3.send(new DeleteObjectCommand({ ...there, VersionId })))).toMatchObject({
      code: "AccessDenied",
    });
  });

  test("a replica that was deleted does not come back by a change of its source", async () => {
    const { source, target } = await makePair();
    const VersionId = await put(source, "k");
    await waitForStatus(s3, source, "k", "COMPLETED");
    await s3.send(new DeleteObjectCommand({ Bucket: target, Key: "k", VersionId }));
    const TagSet = [{ Key: "a", Value: "1" }];
    await s3.send(new PutObjectTaggingCommand({ Bucket: source, Key: "k", Tagging: { TagSet } }));
    await waitForStatus(s3, source, "k", "COMPLETED");
    expect(await listIds(target)).toEqual({ versions: [], markers: [] });
  });
});

describe("buckets that replicate on", () => {
  test("replicas are not replicated again, neither to a third bucket nor back", async () => {
    const [a, b, c] = [await makeVersioned(s3), await makeVersioned(s3), await makeVersioned(s3)];
    await replicate(s3, role, a, [ruleTo(b)]);
    await replicate(s3, role, b, [ruleTo(a), ruleTo(c, { Priority: 2 })]);
    await put(a, "from-a");
    await waitForStatus(s3, a, "from-a", "COMPLETED");
    await put(b, "from-b");
    await waitForStatus(s3, b, "from-b", "COMPLETED");
    expect((await head(a, "from-b")).ReplicationStatus).toBe("REPLICA");
    expect((await listIds(c)).versions.map(([key]) => key)).toEqual(["from-b"]);
    expect(await listIds(a)).toEqual(await listIds(b));
  });

  test("two that write one key agree on its versions and on which is current", async () => {
    const [a, b] = [await makeVersioned(s3), await makeVersioned(s3)];
    await replicate(s3, role, a, [ruleTo(b)]);
    await replicate(s3, role, b, [ruleTo(a)]);
    await Promise.all(Array.from({ length: 24 }, (_, at) => put(at % 2 === 0 ? a : b, "k", { Body: String(at) })));
    const count = async () => (await listIds(a)).versions.length + (await listIds(b)).versions.length;
    await expect.poll(count, SOON).toBe(48);
    expect(await listIds(a)).toEqual(await listIds(b));
  });

  test("changes of replicas go back where the rule asks for them", async () => {
    const [a, b] = [await makeVersioned(s3), await makeVersioned(s3)];
    await replicate(s3, role, a, [ruleTo(b)]);
    const SourceSelectionCriteria = { ReplicaModifications: { Status: "Enabled" } } as const;
    await replicate(s3, role, b, [ruleTo(a, { SourceSelectionCriteria })]);
    await put(a, "k");
    await waitForStatus(s3, a, "k", "COMPLETED");
    const TagSet = [{ Key: "by", Value: "b" }];
    await s3.send(new PutObjectTaggingCommand({ Bucket: b, Key: "k", Tagging: { TagSet } }));
    const tags = async () => (await s3.send(new GetObjectTaggingCommand({ Bucket: a, Key: "k" }))).TagSet;
    await expect.poll(tags, SOON).toEqual(TagSet);
    expect((await head(b, "k")).ReplicationStatus).toBe("REPLICA");
  });

  test("one bucket goes to several, each by its own rule", async () => {
    const [source, all, some] = [await makeVersioned(s3), await makeVersioned(s3), await makeVersioned(s3)];
    const Filter = { And: { Prefix: "logs/", Tags: [{ Key: "keep", Value: "yes" }] } };
    await replicate(s3, role, source, [
      ruleTo(all, { Destination: { Bucket: `arn:aws:s3:::${all}`, StorageClass: "GLACIER_IR" } }),
      ruleTo(some, { Priority: 2, Filter, DeleteMarkerReplication: { Status: "Disabled" } }),
    ]);
    await put(source, "logs/1", { Tagging: "keep=yes" });
    await put(source, "logs/2", { Tagging: "keep=no" });
    await put(source, "other", { Tagging: "keep=yes" });
    for (const key of ["logs/1", "logs/2", "other"]) await waitForStatus(s3, source, key, "COMPLETED");
    expect((await listIds(all)).versions.map(([key]) => key)).toEqual(["logs/1", "logs/2", "other"]);
    expect((await listIds(some)).versions.map(([key]) => key)).toEqual(["logs/1"]);
    expect((await head(all, "logs/1")).StorageClass).toBe("GLACIER_IR");
  });

  test("what was there before the rules, and what no rule is about, has no status", async () => {
    const [source, target] = [await makeVersioned(s3), await makeVersioned(s3)];
    await put(source, "logs/before");
    await replicate(s3, role, source, [ruleTo(target, { Filter: { Prefix: "logs/" } })]);
    await put(source, "other");
    await put(source, "logs/after");
    await waitForStatus(s3, source, "logs/after", "COMPLETED");
    expect((await head(source, "logs/before")).ReplicationStatus).toBeUndefined();
    expect((await head(source, "other")).ReplicationStatus).toBeUndefined();
    expect((await listIds(target)).versions).toHaveLength(1);
  });
});
