import { createHash } from "node:crypto";
import {
  GetObjectAttributesCommand,
  type GetObjectAttributesCommandInput,
  HeadObjectCommand,
  type ObjectAttributes,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import {
  beginUpload,
  complete,
  crc32Base64,
  createBucket,
  makeBytes,
  md5,
  MIB,
  refusalOf,
  sendPart,
} from "./multipart-support.ts";

let verge: Verge;
let client: S3Client;
const Bucket = "attributes";
const ALL: ObjectAttributes[] = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  await createBucket(client, Bucket);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

function describe(Key: string, input: Partial<GetObjectAttributesCommandInput> = {}) {
  return client.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ALL, ...input }));
}

test("of an object that was put in one piece", async () => {
  const Key = "plain";
  const Body = "hello";
  await client.send(
    new PutObjectCommand({ Bucket, Key, Body, StorageClass: "GLACIER_IR", ChecksumAlgorithm: "SHA256" }),
  );
  const found = await describe(Key);
  expect(found).toMatchObject({
    ETag: md5(Buffer.from(Body)),
    StorageClass: "GLACIER_IR",
    ObjectSize: 5,
    Checksum: { ChecksumSHA256: createHash("sha256").update(Body).digest("base64"), ChecksumType: "FULL_OBJECT" },
  });
  expect(found.ObjectParts).toBeUndefined();
  const { LastModified } = await client.send(new HeadObjectCommand({ Bucket, Key }));
  expect(found.LastModified).toEqual(LastModified);
});

test("only those that were asked for", async () => {
  const Key = "some";
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "hello" }));
  const { $metadata: _, ...found } = await describe(Key, { ObjectAttributes: ["ObjectSize", "StorageClass"] });
  expect(found).toMatchObject({ ObjectSize: 5, StorageClass: "STANDARD" });
  expect(Object.keys(found).sort()).toEqual(["LastModified", "ObjectSize", "StorageClass"]);
});

test("parts with checksums are listed, in pages", async () => {
  const Key = "parts";
  const upload = await beginUpload(client, { Bucket, Key }, { ChecksumAlgorithm: "SHA256" });
  const bodies = [makeBytes(5 * MIB, 1), makeBytes(5 * MIB + 1, 2), makeBytes(7, 3)];
  const parts = [];
  for (const [at, Body] of bodies.entries()) {
    const PartNumber = at * 2 + 1;
    const { ETag, ChecksumSHA256 } = await client.send(
      new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: "SHA256" }),
    );
    parts.push({ PartNumber, ETag, ChecksumSHA256 });
  }
  const completed = await complete(client, upload, parts);
  const listed = parts.map(({ PartNumber, ChecksumSHA256 }, at) => ({
    PartNumber,
    ChecksumSHA256,
    Size: bodies[at]!.length,
  }));
  const found = await describe(Key);
  expect(found.ETag).toBe(completed.ETag!.replaceAll('"', ""));
  expect(completed.ChecksumSHA256).toMatch(/-3$/);
  expect(found.Checksum).toEqual({ ChecksumSHA256: completed.ChecksumSHA256, ChecksumType: "COMPOSITE" });
  expect(found.ObjectParts).toEqual({
    TotalPartsCount: 3,
    PartNumberMarker: "0",
    NextPartNumberMarker: "5",
    MaxParts: 1000,
    IsTruncated: false,
    Parts: listed,
  });
  const page = await describe(Key, { MaxParts: 1, PartNumberMarker: "1" });
  expect(page.ObjectParts).toEqual({
    TotalPartsCount: 3,
    PartNumberMarker: "1",
    NextPartNumberMarker: "3",
    MaxParts: 1,
    IsTruncated: true,
    Parts: [listed[1]],
  });
});

test.each([
  ["without checksums", {}],
  ["of a FULL_OBJECT checksum", { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" }],
] as const)("parts %s are listed too", async (name, input) => {
  const Key = `listed ${name}`;
  const bare = createS3Client(verge, { requestChecksumCalculation: "WHEN_REQUIRED" });
  const upload = await beginUpload(bare, { Bucket, Key }, input);
  const bodies = [makeBytes(5 * MIB, 1), makeBytes(1, 2)];
  const parts = [await sendPart(bare, upload, 1, bodies[0]!), await sendPart(bare, upload, 2, bodies[1]!)];
  const { ChecksumCRC32 } = await complete(bare, upload, parts);
  bare.destroy();
  const found = await describe(Key);
  expect(found.Checksum?.ChecksumCRC32).toBe(ChecksumCRC32);
  expect(found.ObjectParts).toEqual({
    TotalPartsCount: 2,
    PartNumberMarker: "0",
    NextPartNumberMarker: "2",
    MaxParts: 1000,
    IsTruncated: false,
    Parts: bodies.map((body, at) => ({
      PartNumber: at + 1,
      Size: body.length,
      ...(ChecksumCRC32 !== undefined && { ChecksumCRC32: crc32Base64(body) }),
    })),
  });
});

test("an attribute that does not exist, and an object that does not", async () => {
  const unknown = describe("plain", { ObjectAttributes: ["ETag", "Colour" as "ETag"] });
  expect(await refusalOf(unknown)).toMatchObject({
    code: "InvalidArgument",
    status: 400,
    message: "Invalid attribute name specified.",
    ArgumentName: "x-amz-object-attributes",
  });
  for (const ObjectAttributes of [["ObjectParts"], ["ETag"]] satisfies ObjectAttributes[][]) {
    const missing = describe("missing", { ObjectAttributes });
    expect(await refusalOf(missing)).toMatchObject({ code: "NoSuchKey", status: 404 });
  }
});
