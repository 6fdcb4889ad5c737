import { createHash } from "node:crypto";
import type { JsonInput } from "../lib/json-input.ts";
import type { NewMessage, QueueRecord, SentMessage } from "../metadata/queue/protocol.ts";
import { DEFAULT_ATTRIBUTES } from "../metadata/queue/settings.ts";
import { openQueue } from "./access.ts";
import { readEntries, runBatch } from "./batch.ts";
import { readInteger, type SqsCall, type SqsResult } from "./call.ts";
import { invalidParameter, missingParameter, queueDoesNotExist, sqsError } from "./errors.ts";
import { hashAttributes, measureAttributes, readMessageAttributes } from "./message-attributes.ts";

/** What XML 1.0 can carry: "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF". */
const MESSAGE_TEXT = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;
/** Of group and deduplication ids. */
const FIFO_ID = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;
/** Of all messages of a batch together. */
const MAX_BATCH_BYTES = 1_048_576;

/** SendMessage. */
export async function sendMessage(call: SqsCall): Promise<SqsResult> {
  const { queue } = await openQueue(call, "sqs:SendMessage");
  const record = await queue.find();
  if (!record) throw queueDoesNotExist();
  const message = readMessage(call, call.input, record);
  const sent = await queue.send([message]);
  if (!sent) throw queueDoesNotExist();
  return renderSent(message, sent[0]!, record);
}

/** SendMessageBatch: each message by itself. */
export async function sendMessageBatch(call: SqsCall): Promise<SqsResult> {
  const { queue } = await openQueue(call, "sqs:SendMessage");
  const record = await queue.find();
  if (!record) throw queueDoesNotExist();
  const entries = readEntries(call.input);
  const bytes = entries.reduce((sum, { input }) => sum + measureMessage(input), 0);
  if (bytes > MAX_BATCH_BYTES) {
    throw sqsError(
      "BatchRequestTooLong",
      `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }
  return runBatch(
    entries,
    (input) => readMessage(call, input, record),
    async (messages) => {
      const sent = await queue.send(messages);
      if (!sent) throw queueDoesNotExist();
      return sent.map((outcome, index) => renderSent(messages[index]!, outcome, record));
    },
  );
}

function readMessage({ account }: SqsCall, input: JsonInput, { address, attributes }: QueueRecord): NewMessage {
  const body = input.text("MessageBody");
  if (body === undefined) throw missingParameter("MessageBody");
  if (body === "") throw missingParameter("MessageBody");
  if (!MESSAGE_TEXT.test(body)) throw sqsError("InvalidMessageContents", "Invalid characters found.");
  const messageAttributes = readMessageAttributes(input, "MessageAttributes");
  const system = readMessageAttributes(input, "MessageSystemAttributes");
  const limit = Number(attributes["MaximumMessageSize"] ?? DEFAULT_ATTRIBUTES["MaximumMessageSize"]);
  if (measureMessage(input) > limit) {
    throw sqsError(
      "InvalidParameterValue",
      `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
    );
  }
  const delaySeconds = readInteger(input, "DelaySeconds", 0, 900);
  const fifo = address.name.endsWith(".fifo");
  if (fifo && delaySeconds !== undefined && delaySeconds > 0) {
    throw invalidParameter("DelaySeconds", delaySeconds, "The request include parameter that is not valid for this queue type.");
  }
  const traceHeader = system?.["AWSTraceHeader"]?.StringValue;
  return {
    id: crypto.randomUUID(),
    body,
    details: {
      senderId: account.id,
      md5OfBody: createHash("md5").update(body).digest("hex"),
      ...(messageAttributes && { attributes: messageAttributes, md5OfAttributes: hashAttributes(messageAttributes) }),
      ...(traceHeader !== undefined && { traceHeader }),
      ...readGroup(input, body, fifo, attributes["ContentBasedDeduplication"] === "true"),
    },
    ...(delaySeconds !== undefined && !fifo && { delaySeconds }),
  };
}

/** The group of a message; a standard queue takes one too, for fairness, and makes nothing of it. */
function readGroup(
  input: JsonInput,
  body: string,
  fifo: boolean,
  contentBased: boolean,
): { groupId?: string; deduplicationId?: string } {
  const groupId = input.text("MessageGroupId");
  const given = input.text("MessageDeduplicationId");
  for (const [name, value] of Object.entries({ MessageGroupId: groupId, MessageDeduplicationId: given })) {
    if (value !== undefined && !FIFO_ID.test(value)) {
      throw invalidParameter(name, value, `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`);
    }
  }
  if (!fifo) {
    if (given === undefined) return groupId === undefined ? {} : { groupId };
    throw invalidParameter("MessageDeduplicationId", given, "The request include parameter that is not valid for this queue type.");
  }
  if (groupId === undefined) throw missingParameter("MessageGroupId");
  if (given === undefined && !contentBased) {
    throw sqsError(
      "InvalidParameterValue",
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
  return { groupId, deduplicationId: given ?? createHash("sha256").update(body).digest("hex") };
}

function measureMessage(input: JsonInput): number {
  const body = Buffer.byteLength(input.text("MessageBody") ?? "");
  return body + measureAttributes(readMessageAttributes(input, "MessageAttributes"));
}

function renderSent({ details }: NewMessage, { id, sequence }: SentMessage, { address }: QueueRecord): SqsResult {
  const traced = details.traceHeader !== undefined && {
    AWSTraceHeader: { DataType: "String", StringValue: details.traceHeader },
  };
  return {
    MessageId: id,
    MD5OfMessageBody: details.md5OfBody,
    ...(details.md5OfAttributes !== undefined && { MD5OfMessageAttributes: details.md5OfAttributes }),
    ...(traced && { MD5OfMessageSystemAttributes: hashAttributes(traced) }),
    ...(address.name.endsWith(".fifo") && { SequenceNumber: formatSequence(sequence) }),
  };
}

/** "The sequence number's length is 128 bits", written with 20 digits as AWS does. */
export function formatSequence(sequence: number): string {
  return String(sequence).padStart(20, "0");
}
