import {
  decideForPrincipal,
  decideForResource,
  isAccountItself,
  refuse,
  requireAllowed,
} from "../auth/policy/decide-action.ts";
import type { RequestFacts } from "../auth/policy/principal-keys.ts";
import type { QueueAddress } from "../metadata/queue/protocol.ts";
import { formatQueueArn } from "../metadata/queue/settings.ts";
import { type AddressedQueue, readQueueUrl, type SqsCall } from "./call.ts";
import { queueDoesNotExist } from "./errors.ts";
import type { QueuePolicies } from "./queue-policies.ts";

/** "Cross-account permissions don't apply to the following actions" (API Reference, AddPermission). */
const OWN_ACCOUNT_ALONE = new Set([
  "sqs:AddPermission",
  "sqs:CancelMessageMoveTask",
  "sqs:CreateQueue",
  "sqs:DeleteQueue",
  "sqs:ListMessageMoveTasks",
  "sqs:ListQueues",
  "sqs:ListQueueTags",
  "sqs:RemovePermission",
  "sqs:SetQueueAttributes",
  "sqs:StartMessageMoveTask",
  "sqs:TagQueue",
  "sqs:UntagQueue",
]);
/** What the root of the owning account may always do, so that no policy locks it out. */
const UNLOCKING = new Set([
  "sqs:GetQueueAttributes",
  "sqs:GetQueueUrl",
  "sqs:RemovePermission",
  "sqs:SetQueueAttributes",
]);

export interface QueueRequest {
  readonly facts: RequestFacts;
  readonly action: string;
  readonly address: QueueAddress;
  /** Of the deployment. */
  readonly region: string;
}

/**
 * Whether the caller may do something with a queue, by his own policies and the queue's: one of them is enough
 * within the account, another account needs both, and a Deny of the queue holds for everybody.
 * @throws ServiceError QueueDoesNotExist, AccessDenied
 */
export async function authorise(request: QueueRequest, policies: QueuePolicies): Promise<void> {
  const { facts, action, address, region } = request;
  const { identity } = facts;
  const asked = { action, resource: formatQueueArn(region, address) };
  const own = identity.kind === "account" && identity.account.id === address.accountId;
  // About a queue that is not there yet, or about none.
  if (action === "sqs:CreateQueue" || address.name === "*") return requireAllowed(facts, asked);
  if (own && isAccountItself(identity) && UNLOCKING.has(action)) return;
  const { exists, named } = await policies.read(address);
  const side = { ownerId: address.accountId, policies: !own && OWN_ACCOUNT_ALONE.has(action) ? [] : named };
  const decision = decideForResource(facts, asked, side);
  if (decision.allowed) return;
  // A stranger who may ask for it learns that the queue is not there.
  if (!exists && !own && decideForPrincipal(facts, asked).allowed) throw queueDoesNotExist();
  throw refuse(identity, asked, decision);
}

/** The queue that a request names; that the caller may do what he asks for was decided before. */
export function openQueue(call: SqsCall): AddressedQueue {
  const address = readQueueUrl(call);
  return { address, queue: call.queue(address) };
}
