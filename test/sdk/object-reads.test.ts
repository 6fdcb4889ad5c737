import { randomBytes } from "node:crypto";
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

let verge: Verge;
let client: S3Client;
let Bucket: string;
const bodies: Record<string, Buffer> = { inline: randomBytes(1000), blob: randomBytes(200_000) };
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  Bucket = await makeBucket(client);
  for (const [Key, Body] of Object.entries(bodies)) await client.send(new PutObjectCommand({ Bucket, Key, Body }));
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

describe.each(Object.keys(bodies))("ranges of a body that is kept as %s", (Key) => {
  const body = bodies[Key]!;
  const { length } = body;

  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=5-9", 5, 10],
    ["bytes=10-", 10, length],
    ["bytes=-7", length - 7, length],
    [`bytes=-${length + 100}`, 0, length],
    [`bytes=5-${length + 100}`, 5, length],
  ])("%s", async (Range, from, to) => {
    const got = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
    expect(got.$metadata.httpStatusCode).toBe(206);
    expect(got.ContentRange).toBe(`bytes ${from}-${to - 1}/${length}`);
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(body.subarray(from, to))).toBe(true);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key, Range }));
    expect(head.ContentLength).toBe(to - from);
  });

  test("beyond the end are not satisfiable", async () => {
    const answer = await signedFetch(verge, { target: `/${Bucket}/${Key}`, headers: { range: `bytes=${length}-` } });
    expect(answer).toMatchObject({ status: 416, code: "InvalidRange" });
    expect(answer.headers.get("content-range")).toBe(`bytes */${length}`);
  });

  test.each(["bytes=0-1,3-4", "lines=1-2", "bytes=9-5", "bytes=x"])("that S3 ignores: %s", async (range) => {
    const answer = await signedFetch(verge, { target: `/${Bucket}/${Key}`, headers: { range } });
    expect(answer.status).toBe(200);
  });
});

describe("conditional reads", () => {
  const past = new Date(Date.now() - 3_600_000);
  let etag: string;
  beforeAll(async () => {
    etag = (await client.send(new HeadObjectCommand({ Bucket, Key: "blob" }))).ETag!;
  });

  test("If-None-Match and If-Modified-Since answer 304", async () => {
    const answer = await signedFetch(verge, { target: `/${Bucket}/blob`, headers: { "if-none-match": etag } });
    expect(answer.status).toBe(304);
    expect(answer.headers.get("etag")).toBe(etag);
    expect(answer.text).toBe("");
    const since = new GetObjectCommand({ Bucket, Key: "blob", IfModifiedSince: new Date() });
    expect(await failureOf(client.send(since))).toMatchObject({ status: 304 });
  });

  test("If-Match and If-Unmodified-Since answer 412", async () => {
    const match = new GetObjectCommand({ Bucket, Key: "blob", IfMatch: '"0"' });
    expect(await failureOf(client.send(match))).toMatchObject({ code: "PreconditionFailed", status: 412 });
    const since = new HeadObjectCommand({ Bucket, Key: "blob", IfUnmodifiedSince: past });
    expect(await failureOf(client.send(since))).toMatchObject({ status: 412 });
  });

  test("an ETag beats a date, as S3 documents", async () => {
    const both = new HeadObjectCommand({ Bucket, Key: "blob", IfMatch: etag, IfUnmodifiedSince: past });
    expect((await client.send(both)).$metadata.httpStatusCode).toBe(200);
    const none = new GetObjectCommand({ Bucket, Key: "blob", IfNoneMatch: etag, IfModifiedSince: past });
    expect(await failureOf(client.send(none))).toMatchObject({ status: 304 });
  });
});

describe("partNumber of an object that was put whole", () => {
  test("1 is the whole object, others are none of it", async () => {
    const first = await client.send(new GetObjectCommand({ Bucket, Key: "blob", PartNumber: 1 }));
    expect(first.$metadata.httpStatusCode).toBe(206);
    expect((await first.Body!.transformToByteArray()).length).toBe(bodies["blob"]!.length);
    expect(await failureOf(client.send(new GetObjectCommand({ Bucket, Key: "blob", PartNumber: 2 })))).toMatchObject({
      code: "InvalidPart",
      status: 400,
    });
  });
});
