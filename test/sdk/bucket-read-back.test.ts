import {
  GetBucketAccelerateConfigurationCommand,
  GetBucketAclCommand,
  GetBucketAnalyticsConfigurationCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketReplicationCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectAclCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketAnalyticsConfigurationsCommand,
  ListBucketIntelligentTieringConfigurationsCommand,
  ListBucketInventoryConfigurationsCommand,
  ListBucketMetricsConfigurationsCommand,
  PutBucketAbacCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unsupportedOperations } from "../../src/s3/unsupported.ts";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

let verge: Verge;
let client: S3Client;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  Bucket = await makeBucket(client);
  await putKeys(client, Bucket, ["key"]);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

describe("what Terraform reads back of a bucket that nobody configured, in its order", () => {
  test("exists", async () => {
    expect((await client.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe("us-east-1");
  });

  test("has no policy", async () => {
    const missing = { code: "NoSuchBucketPolicy", status: 404 };
    expect(await failureOf(client.send(new GetBucketPolicyCommand({ Bucket })))).toMatchObject(missing);
    const { PolicyStatus } = await client.send(new GetBucketPolicyStatusCommand({ Bucket }));
    expect(PolicyStatus).toEqual({ IsPublic: false });
  });

  test("is its owner's alone", async () => {
    const { Owner, Grants } = await client.send(new GetBucketAclCommand({ Bucket }));
    expect(Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
    expect(Grants).toEqual([
      {
        Grantee: { Type: "CanonicalUser", ID: Owner?.ID, DisplayName: Owner?.DisplayName },
        Permission: "FULL_CONTROL",
      },
    ]);
  });

  test("has no CORS rules and no website", async () => {
    expect(await failureOf(client.send(new GetBucketCorsCommand({ Bucket })))).toMatchObject({
      code: "NoSuchCORSConfiguration",
      status: 404,
    });
    expect(await failureOf(client.send(new GetBucketWebsiteCommand({ Bucket })))).toMatchObject({
      code: "NoSuchWebsiteConfiguration",
      status: 404,
    });
  });

  test("has neither versioning nor acceleration, and its owner pays", async () => {
    const versioning = await client.send(new GetBucketVersioningCommand({ Bucket }));
    expect([versioning.Status, versioning.MFADelete]).toEqual([undefined, undefined]);
    expect((await client.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status).toBeUndefined();
    expect((await client.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer).toBe("BucketOwner");
  });

  test("logs nowhere, notifies nobody", async () => {
    expect((await client.send(new GetBucketLoggingCommand({ Bucket }))).LoggingEnabled).toBeUndefined();
    const notification = await client.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    expect([notification.LambdaFunctionConfigurations, notification.QueueConfigurations]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("has no lifecycle, replication, object lock or tags", async () => {
    const failures = await Promise.all([
      failureOf(client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))),
      failureOf(client.send(new GetBucketReplicationCommand({ Bucket }))),
      failureOf(client.send(new GetObjectLockConfigurationCommand({ Bucket }))),
      failureOf(client.send(new GetBucketTaggingCommand({ Bucket }))),
    ]);
    expect(failures.map(({ code, status }) => [code, status])).toEqual([
      ["NoSuchLifecycleConfiguration", 404],
      ["ReplicationConfigurationNotFoundError", 404],
      ["ObjectLockConfigurationNotFoundError", 404],
      ["NoSuchTagSet", 404],
    ]);
  });

  test("is encrypted, private and owned as AWS's defaults say", async () => {
    const { ServerSideEncryptionConfiguration } = await client.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(ServerSideEncryptionConfiguration?.Rules).toEqual([
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false },
    ]);
    const block = await client.send(new GetPublicAccessBlockCommand({ Bucket }));
    expect(block.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    });
    const ownership = await client.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    expect(ownership.OwnershipControls?.Rules).toEqual([{ ObjectOwnership: "BucketOwnerEnforced" }]);
  });

  test("lies in us-east-1", async () => {
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
  });

  test("has no reports", async () => {
    const lists = [
      await client.send(new ListBucketAnalyticsConfigurationsCommand({ Bucket })),
      await client.send(new ListBucketIntelligentTieringConfigurationsCommand({ Bucket })),
      await client.send(new ListBucketInventoryConfigurationsCommand({ Bucket })),
      await client.send(new ListBucketMetricsConfigurationsCommand({ Bucket })),
    ];
    expect(lists.map(({ IsTruncated }) => IsTruncated)).toEqual([false, false, false, false]);
    const one = client.send(new GetBucketAnalyticsConfigurationCommand({ Bucket, Id: "none" }));
    expect(await failureOf(one)).toMatchObject({ code: "NoSuchConfiguration", status: 404 });
  });
});

describe("what is read back of an object", () => {
  test("its ACL and tags", async () => {
    const acl = await client.send(new GetObjectAclCommand({ Bucket, Key: "key" }));
    expect(acl.Grants?.map(({ Permission }) => Permission)).toEqual(["FULL_CONTROL"]);
    expect((await client.send(new GetObjectTaggingCommand({ Bucket, Key: "key" }))).TagSet).toEqual([]);
  });

  test("no lock, since the bucket has none", async () => {
    const missing = { code: "InvalidRequest", status: 400, message: "Bucket is missing Object Lock Configuration" };
    expect(await failureOf(client.send(new GetObjectLegalHoldCommand({ Bucket, Key: "key" })))).toMatchObject(missing);
    expect(await failureOf(client.send(new GetObjectRetentionCommand({ Bucket, Key: "key" })))).toMatchObject(missing);
  });

  test("nothing, where there is no object", async () => {
    const missing = { code: "NoSuchKey", status: 404 };
    const acl = client.send(new GetObjectAclCommand({ Bucket, Key: "none" }));
    expect(await failureOf(acl)).toMatchObject(missing);
    const tagging = client.send(new GetObjectTaggingCommand({ Bucket, Key: "none" }));
    expect(await failureOf(tagging)).toMatchObject(missing);
  });
});

describe("what is not implemented", () => {
  test.each([["PutBucketAbac", () => new PutBucketAbacCommand({ Bucket, AbacStatus: { Status: "Enabled" } })]])(
    "%s names itself",
    async (name, command) => {
      // The commands have different types; one call signature fits them all.
      const send = client.send.bind(client) as (command: unknown) => Promise<unknown>;
      expect(await failureOf(send(command()))).toMatchObject({
        code: "NotImplemented",
        status: 501,
        message: `${name} is not implemented by this deployment.`,
      });
    },
  );

  test.each(unsupportedOperations.map((row) => [row.name, row] as const))(
    "%s answers 501 to the owner",
    async (name, row) => {
      const query = Object.entries(row.query ?? {}).map(
        ([parameter, value]) => `${parameter}=${value === true ? "" : value}`,
      );
      const path = row.path.replace("{Bucket}", Bucket).replace("{Key+}", "key");
      const headers = Object.fromEntries((row.headers ?? []).map((header) => [header, "x"]));
      const answer = await signedFetch(verge, { method: row.method, target: `${path}?${query.join("&")}`, headers });
      expect([answer.status, answer.code]).toEqual([501, "NotImplemented"]);
      expect(answer.message).toBe(`${name} is not implemented by this deployment.`);
    },
  );

  test("strangers learn nothing from it", async () => {
    const answer = await fetch(`${verge.endpoint}/${Bucket}?policy`, { method: "PUT", body: "{}" });
    expect(answer.status).toBe(403);
    const missing = await signedFetch(verge, { method: "PUT", target: "/no-such-bucket?policy" });
    expect([missing.status, missing.code]).toEqual([404, "NoSuchBucket"]);
  });

  test("a delete of a sub-resource that has none leaves the bucket alone", async () => {
    const empty = await makeBucket(client);
    const answer = await signedFetch(verge, { method: "DELETE", target: `/${empty}?versioning` });
    expect([answer.status, answer.code]).toEqual([405, "MethodNotAllowed"]);
    await client.send(new HeadBucketCommand({ Bucket: empty }));
  });
});
