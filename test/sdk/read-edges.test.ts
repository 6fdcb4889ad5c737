import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRaw } from "../support/raw-http.ts";
import { makeBucket, withHeaders } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

let verge: Verge;
let client: S3Client;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  Bucket = await makeBucket(client);
  await client.send(new PutObjectCommand({ Bucket, Key: "empty", Body: "" }));
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

describe("an empty object", () => {
  test("is whole for partNumber 1, with which parallel downloads begin: no range can describe it", async () => {
    const answer = await signedFetch(verge, { target: `/${Bucket}/empty?partNumber=1` });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-range")).toBeNull();
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "empty", PartNumber: 1 }));
    expect([head.$metadata.httpStatusCode, head.ContentLength, head.ContentRange]).toEqual([200, 0, undefined]);
  });

  test("is whole for its last bytes, and satisfies no other range", async () => {
    const tail = await signedFetch(verge, { target: `/${Bucket}/empty`, headers: { range: "bytes=-8" } });
    expect(tail.status).toBe(200);
    for (const range of ["bytes=0-0", "bytes=0-", "bytes=-0"]) {
      const answer = await signedFetch(verge, { target: `/${Bucket}/empty`, headers: { range } });
      expect(answer).toMatchObject({ status: 416, code: "InvalidRange" });
    }
  });
});

describe("If-Range", () => {
  const get = (ifRange: string, Range = "bytes=2-") =>
    client.send(withHeaders(new GetObjectCommand({ Bucket, Key: "resumed", Range }), { "if-range": ifRange }));

  test("gives the rest of the same object, and the whole of another: a resumed download is never of two", async () => {
    const first = await client.send(new PutObjectCommand({ Bucket, Key: "resumed", Body: "first" }));
    const rest = await get(first.ETag!);
    expect([rest.$metadata.httpStatusCode, await rest.Body!.transformToString()]).toEqual([206, "rst"]);
    await client.send(new PutObjectCommand({ Bucket, Key: "resumed", Body: "2" }));
    for (const range of ["bytes=0-", "bytes=2-"]) {
      const whole = await get(first.ETag!, range);
      expect([whole.$metadata.httpStatusCode, whole.ContentRange]).toEqual([200, undefined]);
      expect(await whole.Body!.transformToString()).toBe("2");
    }
  });

  test("takes a date that is the object's own, and no weak ETag", async () => {
    const put = await client.send(new PutObjectCommand({ Bucket, Key: "resumed", Body: "again" }));
    const { LastModified } = await client.send(new HeadObjectCommand({ Bucket, Key: "resumed" }));
    expect((await get(LastModified!.toUTCString())).$metadata.httpStatusCode).toBe(206);
    expect((await get(new Date(LastModified!.getTime() + 1000).toUTCString())).$metadata.httpStatusCode).toBe(200);
    expect((await get(`W/${put.ETag!}`)).$metadata.httpStatusCode).toBe(200);
  });
});

describe("headers beyond ASCII", () => {
  test.each([
    ["UTF-8", Buffer.from("日本")],
    ["ISO 8859-1", Buffer.from("é", "latin1")],
  ])("are kept, and break no read: %s", async (name, bytes) => {
    const Key = `named in ${name}`;
    const url = new URL(await getSignedUrl(client, new PutObjectCommand({ Bucket, Key })));
    const head = `PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 0\r\n`;
    const put = await sendRaw(verge.endpoint, [
      Buffer.concat([
        Buffer.from(`${head}content-disposition: attachment; filename="`),
        bytes,
        Buffer.from('"\r\n\r\n'),
      ]),
    ]);
    expect(put.status).toBe(200);
    const got = await signedFetch(verge, { target: `/${Bucket}/${encodeURIComponent(Key)}` });
    expect(got.status).toBe(200);
    const copied = await signedFetch(verge, {
      method: "PUT",
      target: `/${Bucket}/copy`,
      headers: { "x-amz-copy-source": `/${Bucket}/${encodeURIComponent(Key)}` },
    });
    expect(copied.status).toBe(200);
  });
});
