import { createHash } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { makeBytes, MIB } from "./multipart-support.ts";

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

function customerKey(seed: number) {
  const key = Buffer.alloc(32, seed);
  const SSECustomerKeyMD5 = createHash("md5").update(key).digest("base64");
  return { SSECustomerAlgorithm: "AES256", SSECustomerKey: key.toString("base64"), SSECustomerKeyMD5 };
}
const MINE = customerKey(7);
const OTHER = customerKey(8);
const SOURCE = {
  CopySourceSSECustomerAlgorithm: MINE.SSECustomerAlgorithm,
  CopySourceSSECustomerKey: MINE.SSECustomerKey,
  CopySourceSSECustomerKeyMD5: MINE.SSECustomerKeyMD5,
};

async function read(Bucket: string, Key: string, input: object = {}): Promise<Buffer> {
  const got = await client.send(new GetObjectCommand({ Bucket, Key, ...input }));
  return Buffer.from(await got.Body!.transformToByteArray());
}

describe.each([1, 4])("objects under a customer's key in a bucket on %i index objects", (shards) => {
  let Bucket: string;
  const bodies = { empty: Buffer.alloc(0), small: makeBytes(100, 1), large: makeBytes(300_000, 2) };
  beforeAll(async () => {
    Bucket = await makeBucket(client, { shards });
    for (const [Key, Body] of Object.entries(bodies)) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ...MINE }));
    }
    await client.send(new PutObjectCommand({ Bucket, Key: "plain", Body: bodies.small, Metadata: { a: "b" } }));
  });

  test.each(["empty", "small", "large"] as const)("an %s body is read with its key and with no other", async (Key) => {
    expect((await read(Bucket, Key, MINE)).equals(bodies[Key])).toBe(true);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key, ...MINE }));
    expect(head).toMatchObject({ ContentLength: bodies[Key].length, SSECustomerKeyMD5: MINE.SSECustomerKeyMD5 });
    const address = { Bucket, Key };
    const none = await failureOf(client.send(new GetObjectCommand(address)));
    expect(none).toMatchObject({ code: "InvalidRequest", status: 400 });
    const wrong = await failureOf(client.send(new GetObjectCommand({ ...address, ...OTHER })));
    expect(wrong).toMatchObject({ code: "InvalidRequest", status: 400 });
    const head400 = await failureOf(client.send(new HeadObjectCommand(address)));
    expect(head400).toMatchObject({ status: 400 });
    const headOther = await failureOf(client.send(new HeadObjectCommand({ ...address, ...OTHER })));
    expect(headOther).toMatchObject({ status: 400 });
    const attributes = new GetObjectAttributesCommand({ ...address, ObjectAttributes: ["ObjectSize"] });
    expect(await failureOf(client.send(attributes))).toMatchObject({ code: "InvalidRequest" });
  });

  test("a write says which key it took", async () => {
    const put = await client.send(new PutObjectCommand({ Bucket, Key: "written", Body: "x", ...MINE }));
    expect(put).toMatchObject({ SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: MINE.SSECustomerKeyMD5 });
    expect(put.ServerSideEncryption).toBeUndefined();
  });

  test("ranges", async () => {
    const range = await read(Bucket, "large", { ...MINE, Range: "bytes=1000-200000" });
    expect(range.equals(bodies.large.subarray(1000, 200_001))).toBe(true);
  });

  test("an object without such a key is not read with one", async () => {
    const refused = await failureOf(client.send(new GetObjectCommand({ Bucket, Key: "plain", ...MINE })));
    expect(refused).toMatchObject({ code: "InvalidRequest" });
  });

  test("a copy is encrypted as its own request says", async () => {
    const copy = (Key: string, input: object) =>
      client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/large`, ...input }));
    expect(await failureOf(copy("c0", {}))).toMatchObject({ code: "InvalidRequest" });
    await copy("c1", SOURCE);
    expect((await read(Bucket, "c1")).equals(bodies.large)).toBe(true);
    const other = await copy("c2", { ...SOURCE, ...OTHER });
    expect(other.SSECustomerKeyMD5).toBe(OTHER.SSECustomerKeyMD5);
    expect((await read(Bucket, "c2", OTHER)).equals(bodies.large)).toBe(true);
    expect(await failureOf(read(Bucket, "c2", MINE))).toMatchObject({ code: "InvalidRequest" });
  });

  test("a plain object is copied under a key, with its metadata", async () => {
    await client.send(new CopyObjectCommand({ Bucket, Key: "c3", CopySource: `${Bucket}/plain`, ...MINE }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "c3", ...MINE }));
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(bodies.small)).toBe(true);
    expect(got.Metadata).toEqual({ a: "b" });
  });

  test("parts of an upload come with its key", async () => {
    const target = { Bucket, Key: `parts-${shards}` };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...MINE }));
    const upload = { ...target, UploadId: UploadId! };
    const [first, second] = [makeBytes(5 * MIB, 1), makeBytes(1000, 3)];
    const part = { ...upload, PartNumber: 1, Body: first };
    expect(await failureOf(client.send(new UploadPartCommand(part)))).toMatchObject({ code: "InvalidRequest" });
    const wrong = client.send(new UploadPartCommand({ ...part, ...OTHER }));
    expect(await failureOf(wrong)).toMatchObject({ code: "InvalidRequest" });
    const one = await client.send(new UploadPartCommand({ ...part, ...MINE }));
    const two = await client.send(new UploadPartCommand({ ...upload, ...MINE, PartNumber: 2, Body: second }));
    const copied = await client.send(
      new UploadPartCopyCommand({
        ...upload,
        ...MINE,
        ...SOURCE,
        PartNumber: 2,
        CopySource: `${Bucket}/large`,
        CopySourceRange: "bytes=0-999",
      }),
    );
    expect(copied.CopyPartResult!.ETag).not.toBe(two.ETag);
    const Parts = [one.ETag, copied.CopyPartResult!.ETag].map((ETag, at) => ({ ETag: ETag!, PartNumber: at + 1 }));
    const completion = { ...upload, MultipartUpload: { Parts } };
    for (const input of [completion, { ...completion, ...OTHER }]) {
      const refused = await failureOf(client.send(new CompleteMultipartUploadCommand(input)));
      expect(refused).toMatchObject({ code: "InvalidRequest", status: 400 });
    }
    for (const repetition of [1, 2]) {
      const { ETag } = await client.send(new CompleteMultipartUploadCommand({ ...completion, ...MINE }));
      expect([repetition, ETag]).toEqual([repetition, expect.stringMatching(/-2"$/)]);
    }
    const whole = Buffer.concat([first, bodies.large.subarray(0, 1000)]);
    expect((await read(Bucket, target.Key, MINE)).equals(whole)).toBe(true);
    expect(await failureOf(read(Bucket, target.Key))).toMatchObject({ code: "InvalidRequest" });
    const beyond = await failureOf(read(Bucket, target.Key, { PartNumber: 3 }));
    expect(beyond).toMatchObject({ code: "InvalidPart", status: 400 });
  });

  test("a client that sends no checksums completes without the key", async () => {
    const old = createS3Client(verge, { requestChecksumCalculation: "WHEN_REQUIRED" });
    const target = { Bucket, Key: `old-${shards}` };
    const { UploadId } = await old.send(new CreateMultipartUploadCommand({ ...target, ...MINE }));
    const part = { ...target, UploadId, PartNumber: 1, Body: bodies.small, ...MINE };
    const { ETag } = await old.send(new UploadPartCommand(part));
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
    const completion = { ...target, UploadId, MultipartUpload };
    const refused = await failureOf(old.send(new CompleteMultipartUploadCommand({ ...completion, ...OTHER })));
    expect(refused).toMatchObject({ code: "InvalidRequest" });
    await old.send(new CompleteMultipartUploadCommand(completion));
    expect((await read(Bucket, target.Key, MINE)).equals(bodies.small)).toBe(true);
    old.destroy();
  });

  test("an upload without a key takes no part with one", async () => {
    const target = { Bucket, Key: `plain-parts-${shards}` };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
    const part = new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: bodies.small, ...MINE });
    expect(await failureOf(client.send(part))).toMatchObject({ code: "InvalidRequest" });
  });
});
