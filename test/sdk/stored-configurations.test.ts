import {
  DeleteBucketAnalyticsConfigurationCommand,
  DeleteBucketIntelligentTieringConfigurationCommand,
  DeleteBucketInventoryConfigurationCommand,
  DeleteBucketMetricsConfigurationCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketAnalyticsConfigurationCommand,
  GetBucketIntelligentTieringConfigurationCommand,
  GetBucketInventoryConfigurationCommand,
  GetBucketMetricsConfigurationCommand,
  GetBucketRequestPaymentCommand,
  GetObjectCommand,
  ListBucketAnalyticsConfigurationsCommand,
  ListBucketIntelligentTieringConfigurationsCommand,
  ListBucketInventoryConfigurationsCommand,
  ListBucketMetricsConfigurationsCommand,
  PutBucketAccelerateConfigurationCommand,
  PutBucketAnalyticsConfigurationCommand,
  PutBucketIntelligentTieringConfigurationCommand,
  PutBucketInventoryConfigurationCommand,
  PutBucketMetricsConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount } from "../support/accounts.ts";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

let verge: Verge;
let client: S3Client;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  Bucket = await makeBucket(client);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

test("analytics", async () => {
  const AnalyticsConfiguration = {
    Id: "a.1",
    Filter: { And: { Prefix: "p/", Tags: [{ Key: "k", Value: "v" }] } },
    StorageClassAnalysis: {
      DataExport: {
        OutputSchemaVersion: "V_1" as const,
        Destination: { S3BucketDestination: { Format: "CSV" as const, Bucket: "arn:aws:s3:::reports", Prefix: "x" } },
      },
    },
  };
  const address = { Bucket, Id: "a.1" };
  await client.send(new PutBucketAnalyticsConfigurationCommand({ ...address, AnalyticsConfiguration }));
  const got = await client.send(new GetBucketAnalyticsConfigurationCommand(address));
  expect(got.AnalyticsConfiguration).toEqual(AnalyticsConfiguration);
  const listed = await client.send(new ListBucketAnalyticsConfigurationsCommand({ Bucket }));
  expect(listed).toMatchObject({ IsTruncated: false, AnalyticsConfigurationList: [AnalyticsConfiguration] });
  await client.send(new DeleteBucketAnalyticsConfigurationCommand(address));
  const gone = await failureOf(client.send(new GetBucketAnalyticsConfigurationCommand(address)));
  expect(gone).toMatchObject({ code: "NoSuchConfiguration", status: 404 });
});

test("metrics", async () => {
  for (const Id of ["b", "a"]) {
    const MetricsConfiguration = { Id, Filter: { Prefix: Id } };
    await client.send(new PutBucketMetricsConfigurationCommand({ Bucket, Id, MetricsConfiguration }));
  }
  const { MetricsConfiguration } = await client.send(new GetBucketMetricsConfigurationCommand({ Bucket, Id: "a" }));
  expect(MetricsConfiguration).toEqual({ Id: "a", Filter: { Prefix: "a" } });
  const listed = await client.send(new ListBucketMetricsConfigurationsCommand({ Bucket }));
  expect(listed.MetricsConfigurationList!.map(({ Id }) => Id)).toEqual(["a", "b"]);
  await client.send(new DeleteBucketMetricsConfigurationCommand({ Bucket, Id: "a" }));
  const left = await client.send(new ListBucketMetricsConfigurationsCommand({ Bucket }));
  expect(left.MetricsConfigurationList!.map(({ Id }) => Id)).toEqual(["b"]);
});

test("intelligent tiering", async () => {
  const put = (Days: number, Id = "t") =>
    client.send(
      new PutBucketIntelligentTieringConfigurationCommand({
        Bucket,
        Id: "t",
        IntelligentTieringConfiguration: { Id, Status: "Enabled", Tierings: [{ AccessTier: "ARCHIVE_ACCESS", Days }] },
      }),
    );
  await put(90);
  const address = { Bucket, Id: "t" };
  const got = await client.send(new GetBucketIntelligentTieringConfigurationCommand(address));
  expect(got.IntelligentTieringConfiguration!.Tierings).toEqual([{ AccessTier: "ARCHIVE_ACCESS", Days: 90 }]);
  expect(await failureOf(put(89))).toMatchObject({ code: "InvalidArgument", status: 400 });
  expect(await failureOf(put(90, "other"))).toMatchObject({ code: "MalformedXML" });
  const listed = await client.send(new ListBucketIntelligentTieringConfigurationsCommand({ Bucket }));
  expect(listed.IntelligentTieringConfigurationList).toHaveLength(1);
  await client.send(new DeleteBucketIntelligentTieringConfigurationCommand(address));
});

test("inventory", async () => {
  const put = (bucket: string) =>
    client.send(
      new PutBucketInventoryConfigurationCommand({
        Bucket,
        Id: "i",
        InventoryConfiguration: {
          Id: "i",
          IsEnabled: true,
          IncludedObjectVersions: "Current",
          Schedule: { Frequency: "Daily" },
          OptionalFields: ["Size", "ETag"],
          Destination: { S3BucketDestination: { Bucket: bucket, Format: "CSV", Encryption: { SSES3: {} } } },
        },
      }),
    );
  await put("arn:aws:s3:::reports");
  const got = await client.send(new GetBucketInventoryConfigurationCommand({ Bucket, Id: "i" }));
  expect(got.InventoryConfiguration).toMatchObject({
    IsEnabled: true,
    OptionalFields: ["Size", "ETag"],
    Destination: { S3BucketDestination: { Bucket: "arn:aws:s3:::reports", Encryption: { SSES3: {} } } },
  });
  expect(await failureOf(put("reports"))).toMatchObject({ code: "InvalidS3DestinationBucket", status: 400 });
  const listed = await client.send(new ListBucketInventoryConfigurationsCommand({ Bucket }));
  expect(listed.InventoryConfigurationList).toHaveLength(1);
  await client.send(new DeleteBucketInventoryConfigurationCommand({ Bucket, Id: "i" }));
});

test("a bucket holds a hundred configurations of a kind", async () => {
  const bucket = await makeBucket(client);
  const put = (Id: string) =>
    client.send(new PutBucketMetricsConfigurationCommand({ Bucket: bucket, Id, MetricsConfiguration: { Id } }));
  for (let count = 0; count < 100; count++) await put(`m${count}`);
  expect(await failureOf(put("one-more"))).toMatchObject({ code: "TooManyConfigurations", status: 400 });
  await put("m1");
});

test("acceleration", async () => {
  expect((await client.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status).toBeUndefined();
  const AccelerateConfiguration = { Status: "Enabled" as const };
  await client.send(new PutBucketAccelerateConfigurationCommand({ Bucket, AccelerateConfiguration }));
  expect((await client.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status).toBe("Enabled");
});

test("where the requester pays, others than the owner must know it", async () => {
  const bucket = await makeBucket(client);
  const other = await addAccount(verge, "payer");
  const theirs = other.s3;
  const statement = { Effect: "Allow", Principal: { AWS: other.id }, Action: "s3:GetObject" };
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ ...statement, Resource: `arn:aws:s3:::${bucket}/*` }],
  });
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  const address = { Bucket: bucket, Key: "k" };
  await client.send(new PutObjectCommand({ ...address, Body: "x" }));
  await theirs.send(new GetObjectCommand(address));
  await client.send(
    new PutBucketRequestPaymentCommand({ Bucket: bucket, RequestPaymentConfiguration: { Payer: "Requester" } }),
  );
  expect((await client.send(new GetBucketRequestPaymentCommand({ Bucket: bucket }))).Payer).toBe("Requester");
  expect(await failureOf(theirs.send(new GetObjectCommand(address)))).toMatchObject({ code: "AccessDenied" });
  await theirs.send(new GetObjectCommand({ ...address, RequestPayer: "requester" }));
  await client.send(new GetObjectCommand(address));
  theirs.destroy();
});
