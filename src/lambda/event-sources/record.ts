import type { MessageAttributes, ReceivedMessage } from "../../metadata/queue/protocol.ts";
import { formatSequence } from "../../metadata/queue/settings.ts";
import { type Payload, textOf } from "../runtime/payload.ts";

/** The event of a batch of messages ("Using Lambda with Amazon SQS", example events). */
export function describeBatch(messages: readonly ReceivedMessage[], sourceArn: string, region: string): object {
  return { Records: messages.map((message) => describeMessage(message, sourceArn, region)) };
}

export function describeMessage(message: ReceivedMessage, eventSourceARN: string, awsRegion: string): object {
  const { details } = message;
  const { deduplicationId, deadLetterSource, groupId, traceHeader } = details;
  return {
    messageId: message.id,
    receiptHandle: message.receipt,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receives),
      SentTimestamp: String(message.sentAt),
      SenderId: details.senderId,
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
      ...(traceHeader !== undefined && { AWSTraceHeader: traceHeader }),
      ...(groupId !== undefined && { MessageGroupId: groupId }),
      ...(deduplicationId !== undefined && {
        MessageDeduplicationId: deduplicationId,
        SequenceNumber: formatSequence(message.sequence),
      }),
      ...(deadLetterSource !== undefined && { DeadLetterQueueSourceArn: deadLetterSource }),
    },
    messageAttributes: describeAttributes(details.attributes ?? {}),
    ...(details.md5OfAttributes !== undefined && { md5OfMessageAttributes: details.md5OfAttributes }),
    md5OfBody: details.md5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN,
    awsRegion,
  };
}

function describeAttributes(attributes: MessageAttributes): object {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ]),
  );
}

/**
 * The ids of the messages that a function says have failed; undefined: all of them, as when it answers what
 * cannot be understood ("Reporting batch item failures").
 */
export function readFailures(payload: Payload, messageIds: ReadonlySet<string>): ReadonlySet<string> | undefined {
  const answer = parse(payload) as { batchItemFailures?: unknown } | null | undefined;
  if (answer === undefined) return undefined;
  const failures: unknown = answer?.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return undefined;
  const ids = failures.map((failure: unknown) => (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier);
  return ids.every((id): id is string => typeof id === "string" && messageIds.has(id)) ? new Set(ids) : undefined;
}

function parse(payload: Payload): unknown {
  if (payload.length === 0) return null;
  try {
    return JSON.parse(textOf(payload));
  } catch {
    return undefined;
  }
}
