import { readRedrive, formatQueueArn } from "../metadata/queue/settings.ts";
import type { QueueAddress, QueueAttributes, QueueNamesPage } from "../metadata/queue/protocol.ts";
import { openQueue } from "./access.ts";
import { checkAttributes, invalidAttribute, renderAttributes } from "./attributes.ts";
import { formatQueueUrl, readInteger, requireText, type SqsCall, type SqsResult } from "./call.ts";
import { invalidParameter, queueDoesNotExist, sqsError } from "./errors.ts";
import { readTags } from "./tags.ts";

const QUEUE_NAME = /^[A-Za-z0-9_-]{1,80}$/;
const ACCOUNT_ID = /^\d{12}$/;
const MAX_RESULTS = 1_000;

/** CreateQueue: answers the queue that is there when its attributes are the same. */
export async function createQueue(call: SqsCall): Promise<SqsResult> {
  const { input, account } = call;
  const name = requireText(input, "QueueName");
  const attributes = input.textMap("Attributes") ?? {};
  const tags = readTags(input.textMap("tags") ?? {});
  const fifo = attributes["FifoQueue"] === "true";
  checkName(name, fifo);
  checkAttributes(attributes, fifo);
  if (attributes["FifoQueue"] === "false") throw invalidAttribute("FifoQueue", "false");
  const address = { accountId: account.id, name };
  await checkRedrive(call, address, attributes);
  if ((await call.queue(address).create(address, attributes, tags)) === "different") {
    throw sqsError(
      "QueueNameExists",
      `A queue already exists with the same name and a different value for attribute ${Object.keys(attributes).join(", ")}`,
    );
  }
  call.policyChanged(address);
  await call.directory(account.id).add(name, attributes["RedrivePolicy"] && redriveTarget(attributes));
  return { QueueUrl: formatQueueUrl(call.origin, address) };
}

/** GetQueueUrl. */
export async function getQueueUrl(call: SqsCall): Promise<SqsResult> {
  const name = requireText(call.input, "QueueName");
  const address = { accountId: call.input.text("QueueOwnerAWSAccountId") ?? call.account.id, name };
  if (!isQueueName(name) || !ACCOUNT_ID.test(address.accountId)) throw queueDoesNotExist();
  if (!(await call.queue(address).find())) throw queueDoesNotExist();
  return { QueueUrl: formatQueueUrl(call.origin, address) };
}

/** ListQueues. */
export async function listQueues(call: SqsCall): Promise<SqsResult> {
  const prefix = call.input.text("QueueNamePrefix") ?? "";
  const { limit, after, paged } = readPaging(call);
  const page = await call.directory(call.account.id).list(prefix, after, limit);
  const queues = renderPage(call, call.account.id, page, paged);
  return { ...(page.names.length > 0 && { QueueUrls: queues.urls }), ...queues.token };
}

/** ListDeadLetterSourceQueues. */
export async function listDeadLetterSourceQueues(call: SqsCall): Promise<SqsResult> {
  const { address, queue } = openQueue(call);
  if (!(await queue.find())) throw queueDoesNotExist();
  const { limit, after, paged } = readPaging(call);
  const page = await call.directory(address.accountId).listSources(address.name, after, limit);
  const queues = renderPage(call, address.accountId, page, paged);
  return { queueUrls: queues.urls, ...queues.token };
}

/** GetQueueAttributes. */
export async function getQueueAttributes(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  const names = call.input.textList("AttributeNames") ?? [];
  const description = await queue.describe();
  if (!description) throw queueDoesNotExist();
  const attributes = renderAttributes(description, call.region, names);
  return Object.keys(attributes).length === 0 ? {} : { Attributes: attributes };
}

/** SetQueueAttributes. */
export async function setQueueAttributes(call: SqsCall): Promise<SqsResult> {
  const { address, queue } = openQueue(call);
  const attributes = call.input.textMap("Attributes") ?? {};
  if (Object.hasOwn(attributes, "FifoQueue")) throw sqsError("InvalidAttributeName", "Unknown Attribute FifoQueue.");
  checkAttributes(attributes, address.name.endsWith(".fifo"));
  await checkRedrive(call, address, attributes);
  if (!(await queue.setAttributes(attributes))) throw queueDoesNotExist();
  call.policyChanged(address);
  if (attributes["RedrivePolicy"] !== undefined) {
    await call.directory(address.accountId).add(address.name, redriveTarget(attributes));
  }
  return {};
}

/** DeleteQueue: with its messages. */
export async function deleteQueue(call: SqsCall): Promise<SqsResult> {
  const { address, queue } = openQueue(call);
  const existed = await queue.remove();
  call.policyChanged(address);
  await call.directory(address.accountId).remove(address.name);
  if (!existed) throw queueDoesNotExist();
  return {};
}

/** PurgeQueue. */
export async function purgeQueue(call: SqsCall): Promise<SqsResult> {
  const { address, queue } = openQueue(call);
  const outcome = await queue.purge();
  if (outcome === undefined) throw queueDoesNotExist();
  if (outcome === "in-progress") {
    throw sqsError(
      "PurgeQueueInProgress",
      `Only one PurgeQueue operation on ${address.name} is allowed every 60 seconds.`,
    );
  }
  return {};
}

function isQueueName(name: string): boolean {
  return name.length <= 80 && QUEUE_NAME.test(name.endsWith(".fifo") ? name.slice(0, -".fifo".length) : name);
}

function checkName(name: string, fifo: boolean): void {
  if (!isQueueName(name) || (!fifo && name.endsWith(".fifo"))) {
    throw sqsError(
      "InvalidParameterValue",
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    );
  }
  if (fifo && !name.endsWith(".fifo")) {
    throw sqsError(
      "InvalidParameterValue",
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
    );
  }
}

/** The queue that is to take what is given up: it must exist, and be of the same kind. */
async function checkRedrive(call: SqsCall, source: QueueAddress, attributes: QueueAttributes): Promise<void> {
  const policy = attributes["RedrivePolicy"];
  const redrive = readRedrive(policy);
  if (policy === undefined || !redrive) return;
  const { target } = redrive;
  const sameKind = target.name.endsWith(".fifo") === source.name.endsWith(".fifo");
  const isOwn = target.accountId === source.accountId;
  const found = sameKind && isOwn ? await call.queue(target).find() : undefined;
  if (found && mayReceiveFrom(found.attributes["RedriveAllowPolicy"], formatQueueArn(call.region, source))) return;
  throw sqsError(
    "InvalidParameterValue",
    `Value ${policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist, is of another kind, or does not allow it.`,
  );
}

/** `RedriveAllowPolicy` of a dead-letter queue. */
function mayReceiveFrom(policy: string | undefined, sourceArn: string): boolean {
  if (policy === undefined) return true;
  const { redrivePermission, sourceQueueArns } = JSON.parse(policy) as Record<string, unknown>;
  if (redrivePermission === "denyAll") return false;
  if (redrivePermission !== "byQueue") return true;
  return Array.isArray(sourceQueueArns) && sourceQueueArns.includes(sourceArn);
}

function redriveTarget(attributes: QueueAttributes): string | undefined {
  return readRedrive(attributes["RedrivePolicy"])?.target.name;
}

function readPaging({ input }: SqsCall): { limit: number; after: string; paged: boolean } {
  const limit = readInteger(input, "MaxResults", 1, MAX_RESULTS);
  const token = input.text("NextToken");
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString();
  if (token !== undefined && Buffer.from(after).toString("base64url") !== token) {
    throw invalidParameter("NextToken", token, "Invalid or expired token.");
  }
  // "To receive NextToken you must set MaxResults".
  return { limit: limit ?? MAX_RESULTS, after, paged: limit !== undefined };
}

function renderPage({ origin }: SqsCall, accountId: string, { names, more }: QueueNamesPage, paged: boolean) {
  const last = names.at(-1);
  const token = more && paged && last !== undefined ? { NextToken: Buffer.from(last).toString("base64url") } : {};
  return { urls: names.map((name) => formatQueueUrl(origin, { accountId, name })), token };
}
