import { holds } from "./conditions.ts";
import { fits } from "./patterns.ts";
import type { ConditionContext, Patterns, Policy, Principals, Statement } from "./policy.ts";

/** Who asks, as policies name them. */
export type Caller =
  | { readonly kind: "anonymous" }
  /** A service that acts for itself, as S3 when it notifies a function. */
  | { readonly kind: "service"; readonly service: string }
  | AccountCaller;

export interface AccountCaller {
  readonly kind: "account";
  readonly accountId: string;
  /** S3's id of the account. */
  readonly canonicalId?: string;
  /** Of a user, or a session of a role. Absent: the account itself, its root. */
  readonly principal?: {
    readonly arn: string;
    /** Of the role whose session it is. */
    readonly roleArn?: string;
    readonly permissions: Permissions;
  };
}

/** What a user or a session of a role has been given. */
export interface Permissions {
  /** Inline, managed, and of its groups. */
  readonly identity: readonly NamedPolicy[];
  /** Permissions boundary. */
  readonly boundary?: NamedPolicy;
  /** Of the call that made the session; it allows nothing that they do not. */
  readonly session?: readonly NamedPolicy[];
}

export interface NamedPolicy {
  /** What a decision calls it. */
  readonly name: string;
  readonly policy: Policy;
}

export interface PolicyRequest {
  readonly caller: Caller;
  /** `s3:GetObject` */
  readonly action: string;
  /** ARN; `*` for actions on no resource. */
  readonly resource: string;
  readonly context: ConditionContext;
}

/** What the owner of a resource says. */
export interface ResourceSide {
  /** The owning account. */
  readonly ownerId: string;
  readonly policies: readonly NamedPolicy[];
  /** What allows it beside the policies, an ACL; undefined where nothing does. It names accounts, never users. */
  readonly grant?: string;
  /** Only callers of the owning account may use what the policies allow (RestrictPublicBuckets). */
  readonly restricted?: boolean;
  /** The policies are of somebody else, and allow nothing. */
  readonly deniesOnly?: boolean;
  /** Nobody comes in whom the policies do not let in, not even the owner: a role's trust policy. */
  readonly mustAllow?: boolean;
}

export interface Decision {
  readonly allowed: boolean;
  /** `Deny by statement NoDeletes of policy bucket photos`: for the audit and for simulations. */
  readonly reason: string;
  /** A statement denies it, rather than that none allows it. */
  readonly explicit?: true;
  /** Of a refusal: whose policies deny it, or do not allow it. */
  readonly refusedBy?: PolicySide;
}

export type PolicySide = "identity" | "boundary" | "session" | "resource";

type Covered = "direct" | "account";

/**
 * Decides by AWS's logic (IAM User Guide, "Policy evaluation logic"): an explicit deny of any policy wins;
 * within one account the resource's policy or the identity's are enough, between two accounts both must
 * allow; boundaries and session policies only take away.
 */
export function evaluate(request: PolicyRequest, resource: ResourceSide): Decision {
  const { caller } = request;
  const permissions = caller.kind === "account" ? caller.principal?.permissions : undefined;
  const denied = findDeny(request, resource.policies, "resource") ?? findOwnDeny(request, permissions);
  if (denied) return denied;

  const own = caller.kind === "account" && caller.accountId === resource.ownerId;
  const granted = resource.restricted && !own ? undefined : findGrant(request, resource);
  if (caller.kind !== "account") return granted ?? implicitDeny("no policy of the resource allows it", "resource");
  // The ARN of a user or a session, and everyone, need nothing from the other side; the account only delegates.
  if (own && granted?.covered === "direct" && !caller.principal?.roleArn) return granted;
  if (!own && !granted) return implicitDeny("no policy of the resource allows it to another account", "resource");
  if (resource.mustAllow && !granted) return implicitDeny("no policy of the resource allows it", "resource");

  const identity = decideByIdentity(request, permissions);
  if (identity.allowed) return identity;
  if (own && granted?.covered === "direct") return limit(request, permissions) ?? granted;
  return identity;
}

/** What the policies of an identity alone say: for actions on no resource that has a policy. */
export function decideByIdentity(request: PolicyRequest, permissions: Permissions | undefined): Decision {
  if (!permissions) return { allowed: true, reason: "Allow: the account itself" };
  const denied = findOwnDeny(request, permissions);
  if (denied) return denied;
  const limited = limit(request, permissions);
  if (limited) return limited;
  const allowing = findAllow(request, permissions.identity);
  return allowing
    ? { allowed: true, reason: `Allow by ${allowing}` }
    : implicitDeny("no identity-based policy allows it", "identity");
}

/** What keeps a boundary or a session policy from allowing it; undefined where they all do. */
function limit(request: PolicyRequest, permissions: Permissions | undefined): Decision | undefined {
  const { boundary, session } = permissions ?? {};
  if (boundary && !findAllow(request, [boundary])) {
    return implicitDeny(`the permissions boundary ${boundary.name} does not allow it`, "boundary");
  }
  if (session && !findAllow(request, session)) return implicitDeny("no session policy allows it", "session");
  return undefined;
}

function findGrant(request: PolicyRequest, resource: ResourceSide): (Decision & { covered: Covered }) | undefined {
  let delegated: (Decision & { covered: Covered }) | undefined;
  for (const { name, policy } of resource.deniesOnly ? [] : resource.policies) {
    for (const statement of policy.statements) {
      if (statement.effect !== "Allow") continue;
      const covered = covers(statement, request);
      if (!covered) continue;
      const grant = { allowed: true, reason: `Allow by statement ${statement.label} of policy ${name}`, covered };
      if (covered === "direct") return grant;
      delegated ??= grant;
    }
  }
  if (delegated) return delegated;
  return resource.grant === undefined
    ? undefined
    : { allowed: true, reason: `Allow by ${resource.grant}`, covered: "account" };
}

/** A deny among the policies of who asks. */
function findOwnDeny(request: PolicyRequest, permissions: Permissions | undefined): Decision | undefined {
  if (!permissions) return undefined;
  const { identity, boundary, session = [] } = permissions;
  return (
    findDeny(request, identity, "identity") ??
    (boundary && findDeny(request, [boundary], "boundary")) ??
    findDeny(request, session, "session")
  );
}

function findDeny(
  request: PolicyRequest,
  policies: readonly NamedPolicy[],
  refusedBy: PolicySide,
): Decision | undefined {
  for (const { name, policy } of policies) {
    for (const statement of policy.statements) {
      if (statement.effect === "Deny" && covers(statement, request)) {
        const reason = `Deny by statement ${statement.label} of policy ${name}`;
        return { allowed: false, explicit: true, refusedBy, reason };
      }
    }
  }
  return undefined;
}

function findAllow(request: PolicyRequest, policies: readonly NamedPolicy[]): string | undefined {
  for (const { name, policy } of policies) {
    const allowing = policy.statements.find((statement) => statement.effect === "Allow" && covers(statement, request));
    if (allowing) return `statement ${allowing.label} of policy ${name}`;
  }
  return undefined;
}

function implicitDeny(reason: string, refusedBy: PolicySide): Decision {
  return { allowed: false, refusedBy, reason: `Implicit deny: ${reason}` };
}

/** Whether a statement is about the request; how it names the caller where it names any. */
export function covers(statement: Statement, request: PolicyRequest): Covered | undefined {
  const { principals, actions, resources, conditions } = statement;
  const covered = principals ? namesCaller(principals, request.caller) : "direct";
  if (!covered) return undefined;
  if (!includes(actions, request.action.toLowerCase(), request.context)) return undefined;
  if (resources && !includes(resources, request.resource, request.context)) return undefined;
  return conditions.every((condition) => holds(condition, request.context)) ? covered : undefined;
}

/** Whether a statement is about an action, whoever asks for it and on what conditions. */
export function coversAction({ actions }: Statement, action: string): boolean {
  return includes(actions, action.toLowerCase(), () => undefined);
}

function includes({ negated, patterns }: Patterns, text: string, context: ConditionContext): boolean {
  return patterns.some((pattern) => fits(pattern, text, context)) !== negated;
}

function namesCaller(principals: Principals, caller: Caller): Covered | undefined {
  const named = findNamed(principals, caller);
  if (!principals.negated) return named;
  // Who is excepted must be named himself: his account alone does not do (IAM, "NotPrincipal").
  return named === "direct" ? undefined : "direct";
}

function findNamed(principals: Principals, caller: Caller): Covered | undefined {
  // Everyone is no service: those are named (IAM, "AWS service principals").
  if (caller.kind === "service") {
    return principals.everyone || principals.services.includes(caller.service) ? "direct" : undefined;
  }
  if (principals.everyone) return "direct";
  if (caller.kind === "anonymous") return undefined;
  const { accountId, canonicalId, principal } = caller;
  const { aws, canonicalUsers } = principals;
  if (
    principal &&
    (aws.includes(principal.arn) || (principal.roleArn !== undefined && aws.includes(principal.roleArn)))
  )
    return "direct";
  const delegates =
    aws.includes(accountId) ||
    aws.includes(`arn:aws:iam::${accountId}:root`) ||
    (canonicalId !== undefined && canonicalUsers.includes(canonicalId));
  if (!delegates) return undefined;
  return principal ? "account" : "direct";
}
