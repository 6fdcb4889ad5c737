import { createHash } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  type Tag,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
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

const COLORS: Tag[] = [
  { Key: "a color", Value: "blue/green" },
  { Key: "größe", Value: "" },
];
const HEADER = "gr%C3%B6%C3%9Fe&a+color=blue%2Fgreen";

describe.each([1, 2])("tags of objects in a bucket on %i index objects", (shards) => {
  let Bucket: string;
  beforeAll(async () => {
    Bucket = await makeBucket(client, { shards });
  });

  const readTags = async (Key: string) => (await client.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet;
  const putTags = (Key: string, TagSet: Tag[]) =>
    client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
  const putTagged = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: "body", Tagging: HEADER }));

  test("come with an upload, and are counted when it is read", async () => {
    await putTagged("put");
    expect(await readTags("put")).toEqual(COLORS);
    expect((await client.send(new GetObjectCommand({ Bucket, Key: "put" }))).TagCount).toBe(2);
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "put" }))).TagCount).toBe(2);
    await client.send(new PutObjectCommand({ Bucket, Key: "put", Body: "again" }));
    expect(await readTags("put")).toEqual([]);
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "put" }))).TagCount).toBeUndefined();
  });

  test.each(["inline", "x".repeat(10_000)])("change and go without touching the object (%#)", async (Body) => {
    const Key = `changed/${Body.length}`;
    await client.send(new PutObjectCommand({ Bucket, Key, Body, Metadata: { kept: "yes" }, ContentType: "text/kept" }));
    const before = await client.send(new HeadObjectCommand({ Bucket, Key }));
    await putTags(Key, COLORS);
    expect(await readTags(Key)).toEqual(COLORS);
    await putTags(Key, [{ Key: "only", Value: "one" }]);
    expect(await readTags(Key)).toEqual([{ Key: "only", Value: "one" }]);
    const tagged = await client.send(new GetObjectCommand({ Bucket, Key }));
    expect(await tagged.Body!.transformToString()).toBe(Body);
    const { ETag, LastModified, Metadata, ContentType } = before;
    expect(tagged).toMatchObject({ ETag, LastModified, Metadata, ContentType, TagCount: 1 });
    const deleted = await client.send(new DeleteObjectTaggingCommand({ Bucket, Key }));
    expect(deleted.$metadata.httpStatusCode).toBe(204);
    expect(await readTags(Key)).toEqual([]);
  });

  test("come with a multipart upload", async () => {
    const upload = { Bucket, Key: "multipart" };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...upload, Tagging: HEADER }));
    const part = await client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: "part" }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
    await client.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }));
    expect(await readTags("multipart")).toEqual(COLORS);
  });

  test.each([
    ["keeps the source's tags", {}, COLORS],
    ["keeps them when only metadata is replaced", { MetadataDirective: "REPLACE", Metadata: { m: "1" } }, COLORS],
    ["does not read the header unless told to", { Tagging: "x=y" }, COLORS],
    ["replaces them", { TaggingDirective: "REPLACE", Tagging: "x=y" }, [{ Key: "x", Value: "y" }]],
    ["removes them", { TaggingDirective: "REPLACE" }, []],
  ] as const)("a copy %s", async (_, options, expected) => {
    await putTagged("source");
    // Enough keys that some lie in each index object.
    for (const number of [1, 2, 3, 4]) {
      const Key = `copy-${number}`;
      await client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/source`, ...options }));
      expect(await readTags(Key)).toEqual(expected);
    }
  });

  test("of what is not there", async () => {
    const missing = { code: "NoSuchKey", status: 404 };
    expect(await failureOf(readTags("none"))).toMatchObject(missing);
    expect(await failureOf(putTags("none", COLORS))).toMatchObject(missing);
    const target = { Bucket, Key: "none" };
    expect(await failureOf(client.send(new DeleteObjectTaggingCommand(target)))).toMatchObject(missing);
  });

  test("take the most that S3 allows", async () => {
    await putTagged("limits");
    const most = Array.from({ length: 10 }, (_, number) => ({
      Key: `${number}${"k".repeat(127)}`,
      Value: "v".repeat(256),
    }));
    await putTags("limits", most);
    expect(await readTags("limits")).toEqual(most);
  });

  test.each<[string, Tag[]]>([
    ["eleven", Array.from({ length: 11 }, (_, number) => ({ Key: `${number}`, Value: "" }))],
    ["a long key", [{ Key: "k".repeat(129), Value: "" }]],
    ["a long value", [{ Key: "k", Value: "v".repeat(257) }]],
    ["no key", [{ Key: "", Value: "v" }]],
    ["a key twice", [COLORS[0]!, COLORS[0]!]],
    ["a key of AWS's own", [{ Key: "aws:name", Value: "v" }]],
    ["a character that tags do not have", [{ Key: "a?", Value: "v" }]],
    ["a line feed", [{ Key: "a", Value: "v\n" }]],
  ])("refuse %s, and stay as they were", async (_, tags) => {
    await putTagged("refusing");
    expect(await failureOf(putTags("refusing", tags))).toMatchObject({ code: "InvalidTag", status: 400 });
    expect(await readTags("refusing")).toEqual(COLORS);
  });

  test.each([
    ["a=1&a=2", "InvalidArgument"],
    ["a=%ff", "InvalidArgument"],
    ["a=%", "InvalidArgument"],
    ["=1", "InvalidTag"],
    [Array.from({ length: 11 }, (_, number) => `k${number}=`).join("&"), "InvalidTag"],
  ])("refuse the header %s", async (Tagging, code) => {
    const put = client.send(new PutObjectCommand({ Bucket, Key: "never", Body: "x", Tagging }));
    expect(await failureOf(put)).toMatchObject({ code, status: 400 });
    expect(await failureOf(readTags("never"))).toMatchObject({ code: "NoSuchKey" });
  });
});

test("an unknown directive", async () => {
  const Bucket = await makeBucket(client);
  await client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x" }));
  const options = { Bucket, Key: "b", CopySource: `${Bucket}/a`, TaggingDirective: "KEEP" as "COPY" };
  expect(await failureOf(client.send(new CopyObjectCommand(options)))).toMatchObject({ code: "InvalidArgument" });
});

describe("a document of tags", () => {
  const EMPTY_MD5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
  const send = (body: string) => {
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    return signedFetch(verge, { method: "PUT", target: "/documents/key?tagging", body, headers });
  };
  beforeAll(async () => {
    await makeBucket(client, { Bucket: "documents" });
    await client.send(new PutObjectCommand({ Bucket: "documents", Key: "key", Body: "x" }));
  });

  test.each([
    ["<Tagging>"],
    ["<TagSet/>"],
    ["<Tagging/>"],
    ["<Tagging><TagSet/><TagSet/></Tagging>"],
    ["<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>"],
    ["<Tagging><TagSet><Tag><Value>a</Value></Tag></TagSet></Tagging>"],
    ["<Tagging><TagSet><Tag><Key>a</Key><Value/><More/></Tag></TagSet></Tagging>"],
    ["<Tagging><TagSet><Tag><Key><b/></Key><Value/></Tag></TagSet></Tagging>"],
  ])("that its schema does not know: %s", async (body) => {
    expect(await send(body)).toMatchObject({ status: 400, code: "MalformedXML" });
  });

  test("must be there, and be proven whole", async () => {
    const target = "/documents/key?tagging";
    const body = "<Tagging><TagSet/></Tagging>";
    expect(await signedFetch(verge, { method: "PUT", target, body })).toMatchObject({ code: "InvalidRequest" });
    const headers = { "content-md5": EMPTY_MD5 };
    expect(await signedFetch(verge, { method: "PUT", target, body, headers })).toMatchObject({ code: "BadDigest" });
    expect(await send(body)).toMatchObject({ status: 200 });
  });
});
