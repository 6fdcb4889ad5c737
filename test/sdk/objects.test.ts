import { createHash, randomBytes } from "node:crypto";
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { checksumHeader, createChecksum } from "../../src/lib/checksums.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRaw } from "../support/raw-http.ts";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
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
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

describe("PutObject and GetObject", () => {
  // Below, at and above the size up to which a body lives in the index; above one memory page; a large one.
  test.each([0, 1, 4095, 4096, 4097, 65_537, 3_000_000])("give back a body of %i bytes", async (size) => {
    const Body = randomBytes(size);
    const put = await client.send(new PutObjectCommand({ Bucket, Key: `size-${size}`, Body }));
    expect(put.ETag).toBe(`"${md5(Body)}"`);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: `size-${size}` }));
    expect(got.ContentLength).toBe(size);
    expect(got.ETag).toBe(`"${md5(Body)}"`);
    expect(got.AcceptRanges).toBe("bytes");
    expect(md5(await got.Body!.transformToByteArray())).toBe(md5(Body));
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: `size-${size}` }));
    expect(head.ContentLength).toBe(size);
  });

  test("keep system and user metadata", async () => {
    await client.send(
      new PutObjectCommand({
        Bucket,
        Key: "described",
        Body: "x",
        ContentType: "text/plain; charset=utf-8",
        CacheControl: "max-age=60",
        ContentDisposition: 'attachment; filename="a.txt"',
        ContentEncoding: "gzip",
        ContentLanguage: "de",
        Expires: new Date("2030-01-01T00:00:00Z"),
        StorageClass: "STANDARD_IA",
        Metadata: { colour: "blue", "with-dash": "a, b", empty: "" },
      }),
    );
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "described" }));
    expect(head).toMatchObject({
      ContentType: "text/plain; charset=utf-8",
      CacheControl: "max-age=60",
      ContentDisposition: 'attachment; filename="a.txt"',
      ContentEncoding: "gzip",
      ContentLanguage: "de",
      StorageClass: "STANDARD_IA",
      Metadata: { colour: "blue", "with-dash": "a, b" },
    });
    expect(head.ExpiresString).toBe("Tue, 01 Jan 2030 00:00:00 GMT");
  });

  test("return metadata beyond ASCII as an RFC 2047 encoded word", async () => {
    const answer = await signedFetch(verge, { target: `/${Bucket}/described`, method: "HEAD" });
    expect(answer.headers.get("x-amz-meta-colour")).toBe("blue");
    const lines = [`PUT /${Bucket}/word HTTP/1.1`, `Host: ${new URL(verge.endpoint).host}`, "Content-Length: 0"];
    const refused = await sendRaw(verge.endpoint, `${lines.join("\r\n")}\r\n\r\n`);
    expect(refused.status).toBe(403);
  });

  test("replace the whole object", async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: "again", Body: "first", Metadata: { a: "1" } }));
    await client.send(new PutObjectCommand({ Bucket, Key: "again", Body: "second" }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "again" }));
    expect(await got.Body!.transformToString()).toBe("second");
    expect(got.Metadata).toEqual({});
  });

  test("are written only where the ETag that If-None-Match names is not the present one", async () => {
    const object = { Bucket, Key: "none-match" };
    const { ETag } = await client.send(new PutObjectCommand({ ...object, Body: "first", IfNoneMatch: '"other"' }));
    for (const IfNoneMatch of [ETag, `"other", W/${ETag}`]) {
      const put = new PutObjectCommand({ ...object, Body: "second", IfNoneMatch });
      expect(await failureOf(client.send(put))).toMatchObject({ code: "PreconditionFailed", status: 412 });
    }
    await client.send(new PutObjectCommand({ ...object, Body: "second", IfNoneMatch: "other" }));
    const got = await client.send(new GetObjectCommand(object));
    expect(await got.Body!.transformToString()).toBe("second");
  });

  test("override response headers for signed requests", async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: "override", Body: "x", ContentType: "text/plain" }));
    const got = await client.send(
      new GetObjectCommand({
        Bucket,
        Key: "override",
        ResponseContentType: "text/html",
        ResponseCacheControl: "no-store",
        ResponseContentDisposition: "inline",
      }),
    );
    expect(got).toMatchObject({ ContentType: "text/html", CacheControl: "no-store", ContentDisposition: "inline" });
  });

  test("name what is missing", async () => {
    expect(await failureOf(client.send(new GetObjectCommand({ Bucket, Key: "none" })))).toMatchObject({
      code: "NoSuchKey",
      status: 404,
    });
    expect(await failureOf(client.send(new GetObjectCommand({ Bucket: "no-such-bucket", Key: "none" })))).toMatchObject(
      {
        code: "NoSuchBucket",
        status: 404,
      },
    );
    expect(await failureOf(client.send(new HeadObjectCommand({ Bucket, Key: "none" })))).toMatchObject({ status: 404 });
  });
});

describe("keys", () => {
  test.each([
    "a b+c%2Fd",
    "über/✓/日本語",
    "../up",
    "a/../b",
    "//double",
    "trailing/",
    "~!*'()",
    "\u{1F600}",
    "a\u0001b",
    "100%",
    "?q=1&b#f",
  ])("are taken literally: %j", async (Key) => {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key }));
    expect(await got.Body!.transformToString()).toBe(Key);
  });

  test("end at 1,024 bytes", async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: "k".repeat(1024), Body: "x" }));
    const failure = await failureOf(client.send(new PutObjectCommand({ Bucket, Key: "k".repeat(1025), Body: "x" })));
    expect(failure).toMatchObject({ code: "KeyTooLongError", status: 400 });
  });
});

describe("checksums", () => {
  test.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const)(
    "of %s are verified, stored and returned",
    async (algorithm) => {
      for (const size of [100, 100_000]) {
        const Key = `checksum-${algorithm}-${size}`;
        const put = await client.send(
          new PutObjectCommand({ Bucket, Key, Body: randomBytes(size), ChecksumAlgorithm: algorithm }),
        );
        const got = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
        // The SDK verifies the body against the returned checksum while it is read.
        expect((await got.Body!.transformToByteArray()).length).toBe(size);
        const name = `Checksum${algorithm}` as keyof typeof put;
        expect(put[name]).toBeDefined();
        expect(got[name as keyof typeof got]).toBe(put[name]);
        expect(got.ChecksumType).toBe("FULL_OBJECT");
      }
    },
  );

  // The SDK computes the others only with code of one's own, so they go by header.
  test.each(["MD5", "SHA512", "XXHASH64", "XXHASH3", "XXHASH128"] as const)(
    "of %s come by header",
    async (algorithm) => {
      const body = "checked";
      const hash = createChecksum(algorithm);
      hash.update(Buffer.from(body));
      const name = checksumHeader(algorithm);
      const value = await hash.digestBase64();
      const target = `/${Bucket}/checksum-${algorithm}`;
      const put = await signedFetch(verge, { method: "PUT", target, body, headers: { [name]: value } });
      expect(put).toMatchObject({ status: 200 });
      const head = await signedFetch(verge, { method: "HEAD", target, headers: { "x-amz-checksum-mode": "ENABLED" } });
      expect(head.headers.get(name)).toBe(value);
      const wrong = await signedFetch(verge, { method: "PUT", target, body: "changed", headers: { [name]: value } });
      expect(wrong).toMatchObject({ status: 400, code: "BadDigest" });
    },
  );

  test("that do not fit store nothing", async () => {
    const put = new PutObjectCommand({
      Bucket,
      Key: "wrong",
      Body: "hello",
      ChecksumSHA256: createHash("sha256").update("x").digest("base64"),
    });
    expect(await failureOf(client.send(put))).toMatchObject({ code: "BadDigest", status: 400 });
    const large = new PutObjectCommand({
      Bucket,
      Key: "wrong",
      Body: randomBytes(100_000),
      ContentMD5: createHash("md5").update("x").digest("base64"),
    });
    expect(await failureOf(client.send(large))).toMatchObject({ code: "BadDigest", status: 400 });
    expect(await failureOf(client.send(new HeadObjectCommand({ Bucket, Key: "wrong" })))).toMatchObject({
      status: 404,
    });
  });
});
