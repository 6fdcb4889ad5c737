import { CreateRoleCommand } from "@aws-sdk/client-iam";
import {
  CreateScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
  type Target,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startVerge, type Verge } from "../../support/server.ts";
import { clientsOf, documentOf, type Keys, makeUser } from "../iam/iam-support.ts";
import { createQueue, createSqsClient, readQueueArn } from "../sqs/support.ts";

let verge: Verge;
let sqs: SQSClient;
let scheduler: SchedulerClient;
let accountId: string;
beforeAll(async () => {
  verge = await startVerge();
  sqs = createSqsClient(verge);
  scheduler = new SchedulerClient(clientsOf(verge).config);
  accountId = (await readQueueArn(sqs, await createQueue(sqs))).split(":")[4]!;
});
afterAll(() => verge.stop());

const RoleArn = () => `arn:aws:iam::${accountId}:role/scheduler`;
const FlexibleTimeWindow = { Mode: "OFF" } as const;
/** A rate begins at once. */
const once = { ScheduleExpression: "rate(1 day)", FlexibleTimeWindow };

const create = (Name: string, target: Partial<Target> & Pick<Target, "Arn">, as = scheduler) =>
  as.send(new CreateScheduleCommand({ Name, ...once, Target: { RoleArn: RoleArn(), ...target } }));

async function receiveOne(QueueUrl: string) {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      WaitTimeSeconds: 10,
      MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["All"],
    }),
  );
  return Messages?.[0];
}

test("a queue gets the schedule's input as a message", async () => {
  const QueueUrl = await createQueue(sqs);
  const { ScheduleArn } = await create("plain", {
    Arn: await readQueueArn(sqs, QueueUrl),
    Input: "due: <aws.scheduler.schedule-arn>",
  });
  expect((await receiveOne(QueueUrl))?.Body).toBe(`due: ${ScheduleArn}`);
});

test("without an input it gets the Scheduler's event", async () => {
  const QueueUrl = await createQueue(sqs);
  const { ScheduleArn } = await create("event", { Arn: await readQueueArn(sqs, QueueUrl) });
  const event = JSON.parse((await receiveOne(QueueUrl))!.Body!) as unknown;
  expect(event).toMatchObject({ source: "aws.scheduler", resources: [ScheduleArn] });
});

test("a FIFO queue needs a group and deduplicates by content", async () => {
  const QueueUrl = await createQueue(sqs, { FifoQueue: "true", ContentBasedDeduplication: "true" });
  const Arn = await readQueueArn(sqs, QueueUrl);
  await expect(create("fifo", { Arn, Input: "x" })).rejects.toMatchObject({ name: "ValidationException" });
  const SqsParameters = { MessageGroupId: "reports" };
  await create("fifo", { Arn, Input: "x", SqsParameters });
  expect(await receiveOne(QueueUrl)).toMatchObject({ Body: "x", Attributes: { MessageGroupId: "reports" } });
  expect((await scheduler.send(new GetScheduleCommand({ Name: "fifo" }))).Target).toMatchObject({ SqsParameters });
});

test("what a target does not take goes to the dead-letter queue, with why", async () => {
  const QueueUrl = await createQueue(sqs);
  const Arn = await readQueueArn(sqs, QueueUrl);
  const missing = `arn:aws:lambda:${verge.region}:${accountId}:function:nobody`;
  const DeadLetterConfig = { Arn };
  const { ScheduleArn } = await create("lost", {
    Arn: missing,
    Input: '{"a":1}',
    DeadLetterConfig,
    RetryPolicy: { MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 3600 },
  });
  const letter = await receiveOne(QueueUrl);
  expect(letter?.Body).toBe('{"a":1}');
  const attributes = Object.entries(letter?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [
    name,
    StringValue,
  ]);
  expect(Object.fromEntries(attributes)).toMatchObject({
    ERROR_CODE: "ResourceNotFoundException",
    ERROR_MESSAGE: `Function not found: ${missing}`,
    EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
    RETRY_ATTEMPTS: "1",
    SCHEDULE_ARN: ScheduleArn,
    TARGET_ARN: missing,
    IS_PAYLOAD_TRUNCATED: "false",
  });
  const { Target: stored } = await scheduler.send(new GetScheduleCommand({ Name: "lost" }));
  expect(stored?.DeadLetterConfig).toEqual(DeadLetterConfig);
});

test("what cannot be a target or a dead-letter queue is refused", async () => {
  const region = verge.region;
  const refused = (pattern: RegExp) => ({
    name: "ValidationException",
    message: expect.stringMatching(pattern) as string,
  });
  const Arn = `arn:aws:sqs:${region}:${accountId}:q`;
  const fifo = { DeadLetterConfig: { Arn: `${Arn}.fifo` } };
  await expect(create("no", { Arn, ...fifo })).rejects.toMatchObject(refused(/deadLetterConfig.arn/));
  const elsewhere = { DeadLetterConfig: { Arn: `arn:aws:sqs:eu-north-1:${accountId}:q` } };
  await expect(create("no", { Arn, ...elsewhere })).rejects.toMatchObject(refused(/not in the region/));
  const foreign = `arn:aws:sqs:${region}:999999999999:q`;
  await expect(create("no", { Arn: foreign })).rejects.toMatchObject(refused(/must be of the account/));
  const KinesisParameters = { PartitionKey: "k" };
  await expect(create("no", { Arn, KinesisParameters })).rejects.toMatchObject(refused(/KinesisParameters/));
  const stream = `arn:aws:kinesis:${region}:${accountId}:stream/s`;
  await expect(create("no", { Arn: stream })).rejects.toMatchObject(refused(/not in correct format/));
});

test("who makes a schedule may send to its queues and pass its role, which trusts the Scheduler", async () => {
  const { iam } = clientsOf(verge);
  const Arn = await readQueueArn(sqs, await createQueue(sqs));
  const makeRole = async (RoleName: string, Service: string) => {
    const trust = documentOf({ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service } });
    return (await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }))).Role!.Arn!;
  };
  const role = await makeRole("for-schedules", "scheduler.amazonaws.com");
  const wrong = await makeRole("for-functions", "lambda.amazonaws.com");
  const scheduling = { Effect: "Allow", Action: ["scheduler:*", "iam:PassRole"], Resource: "*" };
  const as = (keys: Keys) => new SchedulerClient(clientsOf(verge, keys).config);
  const planner = as(await makeUser(iam, "planner", scheduling));
  await expect(create("one", { Arn, RoleArn: role }, planner)).rejects.toThrow(/sqs:SendMessage/);
  const sending = { Effect: "Allow", Action: "sqs:SendMessage", Resource: Arn };
  const sender = as(await makeUser(iam, "sender", scheduling, sending));
  await create("one", { Arn, RoleArn: role }, sender);
  const other = { Arn, DeadLetterConfig: { Arn: `${Arn}-other` }, RoleArn: role };
  await expect(create("two", other, sender)).rejects.toThrow(/sqs:SendMessage/);
  const cannot = /must allow AWS EventBridge Scheduler to assume the role/;
  await expect(create("two", { Arn, RoleArn: wrong })).rejects.toThrow(cannot);
  const update = new UpdateScheduleCommand({ Name: "one", ...once, Target: { Arn, RoleArn: wrong } });
  await expect(scheduler.send(update)).rejects.toThrow(cannot);
});
