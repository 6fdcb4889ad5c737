import { crc32 } from "node:zlib";
import { HeadObjectCommand, PutObjectCommand, type S3Client, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import type { UploadPartCopyCommandInput } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import {
  beginUpload,
  complete,
  createBucket,
  makeBytes,
  md5,
  MIB,
  readObject,
  refusalOf,
  sendPart,
  type Upload,
} from "./multipart-support.ts";

let verge: Verge;
let client: S3Client;
const SOURCE = "copy-source";
const Bucket = "copy-destination";
const LARGE = makeBytes(11 * MIB, 1);
const SMALL = makeBytes(100, 2);

beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  await createBucket(client, SOURCE);
  await createBucket(client, Bucket, 4);
  await client.send(new PutObjectCommand({ Bucket: SOURCE, Key: "large 1+é", Body: LARGE }));
  await client.send(new PutObjectCommand({ Bucket: SOURCE, Key: "small", Body: SMALL }));
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

const LARGE_SOURCE = `${SOURCE}/${encodeURIComponent("large 1+é")}`;

async function copyPart(upload: Upload, PartNumber: number, input: Partial<UploadPartCopyCommandInput>) {
  const { CopyPartResult } = await client.send(
    new UploadPartCopyCommand({ CopySource: LARGE_SOURCE, ...upload, ...input, PartNumber }),
  );
  return { PartNumber, ...CopyPartResult };
}

test("parts are copied from large and small objects, whole and by range, beside uploaded ones", async () => {
  const target = { Bucket, Key: "composed" };
  const upload = await beginUpload(client, target);
  const ranged = await copyPart(upload, 1, { CopySourceRange: `bytes=1-${6 * MIB}` });
  expect(ranged.ETag).toBe(`"${md5(LARGE.subarray(1, 6 * MIB + 1))}"`);
  expect(Math.abs(Date.now() - ranged.LastModified!.getTime())).toBeLessThan(60_000);
  const whole = await copyPart(upload, 2, { CopySource: `/${LARGE_SOURCE}` });
  const own = await sendPart(client, upload, 3, LARGE);
  const small = await copyPart(upload, 4, { CopySource: `${SOURCE}/small`, CopySourceRange: "bytes=10-19" });
  const parts = [ranged, whole, own, small].map(({ PartNumber, ETag }) => ({ PartNumber, ETag: ETag! }));
  await complete(client, upload, parts);
  const expected = Buffer.concat([LARGE.subarray(1, 6 * MIB + 1), LARGE, LARGE, SMALL.subarray(10, 20)]);
  expect((await readObject(client, target)).equals(expected)).toBe(true);

  // A source of several blobs, over the seams between them.
  const again = await beginUpload(client, { Bucket, Key: "again" });
  const first = 6 * MIB - 5;
  const last = 28 * MIB + 3;
  const seams = await copyPart(again, 1, {
    CopySource: `${Bucket}/composed`,
    CopySourceRange: `bytes=${first}-${last}`,
  });
  await complete(client, again, [{ PartNumber: 1, ETag: seams.ETag! }]);
  expect((await readObject(client, { Bucket, Key: "again" })).equals(expected.subarray(first, last + 1))).toBe(true);
});

test("a copied part gets the checksum that its upload was created with", async () => {
  const upload = await beginUpload(client, { Bucket, Key: "checksum" }, { ChecksumAlgorithm: "CRC32" });
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(SMALL));
  const small = await copyPart(upload, 1, { CopySource: `${SOURCE}/small` });
  expect(small.ChecksumCRC32).toBe(crc.toString("base64"));
  const large = await copyPart(upload, 2, {});
  crc.writeUInt32BE(crc32(LARGE));
  expect(large.ChecksumCRC32).toBe(crc.toString("base64"));
  const { ETag, ChecksumCRC32 } = large;
  const completed = await complete(client, upload, [{ PartNumber: 2, ETag: ETag!, ChecksumCRC32 }]);
  expect(completed.ChecksumType).toBe("COMPOSITE");
});

test("only bytes=first-last within the source is a range", async () => {
  const upload = await beginUpload(client, { Bucket, Key: "ranges" });
  const small = { CopySource: `${SOURCE}/small` };
  for (const CopySourceRange of ["bytes=0-", "bytes=-5", "0-5", "bytes=5-4", "bytes=0-1,3-4", "bytes=a-b"]) {
    expect(await refusalOf(copyPart(upload, 1, { ...small, CopySourceRange }))).toMatchObject({
      code: "InvalidArgument",
      status: 400,
      message:
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    });
  }
  for (const CopySourceRange of ["bytes=0-100", "bytes=100-200"]) {
    expect(await refusalOf(copyPart(upload, 1, { ...small, CopySourceRange }))).toMatchObject({
      code: "InvalidRange",
      status: 416,
      RangeRequested: CopySourceRange,
      ActualObjectSize: "100",
    });
  }
  expect((await copyPart(upload, 1, { ...small, CopySourceRange: "bytes=0-99" })).ETag).toBe(`"${md5(SMALL)}"`);
});

test("conditions on the source that do not hold answer 412", async () => {
  const upload = await beginUpload(client, { Bucket, Key: "conditions" });
  const CopySource = `${SOURCE}/small`;
  const { ETag, LastModified } = await client.send(new HeadObjectCommand({ Bucket: SOURCE, Key: "small" }));
  const earlier = new Date(LastModified!.getTime() - 60_000);
  for (const condition of [
    { CopySourceIfMatch: '"0"' },
    { CopySourceIfNoneMatch: ETag! },
    { CopySourceIfModifiedSince: LastModified! },
    { CopySourceIfUnmodifiedSince: earlier },
  ]) {
    expect(await refusalOf(copyPart(upload, 1, { CopySource, ...condition }))).toMatchObject({
      code: "PreconditionFailed",
      status: 412,
    });
  }
  const held = { CopySourceIfMatch: ETag!, CopySourceIfUnmodifiedSince: earlier };
  await expect(copyPart(upload, 1, { CopySource, ...held })).resolves.toBeDefined();
});

test("a source or an upload that is not there answers 404", async () => {
  const upload = await beginUpload(client, { Bucket, Key: "missing" });
  expect(await refusalOf(copyPart(upload, 1, { CopySource: `${SOURCE}/nothing` }))).toMatchObject({
    code: "NoSuchKey",
    status: 404,
    Key: "nothing",
  });
  expect(await refusalOf(copyPart(upload, 1, { CopySource: "no-such-bucket-here/key" }))).toMatchObject({
    code: "NoSuchBucket",
    status: 404,
  });
  const gone = { ...upload, UploadId: "0".repeat(64) };
  expect(await refusalOf(copyPart(gone, 1, {}))).toMatchObject({ code: "NoSuchUpload", status: 404 });
  expect(await refusalOf(copyPart(upload, 0, {}))).toMatchObject({ code: "InvalidArgument", status: 400 });
});
