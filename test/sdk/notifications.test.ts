import {
  DeleteFunctionCommand,
  type LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  RemovePermissionCommand,
} from "@aws-sdk/client-lambda";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFunction, createLambdaClient } from "../support/lambda.ts";
import { allowBucket, describeSubscription, listKeys, subscribe, tellBucket } from "../support/notifications.ts";
import { postForm, signV4 } from "../support/post-form.ts";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

const SOON = { timeout: 10_000, interval: 20 };
const CREATED = ["s3:ObjectCreated:*"];

let verge: Verge;
let s3: S3Client;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
  lambda = createLambdaClient(verge);
});
afterAll(async () => {
  s3.destroy();
  lambda.destroy();
  await verge.stop();
});

interface Told {
  readonly awsRequestId: string;
  readonly record: {
    readonly eventVersion: string;
    readonly responseElements: Record<string, string>;
    readonly s3: { readonly object: Record<string, unknown> };
  };
}

/** Two buckets, and a function that stores in the second what it is told of the first. */
async function makeBuckets(shards = 1): Promise<{ inbox: string; outbox: string; arn: string; name: string }> {
  const [inbox, outbox] = [await makeBucket(s3, { shards }), await makeBucket(s3)];
  const name = await createFunction(lambda, tellBucket(outbox), { Timeout: 20 });
  return { inbox, outbox, name, arn: await allowBucket(lambda, name, inbox) };
}

async function readTold(Bucket: string, Key: string): Promise<Told> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return JSON.parse(await Body!.transformToString()) as Told;
}

describe.each([1, 3])("a bucket on %i index objects", (shards) => {
  test("tells a function of everything that happens to its objects", async () => {
    const { inbox: Bucket, outbox, arn } = await makeBuckets(shards);
    const events = [...CREATED, "s3:ObjectRemoved:*", "s3:ObjectTagging:*"];
    await subscribe(s3, Bucket, describeSubscription(arn, { events, id: "everything" }));

    const put = await s3.send(new PutObjectCommand({ Bucket, Key: "a b/ü.txt", Body: "12345" }));
    await s3.send(new CopyObjectCommand({ Bucket, Key: "copied", CopySource: `${Bucket}/a%20b/%C3%BC.txt` }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "parts" }));
    const part = { Bucket, Key: "parts", UploadId, PartNumber: 1 };
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: "part" }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: "parts", UploadId, MultipartUpload }));
    const fields = [
      ["key", "posted"] as const,
      ...signV4(verge, { conditions: [{ bucket: Bucket }, { key: "posted" }] }),
    ];
    expect((await postForm(verge, { bucket: Bucket, fields, file: { body: "form" } })).status).toBe(204);
    const Tagging = { TagSet: [{ Key: "color", Value: "blue" }] };
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: "parts", Tagging }));
    await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: "parts" }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "copied" }));
    const Objects = [{ Key: "parts" }, { Key: "posted" }, { Key: "was never there" }];
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));

    const encoded = "a+b/%C3%BC.txt";
    const expected = [
      `told/ObjectCreated:CompleteMultipartUpload/parts`,
      `told/ObjectCreated:Copy/copied`,
      `told/ObjectCreated:Post/posted`,
      `told/ObjectCreated:Put/${encoded}`,
      `told/ObjectRemoved:Delete/copied`,
      `told/ObjectRemoved:Delete/parts`,
      `told/ObjectRemoved:Delete/posted`,
      `told/ObjectTagging:Delete/parts`,
      `told/ObjectTagging:Put/parts`,
    ];
    await expect.poll(() => listKeys(s3, outbox), SOON).toEqual(expected);

    const created = await readTold(outbox, `told/ObjectCreated:Put/${encoded}`);
    expect(created.awsRequestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(created.record).toMatchObject({
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: verge.region,
      eventName: "ObjectCreated:Put",
      userIdentity: { principalId: expect.stringMatching(/^AWS:\d{12}$/) },
      responseElements: { "x-amz-request-id": put.$metadata.requestId, "x-amz-id-2": put.$metadata.extendedRequestId },
      s3: {
        configurationId: "everything",
        bucket: { name: Bucket, arn: `arn:aws:s3:::${Bucket}` },
        object: { key: encoded, size: 5, eTag: put.ETag!.replaceAll('"', "") },
      },
    });
    const posted = await readTold(outbox, "told/ObjectCreated:Post/posted");
    const removed = await readTold(outbox, "told/ObjectRemoved:Delete/posted");
    const sequencers = [posted, removed].map(({ record }) => String(record.s3.object["sequencer"]));
    expect(sequencers.toSorted()).toEqual(sequencers);
    expect(removed.record.s3.object["size"]).toBeUndefined();
  });
});

test("events of a bucket with versions name the version, and tell delete markers from deletions", async () => {
  const { inbox: Bucket, outbox, arn } = await makeBuckets();
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  await subscribe(s3, Bucket, describeSubscription(arn, { events: [...CREATED, "s3:ObjectRemoved:*"] }));
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "1" }));
  const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "a", VersionId }));
  const names = ["ObjectCreated:Put", "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"];
  const keys = names.map((name) => `told/${name}/a`);
  await expect.poll(() => listKeys(s3, outbox), SOON).toEqual(keys);
  const told = await Promise.all(keys.map((key) => readTold(outbox, key)));
  expect(told.map(({ record }) => record.s3.object["versionId"])).toEqual([VersionId, VersionId, marker.VersionId]);
});

test("only the events that were asked for, of keys with the prefix and the suffix, are told", async () => {
  const { inbox: Bucket, outbox, arn } = await makeBuckets();
  await subscribe(
    s3,
    Bucket,
    describeSubscription(arn, { events: CREATED, prefix: "in/", suffix: ".jpg" }),
    describeSubscription(arn, { events: ["s3:ObjectCreated:Put"], prefix: "my+files/" }),
  );
  for (const Key of ["in/a.png", "a.jpg", "in/a.jpg", "my files/a", "my+files/b"]) {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  }
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "in/a.jpg" }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "in/last.jpg", Body: "1" }));
  const expected = ["in/a.jpg", "in/last.jpg", "my+files/a"].map((key) => `told/ObjectCreated:Put/${key}`);
  await expect.poll(() => listKeys(s3, outbox), SOON).toEqual(expected);
  // From the moment a change is answered nobody hears by the old configuration.
  await subscribe(s3, Bucket, describeSubscription(arn, { events: CREATED, prefix: "new/" }));
  for (const Key of ["in/b.jpg", "new/b"]) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  await expect.poll(() => listKeys(s3, outbox), SOON).toEqual([...expected, "told/ObjectCreated:Put/new/b"]);
});

test("a function that is gone, or no longer lets S3 call it, is told nothing, and others are", async () => {
  const [gone, closed, open] = [await makeBuckets(), await makeBuckets(), await makeBuckets()];
  const Bucket = gone.inbox;
  const arns = [gone.arn, ...(await Promise.all([closed, open].map(({ name }) => allowBucket(lambda, name, Bucket))))];
  const events = CREATED;
  await subscribe(
    s3,
    Bucket,
    ...arns.map((arn, position) => describeSubscription(arn, { events, prefix: `${position}/` })),
  );
  await lambda.send(new DeleteFunctionCommand({ FunctionName: gone.name }));
  await lambda.send(new RemovePermissionCommand({ FunctionName: closed.name, StatementId: `s3-${Bucket}` }));
  for (const Key of ["0/a", "1/a", "2/a"]) await s3.send(new PutObjectCommand({ Bucket, Key, Body: "1" }));
  await expect.poll(() => listKeys(s3, open.outbox), SOON).toEqual(["told/ObjectCreated:Put/2/a"]);
  expect([await listKeys(s3, gone.outbox), await listKeys(s3, closed.outbox)]).toEqual([[], []]);
});

test("a function that writes to the bucket that triggers it is stopped after sixteen rounds", async () => {
  const [Bucket, failures] = [await makeBucket(s3), await makeBucket(s3)];
  const code = `
    const { PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");
    const s3 = new S3Client();
    exports.handler = async ({ Records: [{ s3: { bucket, object } }] }) => {
      const Key = "round-" + String(Number(object.key.slice(-2)) + 1).padStart(2, "0");
      await s3.send(new PutObjectCommand({ Bucket: bucket.name, Key, Body: "again" }));
    };`;
  const name = await createFunction(lambda, code, { Timeout: 20 });
  const DestinationConfig = { OnFailure: { Destination: `arn:aws:s3:::${failures}` } };
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: name, DestinationConfig }));
  await subscribe(s3, Bucket, describeSubscription(await allowBucket(lambda, name, Bucket), { events: CREATED }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "round-01", Body: "first" }));
  // The seventeenth invocation is not made.
  await expect.poll(() => listKeys(s3, failures), SOON).toHaveLength(1);
  expect(await listKeys(s3, Bucket)).toHaveLength(17);
});
