import { randomBytes } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { V7Generator } from "uuidv7";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blobKey, blobKeyPrefix } from "../../src/lib/blob-id.ts";
import { type BlobOrigin, encodeOrigin } from "../../src/storage/blob-origin.ts";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { callVerge, readIndexes, waitForExport } from "../support/verge-api.ts";

// The recovery window is a second here, and 30 days in production.

const BLOB = 20_000;
const DAY_MS = 24 * 3600_000;

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  const settings = { VERGE_RECOVERY_WINDOW_SECONDS: "1", VERGE_EXPORT_INTERVAL_SECONDS: "1" };
  verge = await startVerge({ settings });
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

const openR2 = () => verge.miniflare.getR2Bucket("BLOBS", "verge");

async function readBucketId(name: string): Promise<string> {
  const { bucket } = await callVerge<{ bucket: { bucketId: string } }>(verge, "GET", `/buckets/${name}`);
  return bucket.bucketId;
}

/** The keys of R2 under which bodies of the bucket lie. */
async function listBlobs(bucketId: string): Promise<string[]> {
  const { objects } = await (await openR2()).list({ prefix: blobKeyPrefix(bucketId) });
  return objects.map(({ key }) => key);
}

const put = (Bucket: string, Key: string, Body = randomBytes(BLOB)) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body }));

async function read(Bucket: string, Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

/** A body in R2 as a request leaves it that died before its commit, some days ago. */
async function leaveBlob(
  bucketId: string,
  origin: Pick<BlobOrigin, "key" | "uploadId" | "partNumber">,
  days: number,
): Promise<string> {
  const uuid = new V7Generator().generateOrResetCore(Date.now() - days * DAY_MS, 10_000).toString();
  const key = blobKey(`${bucketId}/0/${uuid}`);
  const customMetadata = encodeOrigin({ ...origin, ownerId: "000000000000", storageClass: "STANDARD" });
  await (await openR2()).put(key, "left behind", { customMetadata });
  return key;
}

test("replaced, deleted and aborted bodies leave R2 after the recovery window; live ones stay", async () => {
  const bucket = await makeBucket(client);
  const bucketId = await readBucketId(bucket);
  const body = randomBytes(BLOB);
  await put(bucket, "live", body);
  await put(bucket, "copied");
  await client.send(new CopyObjectCommand({ Bucket: bucket, Key: "copy", CopySource: `${bucket}/copied` }));
  const copied = await read(bucket, "copied");
  const kept = new Set(await listBlobs(bucketId));
  await put(bucket, "replaced");
  await put(bucket, "deleted");
  const upload = { Bucket: bucket, Key: "aborted" };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
  await client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: randomBytes(BLOB) }));
  expect(await listBlobs(bucketId)).toHaveLength(5);

  await put(bucket, "replaced");
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: "deleted" }));
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: "copied" }));
  await client.send(new AbortMultipartUploadCommand({ ...upload, UploadId }));
  await expect.poll(() => listBlobs(bucketId), { timeout: 15_000, interval: 200 }).toHaveLength(3);

  // Live, the copy's, and the one that replaced.
  expect((await listBlobs(bucketId)).filter((key) => kept.has(key))).toHaveLength(2);
  expect((await read(bucket, "live")).equals(body)).toBe(true);
  expect((await read(bucket, "copy")).equals(copied)).toBe(true);
  expect(await read(bucket, "replaced")).toHaveLength(BLOB);
  const [index] = await readIndexes(verge, bucket);
  await waitForExport(verge, bucket);
  expect(index).toMatchObject({ status: "open", keys: 3, garbageWaiting: 0, inlineBodies: 0 });
});

test("a body without a row is invisible, and a sweep takes it once it is 7 days old", async () => {
  const bucket = await makeBucket(client);
  const bucketId = await readBucketId(bucket);
  await put(bucket, "key");
  const [live] = await listBlobs(bucketId);
  const orphan = await leaveBlob(bucketId, { key: "key" }, 8);
  const part = await leaveBlob(bucketId, { key: "part", uploadId: "never-created", partNumber: 1 }, 30);
  const young = await leaveBlob(bucketId, { key: "another" }, 6);
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  expect(Contents?.map(({ Key }) => Key)).toEqual(["key"]);
  expect(await read(bucket, "key")).toHaveLength(BLOB);

  expect(await listBlobs(bucketId)).toEqual(expect.arrayContaining([orphan, part]));
  await callVerge(verge, "POST", `/buckets/${bucket}/sweep`);
  const left = async () => new Set(await listBlobs(bucketId));
  await expect.poll(left, { timeout: 15_000, interval: 200 }).toEqual(new Set([young, live]));
  expect(await read(bucket, "key")).toHaveLength(BLOB);
});

test("what a deleted bucket leaves behind is collected: the parts of its uploads", async () => {
  const bucket = await makeBucket(client);
  const bucketId = await readBucketId(bucket);
  const upload = { Bucket: bucket, Key: "never-completed" };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
  await client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: randomBytes(BLOB) }));
  expect(await listBlobs(bucketId)).toHaveLength(1);
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
  await expect.poll(() => listBlobs(bucketId), { timeout: 15_000, interval: 200 }).toEqual([]);
});
