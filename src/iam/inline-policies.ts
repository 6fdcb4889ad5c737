import type { ServiceError } from "../lib/errors.ts";
import type { Done, EntityKind } from "../metadata/iam/protocol.ts";
import type { IamOperation } from "./call.ts";
import { encodeDocument } from "./describe.ts";
import { iamError, noSuchEntity, refusalError } from "./errors.ts";
import { cutPage, NAME_MEMBERS, readDocument, readEntityName, readPolicyName } from "./input.ts";

type Handler = IamOperation["handle"];

/** Of all inline policies of an entity together ("IAM and AWS STS quotas"). */
const MAX_BYTES: Readonly<Record<EntityKind, number>> = { user: 2_048, group: 5_120, role: 10_240 };

/** PutUserPolicy, PutGroupPolicy, PutRolePolicy. */
export function inlinePutter(kind: EntityKind): Handler {
  return async ({ input, iam }) => {
    const [name, policyName] = [readEntityName(input, kind), readPolicyName(input)];
    const document = readDocument(input, "PolicyDocument", "identity", MAX_BYTES[kind]);
    const done = await iam.putInlinePolicy(kind, name, { name: policyName, document }, MAX_BYTES[kind]);
    requireDone(done, kind, name, policyName);
    return undefined;
  };
}

export function inlineGetter(kind: EntityKind): Handler {
  return async ({ input, iam }) => {
    const [name, policyName] = [readEntityName(input, kind), readPolicyName(input)];
    const found = await iam.findInlinePolicy(kind, name, policyName);
    if (!found) {
      throw (await iam.findEntity(kind, name)) ? noSuchInlinePolicy(kind, policyName) : noSuchEntity(kind, name);
    }
    return { [NAME_MEMBERS[kind]]: name, PolicyName: found.name, PolicyDocument: encodeDocument(found.document) };
  };
}

export function inlineLister(kind: EntityKind): Handler {
  return async ({ input, iam }) => {
    const name = readEntityName(input, kind);
    const policies = await iam.listInlinePolicies(kind, name);
    if (!policies) throw noSuchEntity(kind, name);
    const { items, rest } = cutPage(input, policies, (policy) => policy.name);
    return { PolicyNames: items.map((policy) => policy.name), ...rest };
  };
}

export function inlineDeleter(kind: EntityKind): Handler {
  return async ({ input, iam }) => {
    const [name, policyName] = [readEntityName(input, kind), readPolicyName(input)];
    requireDone(await iam.deleteInlinePolicy(kind, name, policyName), kind, name, policyName);
    return undefined;
  };
}

function requireDone(done: Done, kind: EntityKind, name: string, policyName: string): void {
  if (done.outcome === "ok") return;
  const ofPolicy = done.outcome === "not-found" && done.what === "policy";
  throw refusalError(done, policyName, ofPolicy ? noSuchInlinePolicy(kind, policyName) : noSuchEntity(kind, name));
}

function noSuchInlinePolicy(kind: EntityKind, policyName: string): ServiceError {
  return iamError("NoSuchEntity", `The ${kind} policy with name ${policyName} cannot be found.`);
}
