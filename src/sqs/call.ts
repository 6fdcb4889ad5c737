import type { Account } from "../auth/identity.ts";
import { type InputErrors, JsonInput } from "../lib/json-input.ts";
import type { QueueAddress, QueueApi, QueueDirectoryApi } from "../metadata/queue/protocol.ts";
import { invalidParameter, missingParameter, sqsError } from "./errors.ts";

/** A request to SQS, whatever its protocol: members as the JSON protocol names them. */
export interface SqsCall {
  readonly input: JsonInput;
  readonly account: Account;
  readonly region: string;
  /** Origin of queue URLs. */
  readonly origin: string;
  /** `X-Amzn-Trace-Id`: messages carry it on. */
  readonly traceHeader: string | undefined;
  /** The queue of the request's path, for clients that post to the queue's URL. */
  readonly pathQueue: QueueAddress | undefined;
  queue(address: QueueAddress): QueueApi;
  directory(accountId: string): QueueDirectoryApi;
  /** Whether the caller may do something with a further queue. Throws AccessDenied, QueueDoesNotExist. */
  authorise(action: string, address: QueueAddress): Promise<void>;
  /** The queue's policy may be another now. */
  policyChanged(address: QueueAddress): void;
}

export interface AddressedQueue {
  readonly address: QueueAddress;
  readonly queue: QueueApi;
}

/** What an operation answers, in the members of the JSON protocol. */
export type SqsResult = Readonly<Record<string, unknown>>;

export interface SqsOperation {
  /** AWS's name, in `X-Amz-Target` and `Action`. */
  readonly name: string;
  /** IAM action. */
  readonly access: string;
  readonly handle: (call: SqsCall) => Promise<SqsResult>;
}

const INPUT_ERRORS: InputErrors = {
  unreadable: (why) => sqsError("SerializationException", `The request body could not be parsed: ${why}`),
  wrongType: (message) => sqsError("SerializationException", message),
  invalid: (message) => sqsError("InvalidParameterValue", message),
};

/** @throws ServiceError SerializationException */
export function parseInput(body: Uint8Array): JsonInput {
  return JsonInput.parse(body, INPUT_ERRORS);
}

/** @throws ServiceError MissingParameter */
export function requireText(input: JsonInput, name: string): string {
  const value = input.text(name);
  if (value === undefined || value === "") throw missingParameter(name);
  return value;
}

/** @throws ServiceError InvalidParameterValue */
export function readInteger(input: JsonInput, name: string, min: number, max: number): number | undefined {
  const value = input.integer(name);
  if (value !== undefined && (value < min || value > max)) {
    throw invalidParameter(name, value, `Must be between ${min} and ${max}, if provided.`);
  }
  return value;
}

/** The queue that a request names by `QueueUrl`, or by the path to which it was sent. */
export function readQueueUrl({ input, pathQueue }: Pick<SqsCall, "input" | "pathQueue">): QueueAddress {
  const url = input.text("QueueUrl");
  if (url === undefined && pathQueue) return pathQueue;
  if (url === undefined || url === "") throw missingParameter("QueueUrl");
  const address = parseQueuePath(url);
  if (!address) throw sqsError("InvalidAddress", `The address ${url} is not valid for this endpoint.`);
  return address;
}

/** The end of a queue's URL: `…/123456789012/name`. */
export function parseQueuePath(path: string): QueueAddress | undefined {
  const [, accountId, name] = /(?:^|\/)(\d{12})\/([A-Za-z0-9_-]{1,80}(?:\.fifo)?)\/?$/.exec(path) ?? [];
  return accountId !== undefined && name !== undefined ? { accountId, name } : undefined;
}

export function formatQueueUrl(origin: string, { accountId, name }: QueueAddress): string {
  return `${origin}/${accountId}/${name}`;
}
