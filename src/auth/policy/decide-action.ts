import { type Explanation, ServiceError } from "../../lib/errors.ts";
import type { Identity } from "../identity.ts";
import { callerOf } from "./authorize.ts";
import {
  decideByIdentity,
  type Decision,
  evaluate,
  type PolicyRequest,
  type PolicySide,
  type ResourceSide,
} from "./evaluate.ts";
import { globalContext, type RequestFacts } from "./principal-keys.ts";

export interface ActionRequest {
  /** `lambda:GetFunction` */
  readonly action: string;
  /** ARN; `*` for actions on no resource. */
  readonly resource: string;
  /** Condition keys of the service, the names in lower case. */
  readonly keys?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Whether nobody limits the caller: an account itself, not a user or a session of a role. */
export function isAccountItself(identity: Identity): boolean {
  return identity.kind === "account" && identity.principal === undefined;
}

/**
 * Refuses a user or a session of a role what its policies do not allow, in services whose resources have no policies,
 * or for what belongs to its account. The account itself may do everything.
 * @throws ServiceError AccessDenied
 */
export function requireAllowed(facts: RequestFacts, request: ActionRequest): void {
  const decision = decideForPrincipal(facts, request);
  if (!decision.allowed) throw refuse(facts.identity, request, decision);
}

/** What the policies of the caller itself say, whatever a resource's may. */
export function decideForPrincipal(facts: RequestFacts, request: ActionRequest): Decision {
  const { identity } = facts;
  if (identity.kind === "anonymous" || !identity.principal) return ITSELF;
  return decideByIdentity(describeRequest(facts, request), identity.principal.permissions);
}

/** The same with what the policies of the resource say, to its own account and to others. */
export function decideForResource(facts: RequestFacts, request: ActionRequest, side: ResourceSide): Decision {
  return evaluate(describeRequest(facts, request), side);
}

/** What AWS says to one who may not ("Access denied error message format"). */
export function refuse(identity: Identity, { action, resource }: ActionRequest, decision: Decision): ServiceError {
  const { explicit, refusedBy = "identity" } = decision;
  const policy = POLICIES[refusedBy];
  const because = explicit
    ? `with an explicit deny in ${policy.startsWith("i") ? "an" : "a"} ${policy}`
    : `because no ${policy} allows the ${action} action`;
  return new ServiceError(
    "AccessDenied",
    403,
    `User: ${nameOf(identity)} is not authorized to perform: ${action} on resource: ${resource} ${because}`,
  ).because(explain(decision));
}

/** A refusal, as the audit trails of those concerned tell it. */
export function explain({ reason, refusedBy }: Decision): Explanation {
  return { reason, side: refusedBy === "resource" ? "resource" : "caller" };
}

const ITSELF: Decision = { allowed: true, reason: "Allow: the account itself" };
const POLICIES: Readonly<Record<PolicySide, string>> = {
  identity: "identity-based policy",
  resource: "resource-based policy",
  boundary: "permissions boundary",
  session: "session policy",
};

function describeRequest(facts: RequestFacts, { action, resource, keys = {} }: ActionRequest): PolicyRequest {
  return { caller: callerOf(facts.identity), action, resource, context: globalContext(facts, keys) };
}

function nameOf(identity: Identity): string {
  if (identity.kind === "anonymous") return "anonymous";
  return identity.principal?.arn ?? `arn:aws:iam::${identity.account.id}:root`;
}
