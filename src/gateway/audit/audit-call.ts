import type { Env } from "../../env.ts";
import type { Defer } from "../../lib/gatherer.ts";
import type { Address } from "../address.ts";
import type { Deployment } from "../deployment.ts";
import type { Incoming } from "../incoming.ts";
import type { RequestTrace } from "../s3.ts";
import {
  type AuditedCall,
  type CallFacts,
  judgeCall,
  keyOf,
  readClaimedKey,
  type Recipient,
  writeEvent,
} from "./event.ts";
import { auditRecorderOf } from "./recorder.ts";
import { findAuditedService } from "./services.ts";

/** A request that has been answered. */
export interface AnsweredCall {
  readonly service: Address["service"];
  /** Empty where none was found. */
  readonly operation: string;
  readonly incoming: Incoming;
  readonly env: Env;
  readonly deployment: Deployment;
  readonly trace: RequestTrace | undefined;
  readonly response: Response;
  readonly startedAt: number;
  readonly defer: Defer;
}

/**
 * Leaves a record of a management call, and of a data call that was denied, in the trails of the accounts concerned.
 * Nobody waits for it; a data call that succeeds costs two look-ups in tables here, and nothing else.
 */
export function auditCall(answered: AnsweredCall): void {
  const service = findAuditedService(answered.service);
  const { operation, incoming, deployment, trace, response, startedAt } = answered;
  if (!service || operation === "" || operation === "Preflight") return;
  if (service.isData(operation) && incoming.witness.error === undefined) return;
  const facts = judgeCall({
    service,
    operation,
    incoming,
    // Of a form it is who has signed it, not who has sent it.
    identity: trace?.identity ?? incoming.witness.identity,
    trace,
    requestId: readRequestId(response, incoming),
    region: deployment.region,
    time: startedAt,
  } satisfies AuditedCall);
  if (facts) answered.defer(recordCall(answered, facts));
}

async function recordCall({ env, deployment, defer }: AnsweredCall, facts: CallFacts): Promise<void> {
  const recorder = auditRecorderOf(env);
  for (const recipient of await findRecipients(facts, deployment)) {
    const event = writeEvent(facts, recipient);
    const { accountId } = recipient;
    recorder.record({ accountId, event, ...(mayBeFlood(facts) && { key: keyOf(event, facts) }) }, defer);
  }
}

/** Denied data calls, and whatever strangers to all accounts are denied. */
function mayBeFlood({ denied, isData, call: { identity } }: CallFacts): boolean {
  return denied && (isData || identity?.kind !== "account");
}

/** The caller's account, and those whose things it asked for. What is nobody's is in no trail. */
async function findRecipients({ call }: CallFacts, deployment: Deployment): Promise<Recipient[]> {
  const { identity, incoming } = call;
  if (!identity) return findImpersonated(incoming, deployment);
  const caller = identity.kind === "account" ? identity.account.id : undefined;
  const owners = (await findOwners(call, deployment)).filter((owner) => owner !== caller);
  const shared = caller !== undefined && owners.length > 0 ? { sharedEventId: crypto.randomUUID() } : {};
  const recipients: Recipient[] = owners.map((accountId) => ({ accountId, role: "owner", ...shared }));
  if (caller !== undefined) recipients.push({ accountId: caller, role: "caller", ...shared });
  return recipients;
}

async function findOwners({ incoming, trace }: AuditedCall, { directory }: Deployment): Promise<string[]> {
  const owners = new Set((trace?.buckets ?? []).map(({ config }) => config.accountId));
  const { ownerId } = incoming.witness;
  // A request may name any account: strangers must not make trails for accounts that there are not.
  if (ownerId !== undefined && (await directory.findAccount(ownerId))) owners.add(ownerId);
  return [...owners];
}

/** The account whose key somebody named without proving to have it. */
async function findImpersonated(incoming: Incoming, { credentials }: Deployment): Promise<Recipient[]> {
  const accessKeyId = readClaimedKey(incoming);
  const credential = accessKeyId === undefined ? undefined : await credentials.findCredential(accessKeyId);
  return credential ? [{ accountId: credential.account.id, role: "impostor" }] : [];
}

function readRequestId({ headers }: Response, incoming: Incoming): string {
  return headers.get("x-amzn-requestid") ?? headers.get("x-amz-request-id") ?? incoming.requestId;
}
