import { ServiceError } from "../../lib/errors.ts";
import type { Identity } from "../identity.ts";
import { callerOf } from "./authorize.ts";
import { decideByIdentity } from "./evaluate.ts";
import { globalContext, type RequestFacts } from "./principal-keys.ts";

export interface ActionRequest {
  /** `lambda:GetFunction` */
  readonly action: string;
  /** ARN; `*` for actions on no resource. */
  readonly resource: string;
  /** Condition keys of the service, the names in lower case. */
  readonly keys?: Readonly<Record<string, string | undefined>>;
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
export function requireAllowed(facts: RequestFacts, { action, resource, keys = {} }: ActionRequest): void {
  const { identity } = facts;
  if (identity.kind === "anonymous" || !identity.principal) return;
  const { arn, permissions } = identity.principal;
  const request = { caller: callerOf(identity), action, resource, context: globalContext(facts, keys) };
  const { allowed, reason } = decideByIdentity(request, permissions);
  if (allowed) return;
  const because = reason.startsWith("Deny by")
    ? "with an explicit deny in an identity-based policy"
    : `because no identity-based policy allows the ${action} action`;
  throw new ServiceError(
    "AccessDenied",
    403,
    `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${because}`,
  );
}
