import type { Identity } from "../../auth/identity.ts";

/** Who asked, as CloudTrail writes it ("CloudTrail userIdentity element"). */
export interface UserIdentity {
  readonly type: "AssumedRole" | "AWSAccount" | "FederatedUser" | "IAMUser" | "Root" | "Unknown";
  readonly [member: string]: unknown;
}

/** What CloudTrail calls those who sign nothing. */
const ANONYMOUS: UserIdentity = { type: "AWSAccount", principalId: "", accountId: "ANONYMOUS_PRINCIPAL" };

/** To the caller's own account. */
export function describeCaller(identity: Identity): UserIdentity {
  if (identity.kind === "anonymous") return ANONYMOUS;
  const { account, accessKeyId, principal } = identity;
  const accountId = account.id;
  if (!principal) {
    return { type: "Root", principalId: accountId, arn: `arn:aws:iam::${accountId}:root`, accountId, accessKeyId };
  }
  const { arn, userId, userName, roleArn } = principal;
  const common = { principalId: userId, arn, accountId, accessKeyId };
  if (roleArn !== undefined) {
    const userNameOfRole = roleArn.slice(roleArn.lastIndexOf("/") + 1);
    const [roleId] = userId.split(":");
    const sessionIssuer = { type: "Role", principalId: roleId, arn: roleArn, accountId, userName: userNameOfRole };
    return { type: "AssumedRole", ...common, sessionContext: { sessionIssuer } };
  }
  if (userName === undefined) return { type: "FederatedUser", ...common };
  return { type: "IAMUser", ...common, userName };
}

/** To the account whose resource another one's caller asked for: it learns which account, and no names. */
export function describeStranger(identity: Identity): UserIdentity {
  if (identity.kind === "anonymous") return ANONYMOUS;
  const { account, principal } = identity;
  return { type: "AWSAccount", principalId: principal?.userId ?? account.id, accountId: account.id };
}

/** Somebody who named a key of the account and did not prove to have it. */
export function describeImpostor(accountId: string, accessKeyId: string): UserIdentity {
  return { type: "Unknown", accountId, accessKeyId };
}

/** What LookupEvents finds an event by: a user, a session of a role, the root; empty for others. */
export function nameCaller(identity: Identity | undefined): string {
  if (identity?.kind !== "account") return "";
  const { principal } = identity;
  if (!principal) return "root";
  return principal.userName ?? principal.arn.slice(principal.arn.lastIndexOf("/") + 1);
}
