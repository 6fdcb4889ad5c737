import { decideKeyUse } from "../auth/kms/key-access.ts";
import { policyTextOf } from "../auth/kms/key-policy.ts";
import { parsePolicy, PolicySyntaxError } from "../auth/policy/parse.ts";
import type { Policy, Principals } from "../auth/policy/policy.ts";
import { accountOfPrincipal } from "../auth/policy/principal-names.ts";
import type { JsonInput } from "../lib/json-input.ts";
import type { KmsKey } from "../metadata/kms/protocol.ts";
import { findKey, KEY_NAME, type KmsCall, readChangedKey, readPaging, settleKey } from "./call.ts";
import { kmsError } from "./errors.ts";

/** The one name that a key's policy can have. */
const POLICY_NAME = "default";
const NAME = { min: 1, max: 128, pattern: /^\w+$/ };
const TEXT = { min: 1, max: 131_072, pattern: /^[\t\n\r\u0020-\u00ff]+$/ };
/** "Key policy document size: 32 KB" (Quotas). */
const MAX_BYTES = 32_768;
const SERVICE = /^[a-z0-9.-]+\.amazonaws\.com$/;

/** Condition keys that requests here have, in lower case. */
const EVALUATED = new Set([
  "aws:currenttime",
  "aws:epochtime",
  "aws:principalaccount",
  "aws:principalarn",
  "aws:principaltype",
  "aws:referer",
  "aws:requestedregion",
  "aws:securetransport",
  "aws:sourceip",
  "aws:useragent",
  "aws:userid",
  "aws:username",
  "aws:viaawsservice",
  "kms:bypasspolicylockoutsafetycheck",
  "kms:calleraccount",
  "kms:encryptioncontextkeys",
  "kms:keyorigin",
  "kms:keyspec",
  "kms:keyusage",
  "kms:multiregion",
  "kms:requestalias",
  "kms:rotationperiodindays",
  "kms:schedulekeydeletionpendingwindowindays",
  "kms:viaservice",
]);
const EVALUATED_PREFIXES = ["aws:principaltag/", "aws:resourcetag/", "kms:encryptioncontext:"];
/** Of requests that services make for themselves, and of grants: none is made here, and on AWS no other has them. */
const OF_OTHER_REQUESTS = new Set([
  "aws:sourceaccount",
  "aws:sourcearn",
  "kms:grantconstrainttype",
  "kms:granteeprincipal",
  "kms:grantisforawsresource",
  "kms:grantoperations",
  "kms:retiringprincipal",
]);

/** PutKeyPolicy */
export async function putKeyPolicy(call: KmsCall): Promise<undefined> {
  const { input, keys } = call;
  const policy = readPolicy(input) ?? input.requireText("Policy");
  const policyName = readPolicyName(input);
  const unsafe = input.boolean("BypassPolicyLockoutSafetyCheck") ?? false;
  const key = await readChangedKey(call, "KeyId", { keys: { "kms:bypasspolicylockoutsafetycheck": String(unsafe) } });
  checkPolicyName(policyName);
  await checkPolicy(call, policy);
  if (!unsafe) refuseLockout(call, { ...key, policy });
  settleKey(call, key.id, await keys.setPolicy(key.id, policy));
}

/** GetKeyPolicy: as it was put. */
export async function getKeyPolicy(call: KmsCall): Promise<object> {
  const { input, region } = call;
  const name = input.requireText("KeyId", KEY_NAME);
  const PolicyName = readPolicyName(input);
  input.finish();
  const found = await findKey(call, name);
  checkPolicyName(PolicyName);
  return { Policy: policyTextOf(found, region), PolicyName };
}

/** ListKeyPolicies */
export async function listKeyPolicies(call: KmsCall): Promise<object> {
  const name = call.input.requireText("KeyId", KEY_NAME);
  const { after } = readPaging(call, 100, 1_000);
  await findKey(call, name);
  return { PolicyNames: after < POLICY_NAME ? [POLICY_NAME] : [], Truncated: false };
}

/** `Policy`, where there is one. */
export function readPolicy(input: JsonInput): string | undefined {
  return input.text("Policy", TEXT);
}

/** @throws ServiceError LimitExceededException, MalformedPolicyDocumentException */
export async function checkPolicy(call: KmsCall, text: string): Promise<void> {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw kmsError("LimitExceededException", `A key policy has at most ${MAX_BYTES} bytes.`);
  }
  for (const { principals, conditions } of parse(text).statements) {
    if (principals && !(await allExist(call, principals))) {
      throw malformed("Policy contains a statement with one or more invalid principals.");
    }
    for (const { key } of conditions) {
      if (!isKnown(key)) throw malformed(`Policy contains a condition key that is not evaluated here: ${key}`);
    }
  }
}

/** Throws where the key's policy would keep the caller from putting another one; what his own say may change. */
export function refuseLockout({ facts, account }: KmsCall, key: KmsKey): void {
  const decision = decideKeyUse(facts, { accountId: account.id, key }, { action: "kms:PutKeyPolicy" });
  if (!decision.allowed && decision.refusedBy === "resource")
    throw malformed("The new key policy will not allow you to update the key policy in the future.");
}

function parse(text: string): Policy {
  try {
    return parsePolicy(text, "resource");
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw malformed(error.message);
    throw error;
  }
}

async function allExist({ directory }: KmsCall, principals: Principals): Promise<boolean> {
  const { aws, services, canonicalUsers, federated } = principals;
  if (canonicalUsers.length > 0 || federated.length > 0) return false;
  if (!services.every((service) => SERVICE.test(service))) return false;
  for (const name of aws) {
    const accountId = accountOfPrincipal(name);
    if (accountId === undefined || !(await directory.findAccount(accountId))) return false;
  }
  return true;
}

function isKnown(key: string): boolean {
  return (
    EVALUATED.has(key) || OF_OTHER_REQUESTS.has(key) || EVALUATED_PREFIXES.some((prefix) => key.startsWith(prefix))
  );
}

function readPolicyName(input: JsonInput): string {
  return input.text("PolicyName", NAME) ?? POLICY_NAME;
}

function checkPolicyName(name: string): void {
  if (name !== POLICY_NAME) throw kmsError("NotFoundException", "No such policy exists");
}

function malformed(message: string) {
  return kmsError("MalformedPolicyDocumentException", message);
}
