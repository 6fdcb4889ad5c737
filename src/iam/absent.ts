import type { QueryResult } from "../lib/query-protocol.ts";
import type { EntityKind } from "../metadata/iam/protocol.ts";
import type { IamCall, IamOperation } from "./call.ts";
import { iamError, noSuchEntity } from "./errors.ts";
import { readEntityName } from "./input.ts";

/*
 * What can be had on AWS and not here, since what makes it is refused: passwords, MFA devices, certificates, instance
 * profiles, identity providers. Whoever asks is told that there is none, as Terraform does before it deletes a role,
 * and a user with `force_destroy`.
 */

type Handler = IamOperation["handle"];

/** A list of the account's; `member` is the answer's. */
export function noneOfAccount(member: string): Handler {
  return async () => ({ [member]: [], IsTruncated: false });
}

/** ListOpenIDConnectProviders, ListSAMLProviders: the lists without pages. */
export function noProviders(member: string): Handler {
  return async () => ({ [member]: [] });
}

/** A list of the role's, or of the user's: the calling one where none is named. */
export function noneOf(kind: "user" | "role", member: string): Handler {
  return async (call) => {
    const namesCaller = kind === "user" && call.input.text("UserName") === undefined;
    if (!namesCaller) await requireEntity(call, kind);
    return { [member]: [], IsTruncated: false };
  };
}

/** GetLoginProfile, DeleteLoginProfile: users have no passwords, and neither has whoever calls. */
export async function refuseLoginProfile(call: IamCall): Promise<QueryResult> {
  const caller = call.input.text("UserName") === undefined ? call.caller.principal?.userName : undefined;
  const name = caller ?? (await requireEntity(call, "user"));
  throw iamError("NoSuchEntity", `Login Profile for User ${name} cannot be found.`);
}

/** GetAccountPasswordPolicy */
export async function getAccountPasswordPolicy({ accountId }: IamCall): Promise<QueryResult> {
  throw iamError("NoSuchEntity", `The Password Policy with domain name ${accountId} cannot be found.`);
}

async function requireEntity({ input, iam }: IamCall, kind: EntityKind): Promise<string> {
  const name = readEntityName(input, kind);
  if (!(await iam.findEntity(kind, name))) throw noSuchEntity(kind, name);
  return name;
}
