import { createHash } from "node:crypto";
import { lookup } from "node:dns";
import { Agent } from "node:http";
import { Readable } from "node:stream";
import {
  ChecksumAlgorithm,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  RenameObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { makeContent, MEGABYTE } from "./content.ts";

/** The current SDK for JavaScript, in the ways that programs use it. */
let verge: Verge;
let client: S3Client;
const Bucket = "sdk";

beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

describe("lib-storage Upload", () => {
  const content = makeContent(13 * MEGABYTE + 17);

  test.each([
    ["a buffer", () => content],
    ["a stream of unknown length", () => Readable.from(cut(content, 64 * 1024))],
    ["a stream of unequal pieces", () => Readable.from(cutUnequally(content))],
  ])("sends %s in parts", async (Key, open) => {
    const upload = new Upload({
      client,
      params: { Bucket, Key, Body: open(), ContentType: "video/x-test", Metadata: { color: "blue" } },
      partSize: 5 * MEGABYTE,
      queueSize: 2,
    });
    expect((await upload.done()).ETag).toMatch(/-3"$/);
    const got = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    expect(got).toMatchObject({ ContentType: "video/x-test", Metadata: { color: "blue" } });
    // The client compares the checksum while it reads.
    expect(sha256((await got.Body?.transformToByteArray()) ?? "")).toBe(sha256(content));
  });

  test("sends what fits into one part as one object, even nothing", async () => {
    for (const [Key, text] of [
      ["short", "short"],
      ["nothing", ""],
    ] as const) {
      await new Upload({ client, params: { Bucket, Key, Body: Readable.from([Buffer.from(text)]) } }).done();
      expect(await read(Key)).toBe(text);
    }
  });

  test("leaves neither upload nor object when it is aborted", async () => {
    const upload = new Upload({ client, params: { Bucket, Key: "aborted", Body: Readable.from(endless()) } });
    setTimeout(() => void upload.abort(), 500);
    await expect(upload.done()).rejects.toThrow("abort");
    // It cleans up after `done` has thrown.
    const listUploads = async () => (await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];
    await expect.poll(listUploads, { timeout: 5_000 }).toEqual([]);
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "aborted" }));
    expect(KeyCount).toBe(0);
  });
});

describe("s3-request-presigner", () => {
  const Key = "signed/été a+b%.txt";

  test("an upload with metadata, class and checksum in the query", async () => {
    const checksum = createHash("sha256").update("by URL").digest("base64");
    const put = new PutObjectCommand({
      Bucket,
      Key,
      Metadata: { color: "blue" },
      StorageClass: "STANDARD_IA",
      ChecksumSHA256: checksum,
    });
    const url = await getSignedUrl(client, put, { expiresIn: 60, unhoistableHeaders: new Set() });
    expect(url).toContain("x-amz-meta-color=blue");
    const other = await fetch(url, { method: "PUT", body: "other" });
    expect([other.status, await other.text()]).toEqual([400, expect.stringContaining("<Code>BadDigest</Code>")]);
    expect((await fetch(url, { method: "PUT", body: "by URL" })).status).toBe(200);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ Metadata: { color: "blue" }, StorageClass: "STANDARD_IA", ChecksumSHA256: checksum });
  });

  test("a download under another name; neither another method, nor another key, nor later", async () => {
    const overrides = {
      ResponseContentDisposition: 'attachment; filename="x y.txt"',
      ResponseContentType: "text/x-test",
    };
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key, ...overrides }), { expiresIn: 1 });
    const answer = await fetch(url);
    expect(answer.headers.get("content-disposition")).toBe(overrides.ResponseContentDisposition);
    expect(answer.headers.get("content-type")).toBe(overrides.ResponseContentType);
    expect(await answer.text()).toBe("by URL");
    expect((await fetch(url, { method: "DELETE" })).status).toBe(403);
    expect((await fetch(url.replace("signed", "other"))).status).toBe(403);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await (await fetch(url)).text()).toContain("Request has expired");
  });

  test("headers that the caller must send as they were signed", async () => {
    const put = new PutObjectCommand({ Bucket, Key: "typed", ContentType: "text/x-test" });
    const url = await getSignedUrl(client, put, { signableHeaders: new Set(["content-type"]) });
    const send = (type: string) => fetch(url, { method: "PUT", body: "x", headers: { "content-type": type } });
    expect((await send("text/html")).status).toBe(403);
    expect((await send("text/x-test")).status).toBe(200);
  });
});

describe("checksums", () => {
  // Of "hello", in hexadecimal. The SDK computes the first five by itself and takes the others as they are given.
  const DIGESTS: Readonly<Record<ChecksumAlgorithm, string>> = {
    CRC32: "3610a686",
    CRC32C: "9a71bb4c",
    CRC64NVME: "3377857006524257",
    SHA1: createHash("sha1").update("hello").digest("hex"),
    SHA256: createHash("sha256").update("hello").digest("hex"),
    MD5: createHash("md5").update("hello").digest("hex"),
    SHA512: createHash("sha512").update("hello").digest("hex"),
    XXHASH64: "26c7827d889f6da3",
    XXHASH3: "9555e8555c62dcfd",
    XXHASH128: "b5e9c1ad071b3e7fc779cfaa5e523818",
  };
  const COMPUTED = new Set<ChecksumAlgorithm>(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]);

  test.each(Object.values(ChecksumAlgorithm))("%s: checked on the way up, kept, told", async (algorithm) => {
    const object = { Bucket, Key: `checksums/${algorithm}` };
    const member = `Checksum${algorithm}` as const;
    const value = Buffer.from(DIGESTS[algorithm], "hex").toString("base64");
    const asked = COMPUTED.has(algorithm) ? { ChecksumAlgorithm: algorithm } : { [member]: value };
    await client.send(new PutObjectCommand({ ...object, Body: "hello", ...asked }));
    const lie = client.send(new PutObjectCommand({ ...object, Body: "other", [member]: value }));
    await expect(lie).rejects.toMatchObject({ name: "BadDigest" });
    expect(await client.send(new HeadObjectCommand({ ...object, ChecksumMode: "ENABLED" }))).toMatchObject({
      ETag: '"5d41402abc4b2a76b9719d911017c592"',
      [member]: value,
      ChecksumType: "FULL_OBJECT",
    });
  });

  test("of a stream: as a trailer of an aws-chunked body", async () => {
    const body = makeContent(3 * MEGABYTE + 1);
    const input = { Bucket, Key: "trailer", ContentLength: body.length, ChecksumAlgorithm: "CRC64NVME" } as const;
    await client.send(new PutObjectCommand({ ...input, Body: Readable.from(cutUnequally(body)) }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "trailer", ChecksumMode: "ENABLED" }));
    expect(got.ContentEncoding).toBeUndefined();
    expect(got.ChecksumCRC64NVME).toMatch(/^.{11}=$/);
    expect(sha256((await got.Body?.transformToByteArray()) ?? "")).toBe(sha256(body));
  });
});

describe("what older command lines have no words for", () => {
  test("rename; delete on condition; copy on condition", async () => {
    const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: "old", Body: "hello" }));
    await client.send(new RenameObjectCommand({ Bucket, Key: "new name", RenameSource: "old" }));
    await expect(read("old")).rejects.toMatchObject({ name: "NoSuchKey" });
    expect(await read("new name")).toBe("hello");

    const copy = { Bucket, Key: "copy", CopySource: `${Bucket}/new%20name` };
    await expect(client.send(new CopyObjectCommand({ ...copy, CopySourceIfMatch: '"other"' }))).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
    const remove = { Bucket, Key: "new name" };
    await expect(client.send(new DeleteObjectCommand({ ...remove, IfMatch: '"other"' }))).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
    await client.send(new DeleteObjectCommand({ ...remove, IfMatch: ETag }));
    await expect(read("new name")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("virtual-hosted style", async () => {
    // Node resolves no sub-hosts of localhost by itself.
    const agent = new Agent({ lookup: (_, options, found) => lookup("127.0.0.1", options, found) });
    const endpoint = verge.endpoint.replace("127.0.0.1", "s3.localhost");
    const hosted = createS3Client(verge, { endpoint, forcePathStyle: false, requestHandler: { httpAgent: agent } });
    await hosted.send(new PutObjectCommand({ Bucket, Key: "hosted/a b+é", Body: "by host" }));
    expect(await read("hosted/a b+é")).toBe("by host");
    hosted.destroy();
  });

  test("a browser's preflight is refused while there are no CORS rules", async () => {
    const headers = { origin: "https://example.com", "access-control-request-method": "PUT" };
    const answer = await fetch(`${verge.endpoint}/${Bucket}/key`, { method: "OPTIONS", headers });
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining("<Code>AccessForbidden</Code>"),
    ]);
  });
});

async function read(Key: string): Promise<string | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  return Body?.transformToString();
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function* cutUnequally(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 999_983) {
    yield bytes.subarray(at, at + size);
  }
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.alloc(MEGABYTE);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
