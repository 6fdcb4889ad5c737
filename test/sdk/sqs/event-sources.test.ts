import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  type LambdaClient,
  ListEventSourceMappingsCommand,
  ListTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import type { S3Client } from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJson, waitForObjects } from "../../support/async-events.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { createQueue, createSqsClient, readQueueArn } from "./support.ts";

let verge: Verge;
let sqs: SQSClient;
let lambda: LambdaClient;
let s3: S3Client;
let bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  sqs = createSqsClient(verge);
  lambda = createLambdaClient(verge);
  s3 = createS3Client(verge);
  bucket = await makeBucket(s3);
});
afterAll(() => verge.stop());

/** Writes each message as an object named by its id; messages that say so fail. */
const recorder = (prefix: string) => `
  const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");
  const s3 = new S3Client({ forcePathStyle: true });
  exports.handler = async ({ Records }) => {
    const failed = Records.filter(({ body }) => body.startsWith("fail"));
    for (const record of Records.filter((one) => !failed.includes(one))) {
      const Key = "${prefix}" + record.attributes.SentTimestamp + record.messageId;
      await s3.send(new PutObjectCommand({ Bucket: "${bucket}", Key, Body: JSON.stringify({ ...record, batch: Records.length }) }));
    }
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };`;

const map = (FunctionName: string, EventSourceArn: string, more: Partial<CreateEventSourceMappingCommandInput> = {}) =>
  lambda.send(new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn, ...more }));

const isEmpty = async (QueueUrl: string) => {
  const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.every((name) => Attributes![name] === "0");
};

describe("a function that consumes a queue", () => {
  it("has tags on its mapping, which stay when it changes", async () => {
    const sourceArn = await readQueueArn(sqs, await createQueue(sqs));
    const name = await createFunction(lambda, "exports.handler = async () => {};");
    const { UUID, EventSourceMappingArn: Resource } = await map(name, sourceArn, { Tags: { team: "a" } });
    const list = async () => (await lambda.send(new ListTagsCommand({ Resource }))).Tags;
    expect(await list()).toEqual({ team: "a" });
    await lambda.send(new TagResourceCommand({ Resource, Tags: { team: "b", stage: "test" } }));
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, BatchSize: 3 }));
    await lambda.send(new UntagResourceCommand({ Resource, TagKeys: ["stage"] }));
    expect(await list()).toEqual({ team: "b" });
    await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    await expect(list()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  it("gets each message, those before and those after, and deletes them", async () => {
    const queue = await createQueue(sqs);
    const sourceArn = await readQueueArn(sqs, queue);
    const name = await createFunction(lambda, recorder("all/"), { Timeout: 20 });
    const attributes = { color: { DataType: "String", StringValue: "red" } };
    await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: "before", MessageAttributes: attributes }));
    await map(name, sourceArn);
    const [first = ""] = await waitForObjects(s3, bucket, "all/", 1);
    expect(await readJson(s3, bucket, first)).toMatchObject({
      body: "before",
      eventSource: "aws:sqs",
      eventSourceARN: sourceArn,
      awsRegion: "us-east-1",
      attributes: { ApproximateReceiveCount: "1" },
      messageAttributes: { color: { stringValue: "red", dataType: "String" } },
    });
    for (let n = 0; n < 3; n++) await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: `after ${n}` }));
    await waitForObjects(s3, bucket, "all/", 4);
    await expect.poll(() => isEmpty(queue), { timeout: 10_000 }).toBe(true);
  });

  it("says which messages of a batch failed, and those alone come again", async () => {
    const dead = await createQueue(sqs);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await readQueueArn(sqs, dead), maxReceiveCount: 1 });
    const queue = await createQueue(sqs, { VisibilityTimeout: "3", RedrivePolicy });
    const name = await createFunction(lambda, recorder("some/"), { Timeout: 3 });
    const Entries = ["good 1", "fail", "good 2"].map((MessageBody, index) => ({ Id: `m${index}`, MessageBody }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries }));
    await map(name, await readQueueArn(sqs, queue), { FunctionResponseTypes: ["ReportBatchItemFailures"] });
    const keys = await waitForObjects(s3, bucket, "some/", 2);
    const batches = await Promise.all(keys.map((key) => readJson<{ batch: number }>(s3, bucket, key)));
    expect(batches.map(({ batch }) => batch)).toEqual([3, 3]);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead, WaitTimeSeconds: 15 }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(["fail"]);
    await expect.poll(() => isEmpty(queue), { timeout: 10_000 }).toBe(true);
  });

  it("gets what its filters want; the rest is deleted", async () => {
    const dead = await createQueue(sqs);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await readQueueArn(sqs, dead), maxReceiveCount: 1 });
    const queue = await createQueue(sqs, { RedrivePolicy });
    const name = await createFunction(lambda, recorder("filtered/"), { Timeout: 20 });
    const Filters = [
      { body: { kind: ["order"], total: [{ numeric: [">=", 100] }] } },
      { body: [{ prefix: "urgent" }] },
      { messageAttributes: { keep: { stringValue: [{ exists: true }] } } },
    ].map((pattern) => ({ Pattern: JSON.stringify(pattern) }));
    const { UUID } = await map(name, await readQueueArn(sqs, queue), { FilterCriteria: { Filters } });
    expect((await lambda.send(new GetEventSourceMappingCommand({ UUID }))).FilterCriteria).toEqual({ Filters });
    const keep = { keep: { DataType: "String", StringValue: "1" } };
    const sent: [string, boolean?][] = [
      ['{"kind":"order","total":99}'],
      ["kind: order"],
      ['{"kind":"order","total":100,"id":1}'],
      ["not urgent"],
      ["urgent: now"],
      ["[]"],
      ["anything", true],
    ];
    const Entries = sent.map(([MessageBody, kept], index) => ({
      Id: `m${index}`,
      MessageBody,
      ...(kept && { MessageAttributes: keep }),
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries }));
    await expect.poll(() => isEmpty(queue), { timeout: 10_000 }).toBe(true);
    const keys = await waitForObjects(s3, bucket, "filtered/", 3);
    const records = await Promise.all(keys.map((key) => readJson<{ body: string }>(s3, bucket, key)));
    expect(records.map(({ body }) => body).toSorted()).toEqual([
      "anything",
      "urgent: now",
      '{"kind":"order","total":100,"id":1}',
    ]);
    expect(await isEmpty(dead)).toBe(true);
    const FilterCriteria = { Filters: [] };
    const updated = await lambda.send(new UpdateEventSourceMappingCommand({ UUID, FilterCriteria }));
    expect(updated.FilterCriteria).toBeUndefined();
  });

  it("consumes the queue that is made again under the name of one that was deleted", async () => {
    const queue = await createQueue(sqs);
    const name = await createFunction(lambda, recorder("again/"), { Timeout: 20 });
    await map(name, await readQueueArn(sqs, queue));
    await sqs.send(new DeleteQueueCommand({ QueueUrl: queue }));
    await sqs.send(new CreateQueueCommand({ QueueName: queue.split("/").at(-1)! }));
    await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: "to the new one" }));
    expect(await waitForObjects(s3, bucket, "again/", 1)).toHaveLength(1);
  });

  it("gets the messages of a FIFO group in their order", async () => {
    const queue = await createQueue(sqs, { FifoQueue: "true", ContentBasedDeduplication: "true" });
    const name = await createFunction(lambda, recorder("fifo/"), { Timeout: 20 });
    await map(name, await readQueueArn(sqs, queue), { BatchSize: 2 });
    const sent = Array.from({ length: 6 }, (_, n) => `m${n}`);
    for (const MessageBody of sent) {
      await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody, MessageGroupId: "g" }));
    }
    await waitForObjects(s3, bucket, "fifo/", sent.length);
    await expect.poll(() => isEmpty(queue), { timeout: 10_000 }).toBe(true);
  });

  it("runs as often at the same time as its MaximumConcurrency says", async () => {
    const queue = await createQueue(sqs);
    const code = `
      const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");
      const s3 = new S3Client({ forcePathStyle: true });
      exports.handler = async ({ Records: [{ messageId }] }) => {
        const from = Date.now();
        await new Promise((resolve) => setTimeout(resolve, 300));
        const Body = JSON.stringify({ from, to: Date.now() });
        await s3.send(new PutObjectCommand({ Bucket: "${bucket}", Key: "side/" + messageId, Body }));
      };`;
    const name = await createFunction(lambda, code, { Timeout: 20 });
    const Entries = Array.from({ length: 6 }, (_, n) => ({ Id: `m${n}`, MessageBody: "x" }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries }));
    await map(name, await readQueueArn(sqs, queue), { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } });
    const keys = await waitForObjects(s3, bucket, "side/", 6);
    const runs = await Promise.all(keys.map((key) => readJson<{ from: number; to: number }>(s3, bucket, key)));
    const beside = runs.map(({ from }) => runs.filter((other) => other.from <= from && from < other.to).length);
    expect(Math.max(...beside)).toBe(2);
  });

  it("collects a batch for its window", async () => {
    const queue = await createQueue(sqs);
    const name = await createFunction(lambda, recorder("window/"), { Timeout: 20 });
    await map(name, await readQueueArn(sqs, queue), { BatchSize: 3, MaximumBatchingWindowInSeconds: 10 });
    for (let n = 0; n < 3; n++) await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: `m${n}` }));
    const keys = await waitForObjects(s3, bucket, "window/", 3);
    const batches = await Promise.all(keys.map((key) => readJson<{ batch: number }>(s3, bucket, key)));
    expect(Math.max(...batches.map(({ batch }) => batch))).toBeGreaterThan(1);
  });
});

describe("event source mappings", () => {
  it("are read, listed, switched off and on, and deleted", async () => {
    const queue = await createQueue(sqs);
    const EventSourceArn = await readQueueArn(sqs, queue);
    const FunctionName = await createFunction(lambda, recorder("off/"), { Timeout: 20 });
    const { UUID, State } = await map(FunctionName, EventSourceArn, { Enabled: false });
    expect(State).toBe("Disabled");
    await expect(map(FunctionName, EventSourceArn)).rejects.toMatchObject({ name: "ResourceConflictException" });
    await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: "waits" }));
    const listed = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
    expect(listed.EventSourceMappings).toMatchObject([{ UUID, EventSourceArn, State: "Disabled", BatchSize: 10 }]);
    const ScalingConfig = { MaximumConcurrency: 2 };
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true, BatchSize: 5, ScalingConfig }));
    await waitForObjects(s3, bucket, "off/", 1);
    const read = () => lambda.send(new GetEventSourceMappingCommand({ UUID }));
    expect(await read()).toMatchObject({ State: "Enabled", BatchSize: 5, ScalingConfig });
    await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    await expect(read()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: "stays" }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue, WaitTimeSeconds: 2 }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(["stays"]);
  });

  it.each<[string, Partial<CreateEventSourceMappingCommandInput>, RegExp]>([
    ["a queue that is not there", { EventSourceArn: "gone" }, /NonExistentQueue/],
    ["a stream", { EventSourceArn: "stream" }, /Unrecognized event source/],
    ["a large batch without a window", { BatchSize: 11 }, /Maximum batch window/],
    ["what streams have", { StartingPosition: "LATEST" }, /StartingPosition does not apply/],
    ["filters", { FilterCriteria: { Filters: [{ Pattern: "{}" }] } }, /Invalid filter pattern definition/],
    ["a slow function", { FunctionName: "slow" }, /Queue visibility timeout: 30 seconds is less than/],
  ])("are refused for %s", async (_what, more, message) => {
    const sourceArn = await readQueueArn(sqs, await createQueue(sqs));
    const arns = { gone: `${sourceArn}-gone`, stream: sourceArn.replace(":sqs:", ":kinesis:") };
    const source = more.EventSourceArn === undefined ? sourceArn : arns[more.EventSourceArn as keyof typeof arns];
    const Timeout = more.FunctionName === "slow" ? 60 : 3;
    const FunctionName = await createFunction(lambda, undefined, { Timeout });
    await expect(map(FunctionName, source, { ...more, EventSourceArn: source, FunctionName })).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: expect.stringMatching(message),
    });
  });
});
