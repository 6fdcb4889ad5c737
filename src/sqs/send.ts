import type { JsonInput } from "../lib/json-input.ts";
import { hashAttributes, hashBody, hashContent } from "../metadata/queue/digests.ts";
import type { NewMessage, QueueAddress, RefusedMessage, SentMessage } from "../metadata/queue/protocol.ts";
import { formatSequence } from "../metadata/queue/settings.ts";
import { openQueue } from "./access.ts";
import { attempt, readEntries, runBatch } from "./batch.ts";
import { readInteger, requireText, type SqsCall, type SqsResult } from "./call.ts";
import { invalidParameter, missingParameter, queueDoesNotExist, sqsError } from "./errors.ts";
import { measureAttributes, readMessageAttributes } from "./message-attributes.ts";

/** What XML 1.0 can carry: "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF". */
const MESSAGE_TEXT = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;
/** Of group and deduplication ids. */
const FIFO_ID = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;
/** Of all messages of a batch together. */
const MAX_BATCH_BYTES = 1_048_576;

/** SendMessage. */
export async function sendMessage(call: SqsCall): Promise<SqsResult> {
  const { address, queue } = openQueue(call);
  const message = readMessage(call, call.input, address);
  const [outcome] = (await queue.send([message])) ?? [];
  if (!outcome) throw queueDoesNotExist();
  return renderSent(message, checkSent(outcome), address);
}

/** SendMessageBatch: each message by itself. */
export async function sendMessageBatch(call: SqsCall): Promise<SqsResult> {
  const { address, queue } = openQueue(call);
  const entries = readEntries(call.input);
  const bytes = entries.reduce((sum, { input }) => sum + Buffer.byteLength(input.text("MessageBody") ?? ""), 0);
  if (bytes > MAX_BATCH_BYTES) {
    throw sqsError(
      "BatchRequestTooLong",
      `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }
  return runBatch(
    entries,
    (input) => readMessage(call, input, address),
    async (messages) => {
      const outcomes = await queue.send(messages);
      if (!outcomes) throw queueDoesNotExist();
      return outcomes.map((outcome, index) => attempt(() => renderSent(messages[index]!, checkSent(outcome), address)));
    },
  );
}

function readMessage(call: SqsCall, input: JsonInput, { name }: QueueAddress): NewMessage {
  const body = requireText(input, "MessageBody");
  if (!MESSAGE_TEXT.test(body)) throw sqsError("InvalidMessageContents", "Invalid characters found.");
  const attributes = readMessageAttributes(input, "MessageAttributes");
  const system = readMessageAttributes(input, "MessageSystemAttributes");
  const traceHeader = system?.["AWSTraceHeader"]?.StringValue ?? call.traceHeader;
  const fifo = name.endsWith(".fifo");
  const group = readGroup(input, fifo);
  const delaySeconds = readInteger(input, "DelaySeconds", 0, 900);
  if (fifo && delaySeconds !== undefined && delaySeconds > 0) throw notOfThisKind("DelaySeconds", delaySeconds);
  return {
    id: crypto.randomUUID(),
    body,
    bytes: Buffer.byteLength(body) + measureAttributes(attributes),
    details: {
      senderId: call.account.id,
      md5OfBody: hashBody(body),
      ...(attributes && { attributes, md5OfAttributes: hashAttributes(attributes) }),
      ...(traceHeader !== undefined && { traceHeader }),
      ...group,
    },
    ...(delaySeconds !== undefined && !fifo && { delaySeconds }),
    ...(fifo && group.deduplicationId === undefined && { contentHash: hashContent(body) }),
  };
}

/** The group of a message; a standard queue takes one too, for fairness, and makes nothing of it. */
function readGroup(input: JsonInput, fifo: boolean): { groupId?: string; deduplicationId?: string } {
  const groupId = input.text("MessageGroupId");
  const deduplicationId = input.text("MessageDeduplicationId");
  for (const [name, value] of Object.entries({ MessageGroupId: groupId, MessageDeduplicationId: deduplicationId })) {
    if (value !== undefined && !FIFO_ID.test(value)) {
      throw invalidParameter(
        name,
        value,
        `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
      );
    }
  }
  if (fifo && groupId === undefined) throw missingParameter("MessageGroupId");
  if (!fifo && deduplicationId !== undefined) throw notOfThisKind("MessageDeduplicationId", deduplicationId);
  return { ...(groupId !== undefined && { groupId }), ...(deduplicationId !== undefined && { deduplicationId }) };
}

function notOfThisKind(name: string, value: string | number) {
  return invalidParameter(name, value, "The request include parameter that is not valid for this queue type.");
}

function checkSent(outcome: SentMessage | RefusedMessage): SentMessage {
  if (!("refused" in outcome)) return outcome;
  if (outcome.refused === "too-long") {
    throw sqsError(
      "InvalidParameterValue",
      `One or more parameters are invalid. Reason: Message must be shorter than ${outcome.limit} bytes.`,
    );
  }
  throw sqsError(
    "InvalidParameterValue",
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  );
}

function renderSent({ details }: NewMessage, { id, sequence }: SentMessage, { name }: QueueAddress): SqsResult {
  const traced = details.traceHeader !== undefined && {
    AWSTraceHeader: { DataType: "String", StringValue: details.traceHeader },
  };
  return {
    MessageId: id,
    MD5OfMessageBody: details.md5OfBody,
    ...(details.md5OfAttributes !== undefined && { MD5OfMessageAttributes: details.md5OfAttributes }),
    ...(traced && { MD5OfMessageSystemAttributes: hashAttributes(traced) }),
    ...(name.endsWith(".fifo") && { SequenceNumber: formatSequence(sequence) }),
  };
}
