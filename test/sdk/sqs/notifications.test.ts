import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import {
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { createQueue, createSqsClient, readQueueArn } from "./support.ts";

let verge: Verge;
let sqs: SQSClient;
let s3: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  sqs = createSqsClient(verge);
  s3 = createS3Client(verge);
});
afterAll(() => verge.stop());

let created = 0;
async function createBucket(): Promise<string> {
  const Bucket = `notifying-${++created}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

const allow = (QueueUrl: string, Resource: string, bucket: string) => {
  const Condition = { ArnLike: { "aws:SourceArn": `arn:aws:s3:::${bucket}` } };
  const statement = {
    Effect: "Allow",
    Principal: { Service: "s3.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource,
    Condition,
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  return sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
};

const notify = (Bucket: string, QueueArn: string) =>
  s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { QueueConfigurations: [{ Id: "all", QueueArn, Events: ["s3:ObjectCreated:*"] }] },
    }),
  );

async function takeNext(QueueUrl: string): Promise<unknown> {
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }));
  const { Body, ReceiptHandle } = Messages![0]!;
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return JSON.parse(Body!);
}

describe("a bucket that notifies a queue", () => {
  it("shows itself by a test event, then tells of each object", async () => {
    const Bucket = await createBucket();
    const queue = await createQueue(sqs);
    const arn = await readQueueArn(sqs, queue);
    await expect(notify(Bucket, arn)).rejects.toMatchObject({
      name: "InvalidArgument",
      message: "Unable to validate the following destination configurations",
    });
    await allow(queue, arn, Bucket);
    await notify(Bucket, arn);
    expect(await takeNext(queue)).toMatchObject({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket });
    await s3.send(new PutObjectCommand({ Bucket, Key: "a b", Body: "hello" }));
    expect(await takeNext(queue)).toMatchObject({
      Records: [{ eventName: "ObjectCreated:Put", s3: { configurationId: "all", object: { key: "a+b", size: 5 } } }],
    });
  });

  it("needs one that is there, and of the standard kind", async () => {
    const Bucket = await createBucket();
    const queue = await createQueue(sqs);
    const arn = await readQueueArn(sqs, queue);
    await allow(queue, arn, Bucket);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: queue }));
    await expect(notify(Bucket, arn)).rejects.toMatchObject({ name: "InvalidArgument" });
    const fifo = await createQueue(sqs, { FifoQueue: "true" });
    await allow(fifo, await readQueueArn(sqs, fifo), Bucket);
    await expect(notify(Bucket, await readQueueArn(sqs, fifo))).rejects.toMatchObject({ name: "InvalidArgument" });
  });
});
