import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  type DeleteObjectCommandInput,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockConfiguration,
  type ObjectLockRetention,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

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

const LATER = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3600_000);
const LATEST = new Date(LATER.getTime() + 3600_000);

let Bucket: string;
const put = async (Key: string, rest: Partial<PutObjectCommandInput> = {}) =>
  (await client.send(new PutObjectCommand({ Bucket, Key, Body: Key, ...rest }))).VersionId;
const head = (Key: string) => client.send(new HeadObjectCommand({ Bucket, Key }));
const remove = (Key: string, rest: Partial<DeleteObjectCommandInput> = {}) =>
  client.send(new DeleteObjectCommand({ Bucket, Key, ...rest }));
const retain = (Key: string, Retention: ObjectLockRetention, BypassGovernanceRetention?: boolean) =>
  client.send(new PutObjectRetentionCommand({ Bucket, Key, Retention, BypassGovernanceRetention }));
const lockBucket = (ObjectLockConfiguration: ObjectLockConfiguration) =>
  client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));

const DENIED = { code: "AccessDenied", status: 403 };

describe("a bucket", () => {
  test("is created with object lock, and with versioning that cannot be suspended", async () => {
    Bucket = await makeBucket(client, { ObjectLockEnabledForBucket: true, shards: 4 });
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }));
    expect(Status).toBe("Enabled");
    const { ObjectLockConfiguration } = await client.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(ObjectLockConfiguration).toEqual({ ObjectLockEnabled: "Enabled" });
    const VersioningConfiguration = { Status: "Suspended" } as const;
    const suspended = client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    expect(await failureOf(suspended)).toMatchObject({ code: "InvalidBucketState", status: 409 });
    // The first write of a Worker that has not read the configuration.
    expect(await put("a")).toMatch(/^[\w-]{32}$/);
  });

  test("gets object lock later, once it has versioning", async () => {
    Bucket = await makeBucket(client);
    const read = client.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(await failureOf(read)).toMatchObject({ code: "ObjectLockConfigurationNotFoundError", status: 404 });
    const enabled = { ObjectLockEnabled: "Enabled" } as const;
    expect(await failureOf(lockBucket(enabled))).toMatchObject({ code: "InvalidBucketState", status: 409 });
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await lockBucket({ ...enabled, Rule: { DefaultRetention: { Mode: "COMPLIANCE", Years: 1 } } });
    const { ObjectLockConfiguration } = await client.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(ObjectLockConfiguration?.Rule?.DefaultRetention).toEqual({ Mode: "COMPLIANCE", Years: 1 });
    await lockBucket(enabled);
    const again = await client.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(again.ObjectLockConfiguration).toEqual(enabled);
  });

  test.each([
    [{ Mode: "GOVERNANCE", Days: 0 }, "InvalidRetentionPeriod"],
    [{ Mode: "GOVERNANCE", Years: -1 }, "InvalidRetentionPeriod"],
    [{ Mode: "GOVERNANCE", Days: 36_501 }, "InvalidRetentionPeriod"],
    [{ Mode: "GOVERNANCE", Days: 1, Years: 1 }, "MalformedXML"],
    [{ Mode: "GOVERNANCE" }, "MalformedXML"],
    [{ Mode: "SOFT", Days: 1 }, "MalformedXML"],
  ] as const)("refuses %o", async (retention, code) => {
    Bucket = await makeBucket(client, { ObjectLockEnabledForBucket: true });
    const Rule = { DefaultRetention: retention as { Mode: "GOVERNANCE" } };
    expect(await failureOf(lockBucket({ ObjectLockEnabled: "Enabled", Rule }))).toMatchObject({ code, status: 400 });
  });
});

describe("a locked version", () => {
  beforeEach(async () => {
    Bucket = await makeBucket(client, { ObjectLockEnabledForBucket: true });
  });

  test("in compliance mode is deleted by nobody, in no way", async () => {
    const VersionId = await put("a", { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: LATER });
    expect(await head("a")).toMatchObject({ ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: LATER });
    const bypass = { VersionId, BypassGovernanceRetention: true };
    expect(await failureOf(remove("a", { VersionId }))).toMatchObject(DENIED);
    expect(await failureOf(remove("a", bypass))).toMatchObject(DENIED);
    const Objects = [{ Key: "a", VersionId }, { Key: "b" }];
    const many = new DeleteObjectsCommand({ Bucket, Delete: { Objects }, BypassGovernanceRetention: true });
    const { Errors, Deleted } = await client.send(many);
    expect(Errors).toMatchObject([{ Key: "a", VersionId, Code: "AccessDenied" }]);
    expect(Deleted).toMatchObject([{ Key: "b", DeleteMarker: true }]);
    const sooner = { Mode: "COMPLIANCE", RetainUntilDate: new Date(LATER.getTime() - 60_000) } as const;
    expect(await failureOf(retain("a", sooner, true))).toMatchObject(DENIED);
    expect(await failureOf(retain("a", {}, true))).toMatchObject(DENIED);
    await retain("a", { Mode: "COMPLIANCE", RetainUntilDate: LATEST });
    await remove("a");
    expect(await failureOf(client.send(new DeleteBucketCommand({ Bucket })))).toMatchObject({ code: "BucketNotEmpty" });
    const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket, Key: "a", VersionId }));
    expect(Retention).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: LATEST });
  });

  test("in governance mode is deleted with the bypass alone", async () => {
    const VersionId = await put("a");
    await retain("a", { Mode: "GOVERNANCE", RetainUntilDate: LATER });
    expect(await failureOf(remove("a", { VersionId }))).toMatchObject(DENIED);
    expect(await failureOf(retain("a", {}))).toMatchObject(DENIED);
    await remove("a", { VersionId, BypassGovernanceRetention: true });
    const again = await put("a");
    await retain("a", { Mode: "GOVERNANCE", RetainUntilDate: LATER });
    await retain("a", {}, true);
    const gone = client.send(new GetObjectRetentionCommand({ Bucket, Key: "a" }));
    expect(await failureOf(gone)).toMatchObject({ code: "NoSuchObjectLockConfiguration", status: 404 });
    await remove("a", { VersionId: again });
  });

  test("is kept by a legal hold until that is taken away", async () => {
    const VersionId = await put("a", { ObjectLockLegalHoldStatus: "ON" });
    expect((await head("a")).ObjectLockLegalHoldStatus).toBe("ON");
    expect(await failureOf(remove("a", { VersionId, BypassGovernanceRetention: true }))).toMatchObject(DENIED);
    const LegalHold = { Status: "OFF" } as const;
    await client.send(new PutObjectLegalHoldCommand({ Bucket, Key: "a", LegalHold }));
    const read = await client.send(new GetObjectLegalHoldCommand({ Bucket, Key: "a", VersionId }));
    expect(read.LegalHold).toEqual(LegalHold);
    await remove("a", { VersionId });
  });

  test("is made by a copy and a multipart upload too, from what their request says", async () => {
    const lock = { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: LATER } as const;
    await put("a", { ...lock, ObjectLockLegalHoldStatus: "ON" });
    await client.send(new CopyObjectCommand({ Bucket, Key: "plain", CopySource: `${Bucket}/a` }));
    expect((await head("plain")).ObjectLockMode).toBeUndefined();
    await client.send(new CopyObjectCommand({ Bucket, Key: "locked", CopySource: `${Bucket}/plain`, ...lock }));
    expect(await head("locked")).toMatchObject(lock);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "m", ...lock }));
    const part = await client.send(new UploadPartCommand({ Bucket, Key: "m", UploadId, PartNumber: 1, Body: "m" }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: "m", UploadId, MultipartUpload }));
    expect(await head("m")).toMatchObject(lock);
  });

  test("has the bucket's default retention, if it asks for none", async () => {
    const DefaultRetention = { Mode: "GOVERNANCE", Days: 3 } as const;
    await lockBucket({ ObjectLockEnabled: "Enabled", Rule: { DefaultRetention } });
    await put("a");
    const { ObjectLockMode, ObjectLockRetainUntilDate } = await head("a");
    expect(ObjectLockMode).toBe("GOVERNANCE");
    expect(Math.abs(Number(ObjectLockRetainUntilDate) - Date.now() - 3 * 86_400_000)).toBeLessThan(60_000);
    await put("own", { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: LATER });
    expect((await head("own")).ObjectLockRetainUntilDate).toEqual(LATER);
  });
});

describe("a request that makes no sense", () => {
  const MODE = "x-amz-object-lock-mode";
  const UNTIL = "x-amz-object-lock-retain-until-date";
  const HOLD = "x-amz-object-lock-legal-hold";
  // MD5 of "body".
  const INTEGRITY = { "content-md5": "hBotaJrYa9FhFEdFPCLG/A==" };
  const later = LATER.toISOString();
  beforeAll(async () => {
    Bucket = await makeBucket(client, { ObjectLockEnabledForBucket: true });
    await put("a");
  });
  const send = (headers: Record<string, string>, bucket = Bucket) =>
    signedFetch(verge, { method: "PUT", target: `/${bucket}/a`, body: "body", headers });

  test.each([
    [{ [MODE]: "GOVERNANCE" }, "InvalidArgument"],
    [{ [UNTIL]: later }, "InvalidArgument"],
    [{ [MODE]: "governance", [UNTIL]: later }, "InvalidArgument"],
    [{ [MODE]: "GOVERNANCE", [UNTIL]: "tomorrow" }, "InvalidArgument"],
    [{ [MODE]: "GOVERNANCE", [UNTIL]: "2020-01-01T00:00:00Z" }, "InvalidArgument"],
    [{ [HOLD]: "MAYBE" }, "InvalidArgument"],
  ] as const)("is refused: %o", async (headers, code) => {
    expect(await send({ ...headers, ...INTEGRITY })).toMatchObject({ status: 400, code });
  });

  test("is one that locks bytes which nothing vouches for", async () => {
    const lock = { [MODE]: "GOVERNANCE", [UNTIL]: later };
    expect(await send(lock)).toMatchObject({ status: 400, code: "InvalidRequest" });
    expect(await send({ ...lock, ...INTEGRITY })).toMatchObject({ status: 200 });
  });

  test("is one that locks where there is no object lock", async () => {
    const plain = await makeBucket(client);
    const missing = { code: "InvalidRequest", message: "Bucket is missing Object Lock Configuration" };
    expect(await send({ [HOLD]: "ON", ...INTEGRITY }, plain)).toMatchObject({ status: 400, ...missing });
    Bucket = plain;
    await put("a");
    expect(await failureOf(retain("a", { Mode: "GOVERNANCE", RetainUntilDate: LATER }))).toMatchObject(missing);
    const LegalHold = { Status: "ON" } as const;
    const hold = client.send(new PutObjectLegalHoldCommand({ Bucket, Key: "a", LegalHold }));
    expect(await failureOf(hold)).toMatchObject(missing);
    expect(await failureOf(client.send(new GetObjectRetentionCommand({ Bucket, Key: "a" })))).toMatchObject(missing);
    const large = put("large", { Body: "x".repeat(9_000_000), ObjectLockLegalHoldStatus: "ON" });
    expect(await failureOf(large)).toMatchObject(missing);
    const upload = new CreateMultipartUploadCommand({ Bucket, Key: "m", ObjectLockLegalHoldStatus: "ON" });
    expect(await failureOf(client.send(upload))).toMatchObject(missing);
  });

  test("is one whose document says nothing that exists", async () => {
    Bucket = await makeBucket(client, { ObjectLockEnabledForBucket: true });
    await put("a");
    const odd = { Mode: "SOFT" as "GOVERNANCE", RetainUntilDate: LATER };
    expect(await failureOf(retain("a", odd))).toMatchObject({ code: "MalformedXML" });
    expect(await failureOf(retain("a", { Mode: "GOVERNANCE" }))).toMatchObject({ code: "MalformedXML" });
    const past = { Mode: "GOVERNANCE", RetainUntilDate: new Date(0) } as const;
    expect(await failureOf(retain("a", past))).toMatchObject({ code: "InvalidArgument" });
    const LegalHold = { Status: "abc" as "ON" };
    const hold = client.send(new PutObjectLegalHoldCommand({ Bucket, Key: "a", LegalHold }));
    expect(await failureOf(hold)).toMatchObject({ code: "MalformedXML" });
    expect(await failureOf(retain("none", past))).toMatchObject({ code: "InvalidArgument" });
    const ok = { Mode: "GOVERNANCE", RetainUntilDate: LATER } as const;
    expect(await failureOf(retain("none", ok))).toMatchObject({ code: "NoSuchKey", status: 404 });
  });
});
