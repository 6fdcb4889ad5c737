import {
  CancelMessageMoveTaskCommand,
  DeleteQueueCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { addAccount } from "../../support/accounts.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { signedFetch } from "../../support/signed-fetch.ts";
import { createQueue, createSqsClient, readQueueArn } from "./support.ts";

let verge: Verge;
let sqs: SQSClient;
beforeAll(async () => {
  verge = await startVerge();
  sqs = createSqsClient(verge);
});
afterAll(() => verge.stop());

/** A queue with a dead-letter queue, in which so many messages lie that came from it. */
async function createPair(messages: number, attributes: Record<string, string> = {}) {
  const dead = await createQueue(sqs, attributes);
  const deadArn = await readQueueArn(sqs, dead);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 1 });
  const source = await createQueue(sqs, { ...attributes, RedrivePolicy, VisibilityTimeout: "0" });
  const group = attributes["FifoQueue"] === "true" && { MessageGroupId: "g" };
  for (let sent = 0; sent < messages; sent += 10) {
    const Entries = Array.from({ length: Math.min(10, messages - sent) }, (_, n) => ({
      Id: `m${n}`,
      MessageBody: `message ${sent + n}`,
      ...group,
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: source, Entries }));
  }
  // The first receipt counts, the next gives it up.
  const receive = () => sqs.send(new ReceiveMessageCommand({ QueueUrl: source, MaxNumberOfMessages: 10 }));
  for (let asked = 0; asked <= messages; asked++) await receive();
  await vi.waitFor(async () => expect((await receiveAll(dead, 0)).length).toBe(messages), 5_000);
  return { source, dead, deadArn, sourceArn: await readQueueArn(sqs, source) };
}

/** Bodies of what can be received, in its order. */
async function receiveAll(QueueUrl: string, VisibilityTimeout = 30): Promise<string[]> {
  const bodies: string[] = [];
  const seen = new Set<string>();
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout }),
    );
    const fresh = Messages.filter(({ MessageId }) => !seen.has(MessageId!));
    if (fresh.length === 0) return bodies;
    for (const { MessageId, Body } of fresh) {
      seen.add(MessageId!);
      bodies.push(Body!);
    }
  }
}

const listTasks = async (SourceArn: string, MaxResults = 10) =>
  (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults }))).Results!;
const untilEnded = (SourceArn: string) =>
  vi.waitFor(
    async () => {
      const [task] = await listTasks(SourceArn);
      expect(task?.Status).not.toBe("RUNNING");
      return task!;
    },
    { timeout: 8_000, interval: 50 },
  );
const start = (SourceArn: string, more = {}) => sqs.send(new StartMessageMoveTaskCommand({ SourceArn, ...more }));

describe("a move task", () => {
  test("brings messages back to the queue that gave them up", async () => {
    const { source, dead, deadArn } = await createPair(9);
    const { TaskHandle } = await start(deadArn);
    expect(TaskHandle).toBeTruthy();
    expect(await untilEnded(deadArn)).toEqual({
      Status: "COMPLETED",
      SourceArn: deadArn,
      ApproximateNumberOfMessagesMoved: 9,
      ApproximateNumberOfMessagesToMove: 9,
      StartedTimestamp: expect.any(Number),
    });
    expect((await receiveAll(source)).toSorted()).toEqual(Array.from({ length: 9 }, (_, n) => `message ${n}`));
    expect(await receiveAll(dead)).toEqual([]);
  });

  test("takes messages elsewhere, at the rate that was asked for, until it is cancelled", async () => {
    const { dead, deadArn } = await createPair(9);
    const elsewhere = await createQueue(sqs);
    const DestinationArn = await readQueueArn(sqs, elsewhere);
    const { TaskHandle } = await start(deadArn, { DestinationArn, MaxNumberOfMessagesPerSecond: 2 });
    await expect(start(deadArn)).rejects.toThrow(/There is already a task running/);
    await vi.waitFor(async () => expect((await receiveAll(elsewhere, 0)).length).toBeGreaterThan(0), 5_000);
    const [running] = await listTasks(deadArn);
    expect(running).toMatchObject({ TaskHandle, DestinationArn, MaxNumberOfMessagesPerSecond: 2, Status: "RUNNING" });
    await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(await listTasks(deadArn)).toMatchObject([{ Status: "CANCELLED" }]);
    await expect(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }))).rejects.toThrow(/Only active tasks/);
    const there = await receiveAll(elsewhere);
    expect(there.length).toBeLessThan(9);
    expect([...there, ...(await receiveAll(dead))].toSorted()).toEqual(
      Array.from({ length: 9 }, (_, n) => `message ${n}`),
    );
  });

  test("keeps the order of a group", async () => {
    const { source, deadArn } = await createPair(5, { FifoQueue: "true", ContentBasedDeduplication: "true" });
    await start(deadArn);
    expect(await untilEnded(deadArn)).toMatchObject({ Status: "COMPLETED" });
    expect(await receiveAll(source)).toEqual(Array.from({ length: 5 }, (_, n) => `message ${n}`));
  });

  test("fails where messages have no way back, and leaves them", async () => {
    const { dead, deadArn, source } = await createPair(1);
    await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: dead, Entries: [{ Id: "a", MessageBody: "sent directly" }] }),
    );
    await start(deadArn);
    expect(await untilEnded(deadArn)).toMatchObject({
      Status: "FAILED",
      FailureReason: "CouldNotDetermineMessageSource",
    });
    expect([...(await receiveAll(dead)), ...(await receiveAll(source))].toSorted()).toEqual([
      "message 0",
      "sent directly",
    ]);
  });

  test("is refused for what is no dead-letter queue, and to others", async () => {
    const { dead, deadArn } = await createPair(0);
    const plain = await readQueueArn(sqs, await createQueue(sqs));
    await expect(start(plain)).rejects.toThrow("Source queue must be configured as a Dead Letter Queue.");
    await expect(start(`${plain}-none`)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(start(deadArn, { DestinationArn: `${plain}-none` })).rejects.toThrow(/DestinationArn/);
    await expect(start(deadArn, { DestinationArn: deadArn })).rejects.toThrow(/cannot be the same/);
    await expect(start(deadArn, { MaxNumberOfMessagesPerSecond: 501 })).rejects.toThrow(/between 1 and 500/);
    const other = createSqsClient(verge, { credentials: (await addAccount(verge, "other")).credentials });
    await expect(other.send(new StartMessageMoveTaskCommand({ SourceArn: deadArn }))).rejects.toThrow(/not authorized/);
    const { TaskHandle } = await start(deadArn);
    await expect(other.send(new CancelMessageMoveTaskCommand({ TaskHandle }))).rejects.toThrow(/not authorized/);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: dead }));
    await expect(listTasks(deadArn)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("is shown by the older protocol too", async () => {
    const { deadArn } = await createPair(0);
    await start(deadArn);
    const { status, text } = await signedFetch(verge, {
      method: "POST",
      target: "/",
      scope: { service: "sqs", region: verge.region },
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `Action=ListMessageMoveTasks&Version=2012-11-05&SourceArn=${encodeURIComponent(deadArn)}&MaxResults=1`,
    });
    expect(status).toBe(200);
    expect(text).toContain(`<ListMessageMoveTasksResultEntry>`);
    expect(text).toContain(`<SourceArn>${deadArn}</SourceArn>`);
  });
});
