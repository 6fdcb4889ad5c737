import type { Account } from "../auth/identity.ts";
import { type KeyUse, requireKeyUse } from "../auth/kms/key-access.ts";
import { formatAliasArn, formatKeyArn, type KeyName, parseKeyName } from "../auth/kms/key-names.ts";
import type { FoundKey, Keyring } from "../auth/kms/keyring.ts";
import { requireAllowed } from "../auth/policy/decide-action.ts";
import type { RequestFacts } from "../auth/policy/principal-keys.ts";
import type { JsonInput } from "../lib/json-input.ts";
import type { KeyOutcome, KmsKey, KmsKeysApi } from "../metadata/kms/protocol.ts";
import type { Directory } from "../metadata/registry/directory.ts";
import { kmsError } from "./errors.ts";

/** A decoded request to KMS, as an operation sees it. */
export interface KmsCall {
  /** AWS's name of it, `DescribeKey`. */
  readonly operation: string;
  /** The caller's. */
  readonly account: Account;
  /** For decisions. */
  readonly facts: RequestFacts;
  readonly region: string;
  readonly input: JsonInput;
  /** The account's own. */
  readonly keys: KmsKeysApi;
  readonly directory: Pick<Directory, "findAccount">;
  readonly keyring: Keyring;
}

/** A row of the operation table. */
export interface KmsOperation {
  /** AWS's name: `X-Amz-Target` selects by it. */
  readonly name: string;
  /** IAM action, `kms:DescribeKey`. */
  readonly access: string;
  /**
   * "account": decided before it runs, being about no key. Otherwise by whatever opens the key (`findKey`), once it is
   * known which one an alias or a ciphertext names.
   */
  readonly on: "account" | "key";
  /** Answers the members of the response; nothing where it has none. */
  readonly handle: (call: KmsCall) => Promise<object | undefined>;
}

export const KEY_NAME = { min: 1, max: 2_048 };

/** "Cross-account use: Yes" (API Reference, of each operation). */
const ACROSS_ACCOUNTS = new Set([
  "Decrypt",
  "DescribeKey",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GetKeyRotationStatus",
  "ReEncrypt",
]);

/** What is wanted of a key, where that is more than the operation's name. */
type Wanted = Partial<Pick<KeyUse, "action" | "context" | "keys">>;

/**
 * The key that `text` names, in whatever state, for one who may do this with it.
 * @throws ServiceError NotFoundException, AccessDenied
 */
export async function findKey(call: KmsCall, text: string, wanted: Wanted = {}): Promise<FoundKey> {
  const name = readKeyName(call, text);
  const alias = name.name.startsWith("alias/") ? { "kms:requestalias": name.name } : {};
  return requireKey(call, name, { ...wanted, keys: { ...alias, ...wanted.keys } });
}

/** The same of a name that was read already. */
export async function requireKey(call: KmsCall, name: KeyName, wanted: Wanted = {}): Promise<FoundKey> {
  const { account, operation, facts } = call;
  const found = await lookUp(call, name);
  const action = wanted.action ?? `kms:${operation}`;
  if (found) {
    requireKeyUse(facts, found, { ...wanted, action });
    return found;
  }
  if (name.accountId !== account.id) throw denyStranger(account, operation);
  requireAllowed(facts, { action, resource: describeName(call, name) });
  throw missing(call, name);
}

/** A key of the account's own, of which nothing was decided yet. */
export async function findOwnKey(call: KmsCall, text: string): Promise<FoundKey> {
  const name = readKeyName(call, text);
  const found = name.accountId === call.account.id ? await lookUp(call, name) : undefined;
  if (found) return found;
  throw missing(call, name);
}

/** What names another account's key reaches it where the operation does so at all, and that account exists. */
async function lookUp(call: KmsCall, name: KeyName): Promise<FoundKey | undefined> {
  const { account, operation, region, keyring, directory } = call;
  if (name.region !== undefined && name.region !== region) return undefined;
  if (name.accountId !== account.id) {
    if (!ACROSS_ACCOUNTS.has(operation) || !/^\d{12}$/.test(name.accountId)) return undefined;
    if (!(await directory.findAccount(name.accountId))) return undefined;
  }
  return keyring.find(name);
}

function readKeyName({ account }: KmsCall, text: string): KeyName {
  const name = parseKeyName(text, account.id);
  if (name) return name;
  if (text.startsWith("arn:")) throw kmsError("InvalidArnException", `Invalid arn ${text}`);
  throw kmsError("NotFoundException", `Invalid keyId '${text}'`);
}

function missing(call: KmsCall, name: KeyName) {
  const arn = describeName(call, name);
  const isAlias = name.name.startsWith("alias/");
  return kmsError("NotFoundException", isAlias ? `Alias ${arn} is not found.` : `Key '${arn}' does not exist`);
}

function describeName({ region }: KmsCall, { name, accountId }: KeyName): string {
  return name.startsWith("alias/") ? formatAliasArn(region, accountId, name) : formatKeyArn(region, accountId, name);
}

function denyStranger(account: Account, operation: string) {
  return kmsError(
    "AccessDeniedException",
    `User: arn:aws:iam::${account.id}:root is not authorized to perform: kms:${operation} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  );
}

/** The account's own key that is to be changed: no alias does. What AWS's own services made stays as it is. */
export async function readChangedKey(call: KmsCall, member = "KeyId", wanted: Wanted = {}): Promise<KmsKey> {
  const text = call.input.requireText(member, KEY_NAME);
  call.input.finish();
  if (/(^|:)alias\//.test(text)) throw kmsError("InvalidArnException", `Invalid keyId '${text}'`);
  const { key } = await findKey(call, text, wanted);
  if (key.manager === "AWS") throw denyStranger(call.account, call.operation);
  return key;
}

/** The changed key, after which nobody here goes on with the former. */
export function settleKey(call: KmsCall, id: string, outcome: KeyOutcome): KmsKey {
  call.keyring.forget();
  if (outcome.outcome === "ok") return outcome.key;
  const arn = arnOf(call, id);
  if (outcome.outcome === "not-found") throw kmsError("NotFoundException", `Key '${arn}' does not exist`);
  throw invalidState(arn, outcome.key);
}

/** Throws unless the key is one to encrypt and decrypt with. */
export function checkUsable(call: KmsCall, { accountId, key }: FoundKey): void {
  if (key.state === "Enabled") return;
  const arn = arnOf(call, key.id, accountId);
  if (key.state === "Disabled") throw kmsError("DisabledException", `${arn} is disabled.`);
  throw invalidState(arn, key);
}

function invalidState(arn: string, { state }: KmsKey) {
  return kmsError(
    "KMSInvalidStateException",
    state === "PendingDeletion" ? `${arn} is pending deletion.` : `${arn} is not pending deletion.`,
  );
}

export function arnOf({ region, account }: KmsCall, keyId: string, accountId = account.id): string {
  return formatKeyArn(region, accountId, keyId);
}

export interface Paging {
  readonly after: string;
  readonly limit: number;
}

/** `Marker` and `Limit`; a marker is the name of the last item. */
export function readPaging({ input }: KmsCall, fallback: number, max: number): Paging {
  const limit = input.integer("Limit", { min: 1, max }) ?? fallback;
  const marker = input.text("Marker", { min: 1, max: 1_024 });
  input.finish();
  const after = marker === undefined ? "" : Buffer.from(marker, "base64url").toString();
  if (marker !== undefined && writeMarker(after) !== marker) throw kmsError("InvalidMarkerException", "Invalid marker");
  return { after, limit };
}

/** `Truncated`, and `NextMarker` where there is more. */
export function renderPaging(more: boolean, last: string | undefined): object {
  return { Truncated: more, ...(more && last !== undefined && { NextMarker: writeMarker(last) }) };
}

function writeMarker(after: string): string {
  return Buffer.from(after).toString("base64url");
}

/** Timestamps are seconds in JSON. */
export function toSeconds(milliseconds: number): number {
  return milliseconds / 1_000;
}
