import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import {
  beginUpload,
  complete,
  createBucket,
  makeBytes,
  MIB,
  multipartEtag,
  readObject,
  refusalOf,
  sendPart,
} from "./multipart-support.ts";

let verge: Verge;
let client: S3Client;
const Bucket = "multipart";

beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  await createBucket(client, Bucket);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

test("unequal parts, sent in any order, become one object", async () => {
  const target = { Bucket, Key: "dir/unequal parts +é.bin" };
  const bodies = [makeBytes(5 * MIB, 1), makeBytes(9 * MIB + 1, 2), makeBytes(3, 3)];
  const whole = Buffer.concat(bodies);
  const upload = await beginUpload(client, target, {
    ContentType: "video/mp4",
    CacheControl: "no-cache",
    Metadata: { colour: "blue" },
    StorageClass: "STANDARD_IA",
  });
  const third = await sendPart(client, upload, 30, bodies[2]!);
  const first = await sendPart(client, upload, 2, bodies[0]!);
  const second = await sendPart(client, upload, 7, bodies[1]!);
  expect((await refusalOf(client.send(new HeadObjectCommand(target)))).status).toBe(404);

  const completed = await complete(client, upload, [first, second, third]);
  expect(completed.ETag).toBe(multipartEtag(bodies));
  expect(completed).toMatchObject({ Bucket, Key: target.Key });
  expect(completed.Location).toBe(`${verge.endpoint}/${Bucket}/dir/unequal%20parts%20%2B%C3%A9.bin`);

  expect(await client.send(new HeadObjectCommand(target))).toMatchObject({
    ETag: completed.ETag,
    ContentLength: whole.length,
    ContentType: "video/mp4",
    CacheControl: "no-cache",
    Metadata: { colour: "blue" },
    StorageClass: "STANDARD_IA",
  });
  expect((await readObject(client, target)).equals(whole)).toBe(true);
  const across = await readObject(client, target, `bytes=${5 * MIB - 2}-${14 * MIB + 2}`);
  expect(across.equals(whole.subarray(5 * MIB - 2, 14 * MIB + 3))).toBe(true);

  const part = await client.send(new GetObjectCommand({ ...target, PartNumber: 7 }));
  expect(part).toMatchObject({ PartsCount: 3, ContentRange: `bytes ${5 * MIB}-${14 * MIB}/${whole.length}` });
  expect(Buffer.from(await part.Body!.transformToByteArray()).equals(bodies[1]!)).toBe(true);
});

test("a part that is sent again replaces the first, and parts that are not listed are left out", async () => {
  const target = { Bucket, Key: "replaced" };
  const upload = await beginUpload(client, target);
  await sendPart(client, upload, 1, makeBytes(100, 1));
  const again = await sendPart(client, upload, 1, makeBytes(200, 2));
  await sendPart(client, upload, 2, makeBytes(300, 3));
  await complete(client, upload, [again]);
  expect((await readObject(client, target)).equals(makeBytes(200, 2))).toBe(true);
});

test("of a part that is listed again the last entry counts", async () => {
  const target = { Bucket, Key: "listed-again" };
  const upload = await beginUpload(client, target);
  const first = await sendPart(client, upload, 1, Buffer.from("first"));
  const again = await sendPart(client, upload, 1, Buffer.from("again"));
  expect(await refusalOf(complete(client, upload, [again, first]))).toMatchObject({ code: "InvalidPart", status: 400 });
  const { ETag } = await complete(client, upload, [first, again]);
  expect(ETag).toMatch(/-1"$/);
  expect((await readObject(client, target)).toString()).toBe("again");
});

test("an upload of one empty part is an empty object", async () => {
  const target = { Bucket, Key: "empty" };
  const upload = await beginUpload(client, target);
  const part = await sendPart(client, upload, 1, new Uint8Array(0));
  await complete(client, upload, [part]);
  expect((await readObject(client, target)).length).toBe(0);
});

test("completing again gives the first answer, also when the object was overwritten since", async () => {
  const target = { Bucket, Key: "twice" };
  const upload = await beginUpload(client, target);
  const part = await sendPart(client, upload, 1, makeBytes(10, 1));
  const first = await complete(client, upload, [part]);
  expect((await complete(client, upload, [part])).ETag).toBe(first.ETag);
  await client.send(new PutObjectCommand({ ...target, Body: "later" }));
  expect((await complete(client, upload, [part])).ETag).toBe(first.ETag);
  expect((await readObject(client, target)).toString()).toBe("later");
  expect(await refusalOf(client.send(new ListPartsCommand(upload)))).toMatchObject({ code: "NoSuchUpload" });
});

test("an aborted upload is gone", async () => {
  const target = { Bucket, Key: "aborted" };
  const upload = await beginUpload(client, target);
  const part = await sendPart(client, upload, 1, makeBytes(10, 1));
  const { $metadata } = await client.send(new AbortMultipartUploadCommand(upload));
  expect($metadata.httpStatusCode).toBe(204);
  const calls = [
    () => client.send(new AbortMultipartUploadCommand(upload)),
    () => client.send(new ListPartsCommand(upload)),
    () => client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: "late" })),
    // Large enough to be refused before it is stored.
    () => client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: makeBytes(9 * MIB, 1) })),
    () => complete(client, upload, [part]),
  ];
  for (const call of calls) {
    expect(await refusalOf(call())).toMatchObject({ code: "NoSuchUpload", status: 404, UploadId: upload.UploadId });
  }
  expect(await refusalOf(readObject(client, target))).toMatchObject({ code: "NoSuchKey" });
});

test("completing keeps to If-None-Match and If-Match", async () => {
  const target = { Bucket, Key: "conditional" };
  const { ETag } = await client.send(new PutObjectCommand({ ...target, Body: "first" }));
  const upload = await beginUpload(client, target);
  const part = await sendPart(client, upload, 1, Buffer.from("second"));
  const MultipartUpload = { Parts: [part] };
  const absent = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, IfNoneMatch: "*" });
  expect(await refusalOf(client.send(absent))).toMatchObject({ code: "PreconditionFailed", status: 412 });
  const other = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, IfMatch: '"0"' });
  expect(await refusalOf(client.send(other))).toMatchObject({ code: "PreconditionFailed", status: 412 });
  const same = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, IfNoneMatch: ETag });
  expect(await refusalOf(client.send(same))).toMatchObject({ code: "PreconditionFailed", status: 412 });
  expect((await readObject(client, target)).toString()).toBe("first");
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, IfMatch: ETag }));
  expect((await readObject(client, target)).toString()).toBe("second");
});

test("the SDK's own multipart upload of a stream of unknown length", async () => {
  const target = { Bucket, Key: "lib-storage" };
  const bytes = makeBytes(12 * MIB + 17, 5);
  const chunks = Array.from({ length: 13 }, (_, at) => bytes.subarray(at * MIB, (at + 1) * MIB));
  const sdkUpload = new Upload({ client, params: { ...target, Body: Readable.from(chunks) } });
  const { ETag } = await sdkUpload.done();
  expect(ETag).toMatch(/-3"$/);
  expect((await readObject(client, target)).equals(bytes)).toBe(true);
});
