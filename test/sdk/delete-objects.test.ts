import { createHash } from "node:crypto";
import {
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ObjectIdentifier,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
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

const md5 = (body: string) => createHash("md5").update(body).digest("base64");

/** A DeleteObjects whose document is written by hand. */
const post = (bucket: string, body: string, headers: Record<string, string> = { "content-md5": md5(body) }) =>
  signedFetch(verge, { method: "POST", target: `/${bucket}?delete`, body, headers });

async function listKeys(bucket: string): Promise<(string | undefined)[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key }) => Key);
}

describe.each([1, 4])("on %i index objects", (shards) => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await makeBucket(client, { shards });
  });

  const remove = (Objects: ObjectIdentifier[], Quiet?: boolean) =>
    client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet } }));

  test("deletes the keys and tells of each, in their order", async () => {
    const keys = Array.from({ length: 20 }, (_, number) => `k${number}`);
    await putKeys(client, bucket, [...keys, "other"]);
    const { Deleted, Errors } = await remove([...keys, "not there"].map((Key) => ({ Key })));
    expect(Deleted).toEqual([...keys, "not there"].map((Key) => ({ Key })));
    expect(Errors).toBeUndefined();
    expect(await listKeys(bucket)).toEqual(["other"]);
  });

  test("1,000 keys at once", async () => {
    const keys = Array.from({ length: 1000 }, (_, number) => ({ Key: `thousand/${number}` }));
    await putKeys(client, bucket, ["thousand/0", "thousand/999"]);
    const { Deleted } = await remove(keys);
    expect(Deleted).toHaveLength(1000);
    expect((await listKeys(bucket)).filter((key) => key?.startsWith("thousand/"))).toEqual([]);
  });

  test("says nothing of successes when quiet", async () => {
    await putKeys(client, bucket, ["q1", "q2"]);
    const answer = await remove([{ Key: "q1" }, { Key: "q2", ETag: '"wrong"' }], true);
    expect(answer.Deleted).toBeUndefined();
    expect(answer.Errors).toMatchObject([{ Key: "q2", Code: "PreconditionFailed" }]);
    expect(await listKeys(bucket)).toContain("q2");
  });

  test("decides each key's conditions by themselves", async () => {
    const { ETag } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: "c1", Body: "123" }));
    await putKeys(client, bucket, ["c2", "c3", "c4", "c5"]);
    const { LastModified } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "c3" }));
    const { Deleted, Errors } = await remove([
      { Key: "c1", ETag, Size: 3 },
      { Key: "c2", Size: 100 },
      { Key: "c3", LastModifiedTime: LastModified },
      { Key: "c4", LastModifiedTime: new Date(0) },
      { Key: "c5", ETag: "*" },
      { Key: "missing", ETag: "*" },
      { Key: "missing too", Size: 1 },
    ]);
    expect(Deleted?.map(({ Key }) => Key)).toEqual(["c1", "c3", "c5", "missing too"]);
    expect(Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ["c2", "PreconditionFailed"],
      ["c4", "PreconditionFailed"],
      ["missing", "NoSuchKey"],
    ]);
  });

  test("a key that is too long fails alone", async () => {
    await putKeys(client, bucket, ["short"]);
    const { Deleted, Errors } = await remove([{ Key: "x".repeat(1025) }, { Key: "short" }]);
    expect(Deleted).toEqual([{ Key: "short" }]);
    expect(Errors?.map(({ Code }) => Code)).toEqual(["KeyTooLongError"]);
  });

  test("takes the null version, and not one that cannot be", async () => {
    await putKeys(client, bucket, ["v1", "v2"]);
    const { Deleted, Errors } = await remove([
      { Key: "v1", VersionId: "null" },
      { Key: "v2", VersionId: "made-up" },
    ]);
    expect(Deleted).toEqual([{ Key: "v1", VersionId: "null" }]);
    expect(Errors).toMatchObject([{ Key: "v2", VersionId: "made-up", Code: "NoSuchVersion" }]);
    expect(await listKeys(bucket)).toContain("v2");
  });

  test("keys with control characters, markup and traversal are taken literally", async () => {
    const keys = ["a\u0001b", "<&>\"'", "../up", "line\nfeed", "trailing ", "\u{1f600}"];
    await putKeys(client, bucket, keys);
    const body = `<Delete>${["a&#x1;b", "&lt;&amp;&gt;&quot;&apos;", "../up", "line&#10;feed", "trailing ", "&#x1F600;"]
      .map((key) => `<Object><Key>${key}</Key></Object>`)
      .join("")}</Delete>`;
    const { status, text } = await post(bucket, body);
    expect(status).toBe(200);
    expect(text.match(/<Deleted>/g)).toHaveLength(keys.length);
    expect((await listKeys(bucket)).filter((key) => keys.includes(key!))).toEqual([]);
  });
});

describe("a document that is not whole or not right deletes nothing", () => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await makeBucket(client);
    await putKeys(client, bucket, ["a"]);
  });

  const object = "<Object><Key>a</Key></Object>";
  const document = `<Delete>${object}</Delete>`;

  test.each([
    ["no digest", document, {}, "InvalidRequest"],
    ["a wrong MD5", document, { "content-md5": md5("other") }, "BadDigest"],
    ["an invalid MD5", document, { "content-md5": "AAAA" }, "InvalidDigest"],
    ["a wrong checksum", document, { "x-amz-checksum-crc32": "AAAAAA==" }, "BadDigest"],
    ["an invalid checksum", document, { "x-amz-checksum-crc32": "AA" }, "BadDigest"],
  ])("%s", async (_, body, headers, code) => {
    const answer = await post(bucket, body, headers);
    expect([answer.status, answer.code]).toEqual([400, code]);
    expect(await listKeys(bucket)).toEqual(["a"]);
  });

  test.each([
    ["no object", "<Delete/>"],
    ["1,001 objects", `<Delete>${object.repeat(1001)}</Delete>`],
    ["an unknown element", `<Delete>${object}<Surprise/></Delete>`],
    ["an end that is missing", `<Delete>${object}`],
    ["a DOCTYPE with entities", `<!DOCTYPE d [<!ENTITY e "a">]><Delete><Object><Key>&e;</Key></Object></Delete>`],
    ["deep nesting", `<Delete>${"<Object>".repeat(5000)}</Delete>`],
    ["tiny elements by the hundred thousand", `<Delete>${object}${"<x/>".repeat(150_000)}</Delete>`],
  ])("%s", async (_, body) => {
    const answer = await post(bucket, body);
    expect([answer.status, answer.code]).toEqual([400, "MalformedXML"]);
    expect(await listKeys(bucket)).toEqual(["a"]);
  });

  test("names the missing header as S3 does", async () => {
    const { message } = await post(bucket, document, {});
    expect(message).toBe("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  });

  test("an empty body is not a document", async () => {
    const answer = await post(bucket, "");
    expect([answer.status, answer.code]).toEqual([400, "MissingRequestBodyError"]);
  });

  test("in a bucket that does not exist", async () => {
    const call = client.send(new DeleteObjectsCommand({ Bucket: "no-such", Delete: { Objects: [{ Key: "a" }] } }));
    expect(await failureOf(call)).toMatchObject({ code: "NoSuchBucket", status: 404 });
  });
});

test.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const)(
  "a %s proves the document",
  async (algorithm) => {
    const bucket = await makeBucket(client);
    await putKeys(client, bucket, ["a"]);
    await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: [{ Key: "a" }] }, ChecksumAlgorithm: algorithm }),
    );
    expect(await listKeys(bucket)).toEqual([]);
  },
);
