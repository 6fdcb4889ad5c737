import { randomInt } from "node:crypto";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSqsClient } from "../../sdk/sqs/support.ts";
import { startVerge, type Verge } from "../../support/server.ts";

/** 20 in `npm run test:long`; `npm run test:kill` says how many. */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? "20");
const MESSAGES = 200;
const SENDERS = 8;
const RECEIVERS = 4;
const GROUPS = 5;
/** What a receiver had when the server was killed comes again after it. */
const VISIBILITY_SECONDS = 2;
const DEADLINE_MS = 60_000;

let verge: Verge;
let sqs: SQSClient;
beforeAll(async () => {
  verge = await startVerge();
  // Connections that the killed server leaves behind fail once.
  sqs = createSqsClient(verge, { maxAttempts: 3 });
});
afterAll(async () => {
  sqs.destroy();
  await verge.stop();
});

interface Delivered {
  readonly body: string;
  readonly sequence: number;
}

/** What senders and receivers were answered. */
class Account {
  readonly sent = new Set<string>();
  /** In the order in which they were received. */
  readonly received: Delivered[] = [];
  /** Received and sent for deletion, which a killed server may have carried out without an answer. */
  readonly handled = new Set<string>();
  readonly deleted = new Set<string>();
}

test.each(
  Array.from({ length: ROUNDS }, (_, index) => index + 1).flatMap((round) => [
    [round, "standard"] as const,
    [round, "FIFO"] as const,
  ]),
)(
  "round %i: after SIGKILL of workerd every message of a %s queue that was accepted is received, and what was deleted is not",
  async (_round, kind) => {
    const fifo = kind === "FIFO";
    const queueUrl = await createQueue(fifo);
    const account = new Account();
    await workAndKill(queueUrl, fifo, account);
    const deletedBefore = new Set(account.deleted);
    const receivedBefore = account.received.length;
    await drain(queueUrl, account);
    expect([...account.sent].filter((body) => !account.handled.has(body))).toEqual([]);
    const again = account.received.slice(receivedBefore).map(({ body }) => body);
    expect(again.filter((body) => deletedBefore.has(body))).toEqual([]);
    expect(fifo ? findDisorder(account.received) : undefined).toBeUndefined();
  },
  120_000,
);

async function createQueue(fifo: boolean): Promise<string> {
  const Attributes = {
    VisibilityTimeout: String(VISIBILITY_SECONDS),
    ...(fifo && { FifoQueue: "true", ContentBasedDeduplication: "true" }),
  };
  const QueueName = `killed-${crypto.randomUUID()}${fifo ? ".fifo" : ""}`;
  return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl!;
}

/** Sends and receives side by side, and kills the server after some of the answers. */
async function workAndKill(queueUrl: string, fifo: boolean, account: Account): Promise<void> {
  const wanted = randomInt(1, MESSAGES);
  const bodies = Array.from({ length: MESSAGES }, (_, index) => `${index % GROUPS}/${index}`).toReversed();
  let killing: Promise<void> | undefined;
  const send = async () => {
    for (let body = bodies.pop(); body !== undefined && !killing; body = bodies.pop()) {
      const MessageGroupId = fifo ? body.split("/")[0] : undefined;
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageGroupId }));
      account.sent.add(body);
      if (account.sent.size >= wanted) killing ??= verge.kill();
    }
  };
  const receive = async () => {
    while (!killing) await receiveOnce(queueUrl, account);
  };
  const workers = [...Array.from({ length: SENDERS }, send), ...Array.from({ length: RECEIVERS }, receive)];
  await Promise.allSettled(workers);
  await killing;
}

/** Until all that was accepted has been received. */
async function drain(queueUrl: string, account: Account): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  const isDone = () => [...account.sent].every((body) => account.handled.has(body));
  const receive = async () => {
    while (!isDone() && Date.now() < deadline) await receiveOnce(queueUrl, account);
  };
  await Promise.all(Array.from({ length: RECEIVERS }, receive));
}

async function receiveOnce(QueueUrl: string, account: Account): Promise<void> {
  const receive = { QueueUrl, MaxNumberOfMessages: 5, WaitTimeSeconds: 1, AttributeNames: ["All" as const] };
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(receive));
  for (const { Body = "", Attributes } of Messages) {
    account.received.push({ body: Body, sequence: Number(Attributes?.SequenceNumber) });
  }
  for (const { Body = "", ReceiptHandle } of Messages) {
    account.handled.add(Body);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    account.deleted.add(Body);
  }
}

/** A message that was received for the first time after a later one of its group; undefined when there is none. */
function findDisorder(received: readonly Delivered[]): Delivered | undefined {
  const latest = new Map<string, number>();
  const seen = new Set<string>();
  return received.find(({ body, sequence }) => {
    if (seen.has(body)) return false;
    seen.add(body);
    const group = body.split("/")[0]!;
    const isEarlier = sequence < (latest.get(group) ?? 0);
    latest.set(group, Math.max(sequence, latest.get(group) ?? 0));
    return isEarlier;
  });
}
