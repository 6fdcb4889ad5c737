import { isAllowedByStatements, type StoredStatement } from "../auth/policy/statements.ts";
import { parseJson } from "../lib/json.ts";
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
  const queue = call.queue(address);
  if (address.accountId !== call.account.id) await authoriseStranger(call, address, queue, action);
  return { address, queue };
}

async function authoriseStranger(call: SqsCall, address: QueueAddress, queue: QueueApi, action: string): Promise<void> {
  const record = await queue.find();
  const resource = formatQueueArn(call.region, address);
  const principal = { kind: "account", accountId: call.account.id } as const;
  const statements = readStatements(record?.attributes["Policy"]);
  if (record && isAllowedByStatements(statements, { principal, action, resource, context: {} })) return;
  if (!record) throw queueDoesNotExist();
  throw sqsError(
    "AccessDenied",
    `User: arn:aws:iam::${call.account.id}:root is not authorized to perform: ${action} on resource: ${resource} because no resource-based policy allows the ${action} action`,
  );
}

/** A policy's statements, each with one action, resource and principal. What is not understood allows nothing. */
export function readStatements(policy: string | undefined): StoredStatement[] {
  if (policy === undefined || policy === "") return [];
  const { Statement: statements } = parseJson(policy) as { Statement?: unknown };
  return toList(statements).flatMap((statement) => {
    const { Effect, Principal, Action, Resource, Condition } = statement as Record<string, unknown>;
    return listPrincipals(Principal).flatMap((principal) =>
      toList(Action).flatMap((action) =>
        toList(Resource ?? "*").map((resource) => ({
          Effect: Effect === "Deny" ? ("Deny" as const) : ("Allow" as const),
          Principal: principal,
          Action: String(action),
          Resource: String(resource),
          ...(Condition !== undefined && { Condition: Condition as NonNullable<StoredStatement["Condition"]> }),
        })),
      ),
    );
  });
}

function listPrincipals(principal: unknown): StoredStatement["Principal"][] {
  if (principal === "*") return ["*"];
  if (typeof principal !== "object" || principal === null) return [];
  return Object.entries(principal).flatMap(([kind, names]) => toList(names).map((name) => ({ [kind]: String(name) })));
}

function toList(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
