import { type ActionRequest, decideForResource, isAccountItself, refuse } from "../policy/decide-action.ts";
import type { Decision, ResourceSide } from "../policy/evaluate.ts";
import type { RequestFacts } from "../policy/principal-keys.ts";
import type { EncryptionContext } from "./ciphertext.ts";
import { formatKeyArn } from "./key-names.ts";
import { policyOf } from "./key-policy.ts";
import type { FoundKey } from "./keyring.ts";

/** What somebody wants of a key. */
export interface KeyUse {
  /** `kms:Decrypt` */
  readonly action: string;
  readonly context?: EncryptionContext;
  /** The service that asks on the caller's behalf. */
  readonly via?: "s3";
  /** Condition keys of this operation, the names in lower case. */
  readonly keys?: Readonly<Record<string, string>>;
}

export type ConditionKeys = NonNullable<ActionRequest["keys"]>;

const CONTEXT_PREFIX = "kms:encryptioncontext:";
const AMBIGUOUS: Decision = {
  allowed: false,
  explicit: true,
  refusedBy: "resource",
  reason: "Deny: names of the encryption context that differ in case alone are one name to policies",
};
/** What the root of the owning account may always do, so that no policy makes a key nobody's. */
const UNLOCKING = new Set(["kms:GetKeyPolicy", "kms:PutKeyPolicy"]);

/** @throws ServiceError AccessDenied, unless the policies of the key and the caller allow it */
export function requireKeyUse(facts: RequestFacts, found: FoundKey, use: KeyUse): void {
  if (isOwnRoot(facts, found) && UNLOCKING.has(use.action)) return;
  const decision = decideKeyUse(facts, found, use);
  if (decision.allowed) return;
  const resource = formatKeyArn(facts.region, found.accountId, found.key.id);
  throw refuse(facts.identity, { action: use.action, resource }, decision);
}

/**
 * Whether the caller may use a key: its policy has to let him in, by himself or by leaving it to his account, whose
 * policies then decide ("Determining access to KMS keys"). Nobody comes in whom it does not name, the owner included.
 */
export function decideKeyUse(facts: RequestFacts, found: FoundKey, use: KeyUse): Decision {
  if (isOwnRoot(facts, found) && isLeftToOwner(found, use))
    return { allowed: true, reason: "Allow: the account itself" };
  if (isAmbiguous(use.context)) return AMBIGUOUS;
  const { identity, region } = facts;
  const callerAccount = identity.kind === "account" ? identity.account.id : undefined;
  const request: ActionRequest = {
    action: use.action,
    resource: formatKeyArn(region, found.accountId, found.key.id),
    keys: keysOf(found, use, region, callerAccount),
  };
  return decideForResource(facts, request, sideOf(found, region));
}

/** What a key's owner says, to be decided with. */
export function sideOf(found: FoundKey, region: string): ResourceSide {
  return { ownerId: found.accountId, policies: [policyOf(found, region)], mustAllow: true };
}

/** The condition keys of a use of a key, the names in lower case. */
export function keysOf(
  { key }: FoundKey,
  { context = {}, via, keys = {} }: KeyUse,
  region: string,
  callerAccount: string | undefined,
): ConditionKeys {
  const found: Record<string, string | readonly string[] | undefined> = {
    "kms:calleraccount": callerAccount,
    "kms:keyspec": "SYMMETRIC_DEFAULT",
    "kms:keyusage": "ENCRYPT_DECRYPT",
    "kms:keyorigin": "AWS_KMS",
    "kms:multiregion": "false",
    "kms:encryptioncontextkeys": Object.keys(context),
    ...(via && { "kms:viaservice": `${via}.${region}.amazonaws.com`, "aws:viaawsservice": "true" }),
    ...keys,
  };
  for (const [name, value] of Object.entries(context)) found[CONTEXT_PREFIX + name.toLowerCase()] = value;
  for (const [name, value] of Object.entries(key.tags)) found[`aws:resourcetag/${name.toLowerCase()}`] = value;
  return found;
}

/** Whether policies cannot tell which value a name has: theirs have no case. */
export function isAmbiguous(context: EncryptionContext = {}): boolean {
  const names = Object.keys(context);
  return new Set(names.map((name) => name.toLowerCase())).size < names.length;
}

function isOwnRoot({ identity }: RequestFacts, { accountId }: FoundKey): boolean {
  return isAccountItself(identity) && identity.kind === "account" && identity.account.id === accountId;
}

/** Decided without reading a policy: what the first policy of a key lets the root of its account do. */
function isLeftToOwner({ key }: FoundKey, { via }: KeyUse): boolean {
  return key.policy === undefined && (key.manager === "CUSTOMER" || via !== undefined);
}
