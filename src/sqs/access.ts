import { isAllowedByDocument } from "../auth/policy/statements.ts";
import type { QueueAddress, QueueApi } from "../metadata/queue/protocol.ts";
import { formatQueueArn } from "../metadata/queue/settings.ts";
import { readQueueUrl, type SqsCall } from "./call.ts";
import { queueDoesNotExist, sqsError } from "./errors.ts";

export interface AddressedQueue {
  readonly address: QueueAddress;
  readonly queue: QueueApi;
}

/**
 * The queue that a request names, if the caller may do `action` with it: the owning account always, others by
 * the queue's policy. @throws ServiceError QueueDoesNotExist, AccessDenied
 */
export async function openQueue(call: SqsCall, action: string): Promise<AddressedQueue> {
  const address = readQueueUrl(call);
  return { address, queue: await authorise(call, address, action) };
}

/** The same of a queue that is known already; whether an own one exists is not looked at. */
export async function authorise(call: SqsCall, address: QueueAddress, action: string): Promise<QueueApi> {
  const queue = call.queue(address);
  if (address.accountId !== call.account.id) await authoriseStranger(call, address, queue, action);
  return queue;
}

async function authoriseStranger(call: SqsCall, address: QueueAddress, queue: QueueApi, action: string): Promise<void> {
  const record = await queue.find();
  const resource = formatQueueArn(call.region, address);
  const principal = { kind: "account", accountId: call.account.id } as const;
  const policy = record?.attributes["Policy"];
  if (isAllowedByDocument(policy, { principal, action, resource, context: {} })) return;
  if (!record) throw queueDoesNotExist();
  throw sqsError(
    "AccessDenied",
    `User: arn:aws:iam::${call.account.id}:root is not authorized to perform: ${action} on resource: ${resource} because no resource-based policy allows the ${action} action`,
  );
}
