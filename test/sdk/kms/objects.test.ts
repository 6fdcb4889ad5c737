import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  type KMSClient,
} from "@aws-sdk/client-kms";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  RenameObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKmsClient } from "../../support/kms.ts";
import { failureOf, makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { makeBytes, MIB } from "../multipart-support.ts";

let verge: Verge;
let client: S3Client;
let kms: KMSClient;
let Bucket: string;
let keyId: string;
let arn: string;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  kms = createKmsClient(verge);
  Bucket = await makeBucket(client);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  keyId = KeyMetadata!.KeyId!;
  arn = KeyMetadata!.Arn!;
});
afterAll(async () => {
  client.destroy();
  kms.destroy();
  await verge.stop();
});

const BODY = makeBytes(200_000, 3);
const put = (Key: string, input: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body: BODY, ...input }));
const underKey = (): Partial<PutObjectCommandInput> => ({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyId });
async function read(Key: string, from = Bucket): Promise<Buffer> {
  const got = await client.send(new GetObjectCommand({ Bucket: from, Key }));
  return Buffer.from(await got.Body!.transformToByteArray());
}

test("an object under a key says so and is read", async () => {
  for (const [Key, Body] of Object.entries({ large: BODY, small: BODY.subarray(0, 10) })) {
    const written = await put(Key, { ...underKey(), Body });
    expect(written).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: arn });
    expect((await read(Key)).equals(Body)).toBe(true);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: arn, ContentLength: Body.length });
  }
  const double = await put("dsse", { ...underKey(), ServerSideEncryption: "aws:kms:dsse" });
  expect(double.ServerSideEncryption).toBe("aws:kms:dsse");
  expect((await read("dsse")).equals(BODY)).toBe(true);
});

test("without a key of its own, an object is under the account's aws/s3", async () => {
  const { SSEKMSKeyId } = await put("managed", { ServerSideEncryption: "aws:kms", BucketKeyEnabled: true });
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/s3" }));
  expect(SSEKMSKeyId).toBe(KeyMetadata!.Arn);
  expect(KeyMetadata!.KeyManager).toBe("AWS");
  expect((await client.send(new HeadObjectCommand({ Bucket, Key: "managed" }))).BucketKeyEnabled).toBe(true);
});

test("a key that does not exist, or is no longer enabled, is refused by name", async () => {
  expect(await failureOf(put("nobody", { ...underKey(), SSEKMSKeyId: "nobody" }))).toMatchObject({
    code: "KMS.NotFoundException",
    status: 400,
  });
  await put("closed", underKey());
  await kms.send(new DisableKeyCommand({ KeyId: keyId }));
  expect(await failureOf(read("closed"))).toMatchObject({ code: "KMS.DisabledException", status: 400 });
  expect(await failureOf(put("closed-too", underKey()))).toMatchObject({ code: "KMS.DisabledException" });
  await kms.send(new EnableKeyCommand({ KeyId: keyId }));
  expect((await read("closed")).equals(BODY)).toBe(true);
});

test("a copy is encrypted as its own request says, and a renamed object as before", async () => {
  await put("origin", underKey());
  const copy = (Key: string, input: object = {}) =>
    client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/origin`, ...input }));
  expect((await copy("plain")).ServerSideEncryption).toBe("AES256");
  expect((await copy("again", underKey())).SSEKMSKeyId).toBe(arn);
  for (const Key of ["plain", "again"]) expect((await read(Key)).equals(BODY)).toBe(true);
  await client.send(new RenameObjectCommand({ Bucket, Key: "renamed", RenameSource: "origin" }));
  expect((await read("renamed")).equals(BODY)).toBe(true);
});

test("an upload in parts is under one key, which its parts do not name", async () => {
  const target = { Bucket, Key: "parts" };
  const created = await client.send(
    new CreateMultipartUploadCommand({ ...target, ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyId }),
  );
  expect(created.SSEKMSKeyId).toBe(arn);
  const upload = { ...target, UploadId: created.UploadId! };
  const bodies = [makeBytes(5 * MIB, 1), makeBytes(1000, 2)];
  const Parts = [];
  for (const [at, Body] of bodies.entries()) {
    const { ETag, SSEKMSKeyId } = await client.send(new UploadPartCommand({ ...upload, PartNumber: at + 1, Body }));
    expect(SSEKMSKeyId).toBe(arn);
    Parts.push({ ETag: ETag!, PartNumber: at + 1 });
  }
  const done = await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  expect(done.SSEKMSKeyId).toBe(arn);
  expect((await read("parts")).equals(Buffer.concat(bodies))).toBe(true);
});

test("a bucket's default encryption is in force from its answer on, unless a request says otherwise", async () => {
  const bucket = await makeBucket(client);
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: "before", Body: "x" }));
  const rule = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: keyId },
    BucketKeyEnabled: true,
  };
  const ServerSideEncryptionConfiguration = { Rules: [rule] };
  await client.send(new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration }));
  const got = await client.send(new GetBucketEncryptionCommand({ Bucket: bucket }));
  expect(got.ServerSideEncryptionConfiguration!.Rules).toEqual([rule]);
  const after = await client.send(new PutObjectCommand({ Bucket: bucket, Key: "after", Body: "x" }));
  expect(after).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: arn, BucketKeyEnabled: true });
  expect((await read("after", bucket)).toString()).toBe("x");
  const plain = await client.send(
    new PutObjectCommand({ Bucket: bucket, Key: "plain", Body: "x", ServerSideEncryption: "AES256" }),
  );
  expect(plain.ServerSideEncryption).toBe("AES256");
  const before = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "before" }));
  expect(before.ServerSideEncryption).toBe("AES256");
});
