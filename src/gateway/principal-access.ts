import { requireAllowed } from "../auth/policy/decide-action.ts";
import { decideByIdentity, evaluate } from "../auth/policy/evaluate.ts";
import { parsePolicy } from "../auth/policy/parse.ts";
import type { ConditionContext } from "../auth/policy/policy.ts";
import type { RequestFacts } from "../auth/policy/principal-keys.ts";
import { describeRoleSession, formatEntityArn, principalsOf } from "../auth/principals.ts";
import type { Env } from "../env.ts";
import type { ServiceError } from "../lib/errors.ts";
import { JsonError, parseJson } from "../lib/json.ts";

const ROLE = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/;

/**
 * Whether the caller may hand a role to a service. To users and sessions a role has to be one: what names none runs
 * with the rights of the account (docs/iam.md). @throws ServiceError AccessDenied, `unusable`
 */
export async function requirePassRole(
  env: Pick<Env, "IAM_ACCOUNTS">,
  facts: RequestFacts,
  roleArn: string,
  service: string,
  unusable: ServiceError,
): Promise<void> {
  const { identity } = facts;
  if (identity.kind === "anonymous" || !identity.principal) return;
  const keys = { "iam:passedtoservice": service };
  requireAllowed(facts, { action: "iam:PassRole", resource: roleArn, keys });
  const [, accountId, name = ""] = ROLE.exec(roleArn) ?? [];
  const role = accountId === identity.account.id ? await principalsOf(env).findRole(accountId, name) : undefined;
  if (!role || formatEntityArn(identity.account.id, role.entity) !== roleArn) throw unusable;
}

/** A role that is given to a service, and for what. */
export interface GivenRole {
  readonly accountId: string;
  readonly roleArn: string;
  /** `lambda.amazonaws.com` */
  readonly service: string;
  /** ARN of the function or the schedule, which trust policies may name. */
  readonly sourceArn: string;
}

/**
 * Whether a role lets a service assume it. One that the account has never had is a label (docs/iam.md); a deleted one
 * trusts nobody. @throws ServiceError `unusable`
 */
export async function requireTrust(
  env: Pick<Env, "IAM_ACCOUNTS">,
  { accountId, roleArn, service, sourceArn }: GivenRole,
  unusable: ServiceError,
): Promise<void> {
  const [, roleAccount, name = ""] = ROLE.exec(roleArn) ?? [];
  if (roleAccount !== accountId) return;
  const role = await principalsOf(env).findFunctionRole(accountId, name);
  if (!role) return;
  const { trust } = role.entity.role ?? {};
  if (trust === undefined) throw unusable;
  const keys: Readonly<Record<string, string>> = { "aws:sourceaccount": accountId, "aws:sourcearn": sourceArn };
  const context: ConditionContext = (key) => (Object.hasOwn(keys, key) ? [keys[key]!] : undefined);
  const request = {
    caller: { kind: "service", service },
    action: "sts:AssumeRole",
    resource: roleArn,
    context,
  } as const;
  const policies = [{ name: `trust of ${name}`, policy: parsePolicy(trust, "trust") }];
  if (!evaluate(request, { ownerId: accountId, policies }).allowed) throw unusable;
}

/**
 * Whether the policies of a function's role allow an action. A role that the account has never had is a label, and the
 * function has the rights of its account (docs/iam.md).
 */
export async function isAllowedToRole(
  env: Pick<Env, "IAM_ACCOUNTS">,
  { accountId, roleArn }: Pick<GivenRole, "accountId" | "roleArn">,
  action: string,
  resource: string,
): Promise<boolean> {
  const [, roleAccount, name = ""] = ROLE.exec(roleArn) ?? [];
  const role = roleAccount === accountId ? await principalsOf(env).findFunctionRole(accountId, name) : undefined;
  if (!role) return true;
  const { arn, permissions } = describeRoleSession(accountId, role, "lambda");
  const caller = { kind: "account", accountId, principal: { arn, roleArn, permissions } } as const;
  return decideByIdentity({ caller, action, resource, context: () => undefined }, permissions).allowed;
}

/** The members of a JSON body, for what policies say of them; the operation complains of one that is not JSON. */
export function peekMembers(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value = parseJson(new TextDecoder().decode(body));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof JsonError) return {};
    throw error;
  }
}

/** A member that is a text; empty where there is none. */
export function textOf(members: Readonly<Record<string, unknown>>, name: string): string {
  const value = members[name];
  return typeof value === "string" ? value : "";
}
