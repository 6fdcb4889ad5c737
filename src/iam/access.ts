import { requireAllowed } from "../auth/policy/decide-action.ts";
import type { RequestFacts } from "../auth/policy/principal-keys.ts";
import { formatEntityArn } from "../auth/principals.ts";
import { isSessionKey } from "../auth/sessions.ts";
import type { EntityKind, EntityRecord } from "../metadata/iam/protocol.ts";
import type { IamCall, IamOperation, Subject } from "./call.ts";
import { iamError } from "./errors.ts";
import { NAME_MEMBERS } from "./input.ts";
import { formatPolicyArn } from "./managed-policies.ts";

/**
 * Decides whether the caller may do this: the account itself always, users and sessions of roles by their policies.
 * Other sessions never may, so that keys that end cannot make keys that do not (STS API Reference, GetSessionToken).
 * @throws ServiceError AccessDenied
 */
export async function authorise(call: IamCall, { access, about }: IamOperation, facts: RequestFacts): Promise<void> {
  const { principal, accessKeyId } = call.caller;
  if (isSessionKey(accessKeyId) && principal?.roleArn === undefined) {
    throw iamError("AccessDenied", "A session that is not of a role cannot call IAM.");
  }
  if (!principal) return;
  const { resource, entity } = await findSubject(call, about);
  const keys = {
    "iam:policyarn": call.input.text("PolicyArn"),
    "iam:permissionsboundary": call.input.text("PermissionsBoundary") ?? entity?.boundary,
  };
  requireAllowed(facts, { action: access, resource, keys });
}

/** ARN of what the request is about, with the path that it really has. */
async function findSubject(
  { input, iam, accountId, caller }: IamCall,
  about: Subject,
): Promise<{ readonly resource: string; readonly entity?: EntityRecord }> {
  if (about === "any") return { resource: "*" };
  if (about === "policy") return { resource: input.text("PolicyArn") ?? "*" };
  const path = input.text("Path") ?? "/";
  if (about === "new-policy") return { resource: formatPolicyArn(accountId, path, input.text("PolicyName") ?? "") };
  const kind = (about === "caller-or-user" ? "user" : about.replace("new-", "")) as EntityKind;
  const name = input.text(NAME_MEMBERS[kind]) ?? caller.principal?.userName ?? "";
  if (about.startsWith("new-")) return { resource: formatEntityArn(accountId, { kind, path, name }) };
  const entity = await iam.findEntity(kind, name);
  if (!entity) return { resource: formatEntityArn(accountId, { kind, path: "/", name }) };
  return { resource: formatEntityArn(accountId, entity), entity };
}
