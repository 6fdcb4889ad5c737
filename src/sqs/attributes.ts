import { parsePolicy, PolicySyntaxError } from "../auth/policy/parse.ts";
import { JsonError, parseJson } from "../lib/json.ts";
import type { QueueAttributes, QueueDescription } from "../metadata/queue/protocol.ts";
import { DEFAULT_ATTRIBUTES, formatQueueArn, parseQueueArn } from "../metadata/queue/settings.ts";
import { sqsError } from "./errors.ts";

type Check = (value: string) => boolean;

const isBoolean: Check = (value) => value === "true" || value === "false";
const isBetween =
  (min: number, max: number): Check =>
  (value) =>
    /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max;

/** Attributes that can be set, and what they may be ("SetQueueAttributes"). An empty value takes one away. */
const SETTABLE: Readonly<Record<string, Check>> = {
  DelaySeconds: isBetween(0, 900),
  MaximumMessageSize: isBetween(1_024, 1_048_576),
  MessageRetentionPeriod: isBetween(60, 1_209_600),
  Policy: (value) => value === "" || isPolicy(value),
  ReceiveMessageWaitTimeSeconds: isBetween(0, 20),
  VisibilityTimeout: isBetween(0, 43_200),
  RedrivePolicy: (value) => value === "" || isRedrivePolicy(value),
  RedriveAllowPolicy: (value) => value === "" || isObject(value),
  KmsMasterKeyId: () => true,
  KmsDataKeyReusePeriodSeconds: isBetween(60, 86_400),
  SqsManagedSseEnabled: isBoolean,
  ContentBasedDeduplication: isBoolean,
  DeduplicationScope: (value) => value === "messageGroup" || value === "queue",
  FifoThroughputLimit: (value) => value === "perQueue" || value === "perMessageGroupId",
  FifoQueue: isBoolean,
};
const FIFO_ONLY: ReadonlySet<string> = new Set([
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "FifoThroughputLimit",
]);
const READ_ONLY: ReadonlySet<string> = new Set([
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesDelayed",
  "ApproximateNumberOfMessagesNotVisible",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
  "QueueArn",
]);

/**
 * Checks the attributes of CreateQueue and SetQueueAttributes.
 * @throws ServiceError InvalidAttributeName, InvalidAttributeValue
 */
export function checkAttributes(attributes: QueueAttributes, fifo: boolean): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!Object.hasOwn(SETTABLE, name)) throw sqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
    if (FIFO_ONLY.has(name) && !fifo) throw sqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
    if (!SETTABLE[name]!(value)) throw invalidAttribute(name, value);
  }
}

export function invalidAttribute(name: string, value: string) {
  return sqsError("InvalidAttributeValue", `Invalid value for the parameter ${name}.${explain(name, value)}`);
}

/** The attributes of a queue that `names` ask for; `All` is all of them. @throws ServiceError InvalidAttributeName */
export function renderAttributes(
  { address, attributes, createdAt, modifiedAt, visible, inFlight, delayed }: QueueDescription,
  region: string,
  names: readonly string[],
): Record<string, string> {
  for (const name of names) {
    const known = name === "All" || READ_ONLY.has(name) || Object.hasOwn(SETTABLE, name);
    if (!known) throw sqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
  const all: Record<string, string> = {
    ...DEFAULT_ATTRIBUTES,
    SqsManagedSseEnabled: attributes["KmsMasterKeyId"] === undefined ? "true" : "false",
    ...(attributes["FifoQueue"] === "true" && FIFO_DEFAULTS),
    ...attributes,
    QueueArn: formatQueueArn(region, address),
    CreatedTimestamp: toSeconds(createdAt),
    LastModifiedTimestamp: toSeconds(modifiedAt),
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
  if (names.includes("All")) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

const FIFO_DEFAULTS: QueueAttributes = {
  ContentBasedDeduplication: "false",
  DeduplicationScope: "queue",
  FifoThroughputLimit: "perQueue",
};

function explain(name: string, value: string): string {
  return name === "RedrivePolicy" || name === "Policy" || name === "RedriveAllowPolicy"
    ? ` Reason: it is not a valid document: ${value}`
    : "";
}

function isPolicy(value: string): boolean {
  try {
    parsePolicy(value, "resource");
    return true;
  } catch (error) {
    if (error instanceof PolicySyntaxError) return false;
    throw error;
  }
}

function isRedrivePolicy(value: string): boolean {
  const policy = readObject(value);
  if (!policy) return false;
  const { deadLetterTargetArn, maxReceiveCount } = policy;
  const count = Number(maxReceiveCount);
  return (
    typeof deadLetterTargetArn === "string" &&
    parseQueueArn(deadLetterTargetArn) !== undefined &&
    Number.isInteger(count) &&
    count >= 1 &&
    count <= 1_000
  );
}

function isObject(value: string): boolean {
  return readObject(value) !== undefined;
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseJson(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function toSeconds(milliseconds: number): string {
  return String(Math.floor(milliseconds / 1_000));
}
