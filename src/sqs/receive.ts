import type { JsonInput } from "../lib/json-input.ts";
import { hashAttributes } from "../metadata/queue/digests.ts";
import { isReceipt } from "../metadata/queue/messages.ts";
import type { ReceiptOutcome, ReceivedMessage } from "../metadata/queue/protocol.ts";
import { formatSequence } from "../metadata/queue/settings.ts";
import { openQueue } from "./access.ts";
import { attempt, readEntries, runBatch } from "./batch.ts";
import { readInteger, requireText, type SqsCall, type SqsResult } from "./call.ts";
import { missingParameter, queueDoesNotExist, sqsError } from "./errors.ts";
import { selectAttributes } from "./message-attributes.ts";

const MAX_VISIBILITY = 43_200;

/** ReceiveMessage: waits up to 20 seconds for one to come. */
export async function receiveMessage(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  const { input } = call;
  const visibilitySeconds = readInteger(input, "VisibilityTimeout", 0, MAX_VISIBILITY);
  const waitSeconds = readInteger(input, "WaitTimeSeconds", 0, 20);
  const limit = readInteger(input, "MaxNumberOfMessages", 1, 10) ?? 1;
  const systemNames = [
    ...(input.textList("AttributeNames") ?? []),
    ...(input.textList("MessageSystemAttributeNames") ?? []),
  ];
  const names = input.textList("MessageAttributeNames") ?? [];
  const received = await queue.receive({
    limit,
    ...(visibilitySeconds !== undefined && { visibilitySeconds }),
    ...(waitSeconds !== undefined && { waitSeconds }),
  });
  if (!received) throw queueDoesNotExist();
  if (received.length === 0) return {};
  return { Messages: received.map((message) => renderMessage(message, systemNames, names)) };
}

/** DeleteMessage: one that is gone already counts as deleted. */
export async function deleteMessage(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  if (!(await queue.deleteMessages([readReceipt(call.input)]))) throw queueDoesNotExist();
  return {};
}

/** DeleteMessageBatch. */
export async function deleteMessageBatch(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  return runBatch(readEntries(call.input), readReceipt, async (receipts) => {
    const outcomes = await queue.deleteMessages(receipts);
    if (!outcomes) throw queueDoesNotExist();
    return outcomes.map(() => ({}));
  });
}

/** ChangeMessageVisibility. */
export async function changeMessageVisibility(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  const [outcome] = (await queue.changeVisibility([readChange(call.input)])) ?? [];
  if (outcome === undefined) throw queueDoesNotExist();
  return checkChanged(outcome);
}

/** ChangeMessageVisibilityBatch. */
export async function changeMessageVisibilityBatch(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  return runBatch(readEntries(call.input), readChange, async (changes) => {
    const outcomes = await queue.changeVisibility(changes);
    if (!outcomes) throw queueDoesNotExist();
    return outcomes.map((outcome) => attempt(() => checkChanged(outcome)));
  });
}

function readChange(input: JsonInput): { receipt: string; seconds: number } {
  const receipt = readReceipt(input);
  const seconds = readInteger(input, "VisibilityTimeout", 0, MAX_VISIBILITY);
  if (seconds === undefined) throw missingParameter("VisibilityTimeout");
  return { receipt, seconds };
}

function checkChanged(outcome: ReceiptOutcome): SqsResult {
  if (outcome === "ok") return {};
  if (outcome === "not-in-flight") throw sqsError("MessageNotInflight", "The message referred to isn't in flight.");
  throw sqsError(
    "InvalidParameterValue",
    "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.",
  );
}

function readReceipt(input: JsonInput): string {
  const receipt = requireText(input, "ReceiptHandle");
  if (isReceipt(receipt)) return receipt;
  throw sqsError("ReceiptHandleIsInvalid", `The input receipt handle "${receipt}" is not a valid receipt handle.`);
}

function renderMessage(message: ReceivedMessage, systemNames: readonly string[], names: readonly string[]): SqsResult {
  const { details } = message;
  const system = selectSystemAttributes(message, systemNames);
  const attributes = selectAttributes(details.attributes ?? {}, names);
  const selected = Object.keys(attributes).length > 0;
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    MD5OfBody: details.md5OfBody,
    Body: message.body,
    ...(Object.keys(system).length > 0 && { Attributes: system }),
    ...(selected && { MD5OfMessageAttributes: hashAttributes(attributes), MessageAttributes: attributes }),
  };
}

function selectSystemAttributes(message: ReceivedMessage, names: readonly string[]): Record<string, string> {
  const { details } = message;
  const all: Record<string, string | undefined> = {
    SenderId: details.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    AWSTraceHeader: details.traceHeader,
    MessageGroupId: details.groupId,
    MessageDeduplicationId: details.deduplicationId,
    SequenceNumber: details.deduplicationId === undefined ? undefined : formatSequence(message.sequence),
    DeadLetterQueueSourceArn: details.deadLetterSource,
  };
  for (const name of names) {
    if (name !== "All" && !Object.hasOwn(all, name))
      throw sqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
  const wanted = Object.entries(all).flatMap(([name, value]): [string, string][] =>
    value !== undefined && (names.includes("All") || names.includes(name)) ? [[name, value]] : [],
  );
  return Object.fromEntries(wanted);
}
