import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketLoggingCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketReplicationCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";

/**
 * The calls that Terraform makes, in its order: aws_s3_bucket and aws_s3_object of the AWS provider (create,
 * refresh, destroy) and the S3 backend with `use_lockfile`. Terraform itself would first download its provider.
 */
let verge: Verge;
let client: S3Client;
const Bucket = "terraform-made-this";

beforeAll(async () => {
  verge = await startVerge();
  client = createTerraformClient();
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

test("aws_s3_bucket: is absent, is created, is there", async () => {
  await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: "NotFound" });
  await client.send(new CreateBucketCommand({ Bucket }));
  expect(await client.send(new HeadBucketCommand({ Bucket }))).toMatchObject({ BucketRegion: verge.region });
});

describe("aws_s3_bucket reads every sub-resource back, and stops at an error that it does not expect", () => {
  // What the provider takes for "not configured".
  test.each([
    ["policy", () => client.send(new GetBucketPolicyCommand({ Bucket })), "NoSuchBucketPolicy"],
    ["CORS", () => client.send(new GetBucketCorsCommand({ Bucket })), "NoSuchCORSConfiguration"],
    ["website", () => client.send(new GetBucketWebsiteCommand({ Bucket })), "NoSuchWebsiteConfiguration"],
    [
      "lifecycle",
      () => client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
      "NoSuchLifecycleConfiguration",
    ],
    [
      "replication",
      () => client.send(new GetBucketReplicationCommand({ Bucket })),
      "ReplicationConfigurationNotFoundError",
    ],
    [
      "object lock",
      () => client.send(new GetObjectLockConfigurationCommand({ Bucket })),
      "ObjectLockConfigurationNotFoundError",
    ],
    ["tags", () => client.send(new GetBucketTaggingCommand({ Bucket })), "NoSuchTagSet"],
  ])("%s: not configured", async (_, call, name) => {
    await expect(call()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 404 } });
  });

  test.each([
    ["ACL", () => client.send(new GetBucketAclCommand({ Bucket })), { Grants: [{ Permission: "FULL_CONTROL" }] }],
    ["versioning", () => client.send(new GetBucketVersioningCommand({ Bucket })), {}],
    ["acceleration", () => client.send(new GetBucketAccelerateConfigurationCommand({ Bucket })), {}],
    ["payer", () => client.send(new GetBucketRequestPaymentCommand({ Bucket })), { Payer: "BucketOwner" }],
    ["logging", () => client.send(new GetBucketLoggingCommand({ Bucket })), {}],
    [
      "encryption",
      () => client.send(new GetBucketEncryptionCommand({ Bucket })),
      {
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
        },
      },
    ],
    ["location", () => client.send(new GetBucketLocationCommand({ Bucket })), {}],
    [
      "public access block",
      () => client.send(new GetPublicAccessBlockCommand({ Bucket })),
      { PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true } },
    ],
    [
      "ownership",
      () => client.send(new GetBucketOwnershipControlsCommand({ Bucket })),
      { OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] } },
    ],
  ])("%s: AWS's default", async (_, call, expected) => {
    expect(await call()).toMatchObject(expected);
  });
});

test("aws_s3_object: uploaded with a checksum and encryption, refreshed, deleted", async () => {
  const object = { Bucket, Key: "config/app.json" };
  const put = { ...object, Body: '{"a":1}', ContentType: "application/json", ChecksumAlgorithm: "CRC32" } as const;
  const { ETag } = await client.send(new PutObjectCommand({ ...put, ServerSideEncryption: "AES256" }));
  const head = await client.send(new HeadObjectCommand({ ...object, ChecksumMode: "ENABLED" }));
  expect(head).toMatchObject({
    ETag,
    ContentType: "application/json",
    ContentLength: 7,
    ServerSideEncryption: "AES256",
  });
  expect((await client.send(new GetObjectTaggingCommand(object))).TagSet).toEqual([]);
  const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: object.Key }));
  expect(Versions).toMatchObject([{ Key: object.Key, VersionId: "null" }]);
  await client.send(new DeleteObjectCommand(object));
  await expect(client.send(new HeadObjectCommand(object))).rejects.toMatchObject({ name: "NotFound" });
});

describe("the S3 backend", () => {
  const state = { Bucket, Key: "env/prod/terraform.tfstate" };
  const lock = { Bucket, Key: `${state.Key}.tflock` };

  test("of many that lock at once exactly one wins, every time", async () => {
    for (let round = 0; round < 10; round += 1) {
      const clients = [createTerraformClient(), createTerraformClient()];
      const attempts = clients.flatMap((writer, who) =>
        ["plan", "apply"].map((run) =>
          writer.send(new PutObjectCommand({ ...lock, Body: JSON.stringify({ who, run }), IfNoneMatch: "*" })),
        ),
      );
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
      for (const outcome of outcomes.filter((each) => each.status === "rejected")) {
        expect(outcome.reason).toMatchObject({ name: "PreconditionFailed" });
      }
      const winner = outcomes.findIndex((outcome) => outcome.status === "fulfilled");
      const holder = await client.send(new GetObjectCommand(lock));
      const run = winner % 2 === 0 ? "plan" : "apply";
      expect(await holder.Body?.transformToString()).toBe(JSON.stringify({ who: Math.floor(winner / 2), run }));
      await client.send(new DeleteObjectCommand(lock));
      for (const each of clients) each.destroy();
    }
  });

  test("lock, read the state, write it, list workspaces, unlock", async () => {
    await client.send(new PutObjectCommand({ ...lock, Body: "{}", IfNoneMatch: "*" }));
    await expect(client.send(new GetObjectCommand(state))).rejects.toMatchObject({ name: "NoSuchKey" });
    const body = JSON.stringify({ version: 4, serial: 1 });
    await client.send(
      new PutObjectCommand({ ...state, Body: body, ContentType: "application/json", ServerSideEncryption: "AES256" }),
    );
    const written = await client.send(new GetObjectCommand(state));
    expect(await written.Body?.transformToString()).toBe(body);
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "env/" }));
    expect(Contents).toMatchObject([{ Key: state.Key }, { Key: lock.Key }]);
    await client.send(new DeleteObjectCommand(lock));
  });
});

test("aws_s3_bucket: destroyed once it is empty", async () => {
  await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: "BucketNotEmpty" });
  await client.send(new DeleteObjectCommand({ Bucket, Key: "env/prod/terraform.tfstate" }));
  await client.send(new DeleteBucketCommand({ Bucket }));
  await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: "NotFound" });
});

/** Signs `Accept-Encoding: identity`, as the SDK for Go does; proxies and platforms like to rewrite it. */
function createTerraformClient(): S3Client {
  const created = createS3Client(verge);
  created.middlewareStack.add(
    (next) => (step) => {
      (step.request as { headers: Record<string, string> }).headers["accept-encoding"] = "identity";
      return next(step);
    },
    { step: "build", name: "signAcceptEncoding" },
  );
  return created;
}
