import type { QueueAddress, QueueAttributes } from "./protocol.ts";

/** SQS's defaults ("SetQueueAttributes"). */
export const DEFAULT_ATTRIBUTES: QueueAttributes = {
  VisibilityTimeout: "30",
  MaximumMessageSize: "1048576",
  MessageRetentionPeriod: "345600",
  DelaySeconds: "0",
  ReceiveMessageWaitTimeSeconds: "0",
};

export interface QueueSettings {
  readonly visibilitySeconds: number;
  readonly retentionSeconds: number;
  readonly delaySeconds: number;
  readonly waitSeconds: number;
  readonly maximumBytes: number;
  readonly fifo: boolean;
  readonly deduplicatesByContent: boolean;
  /** Whether deduplication ids count within a message group, not within the queue. */
  readonly deduplicatesByGroup: boolean;
  /** Where messages go that were received that often and not deleted. */
  readonly redrive?: { readonly target: QueueAddress; readonly maxReceiveCount: number };
}

/** What the attributes mean to the queue itself. */
export function readSettings(attributes: QueueAttributes): QueueSettings {
  const read = (name: string) => Number(attributes[name] ?? DEFAULT_ATTRIBUTES[name]);
  const redrive = readRedrive(attributes["RedrivePolicy"]);
  return {
    visibilitySeconds: read("VisibilityTimeout"),
    retentionSeconds: read("MessageRetentionPeriod"),
    delaySeconds: read("DelaySeconds"),
    waitSeconds: read("ReceiveMessageWaitTimeSeconds"),
    maximumBytes: read("MaximumMessageSize"),
    fifo: attributes["FifoQueue"] === "true",
    deduplicatesByContent: attributes["ContentBasedDeduplication"] === "true",
    deduplicatesByGroup: attributes["DeduplicationScope"] === "messageGroup",
    ...(redrive && { redrive }),
  };
}

/** `RedrivePolicy`, which was checked when it was set. */
export function readRedrive(policy: string | undefined): QueueSettings["redrive"] {
  if (policy === undefined || policy === "") return undefined;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, unknown>;
  const target = parseQueueArn(String(deadLetterTargetArn));
  return target && { target, maxReceiveCount: Number(maxReceiveCount) };
}

export function formatQueueArn(region: string, { accountId, name }: QueueAddress): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`;
}

/** Undefined for what is no ARN of a queue. */
export function parseQueueArn(arn: string): (QueueAddress & { readonly region: string }) | undefined {
  const [, region, accountId, name] =
    /^arn:aws:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$/.exec(arn) ?? [];
  return region !== undefined && accountId !== undefined && name !== undefined
    ? { region, accountId, name }
    : undefined;
}

/** `SequenceNumber`: "128 bits", written with 20 digits as AWS does. */
export function formatSequence(sequence: number): string {
  return String(sequence).padStart(20, "0");
}
