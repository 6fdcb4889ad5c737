import type { Account } from "../auth/identity.ts";
import { formatAliasArn, formatKeyArn, parseKeyName } from "../auth/kms/key-names.ts";
import type { FoundKey, Keyring } from "../auth/kms/keyring.ts";
import type { JsonInput } from "../lib/json-input.ts";
import type { KeyOutcome, KmsKey, KmsKeysApi } from "../metadata/kms/protocol.ts";
import { kmsError } from "./errors.ts";

/** A decoded request to KMS, as an operation sees it. */
export interface KmsCall {
  /** AWS's name of it, `DescribeKey`. */
  readonly operation: string;
  /** The caller's, whose keys alone it reaches. */
  readonly account: Account;
  readonly region: string;
  readonly input: JsonInput;
  readonly keys: KmsKeysApi;
  readonly keyring: Keyring;
}

/** A row of the operation table. */
export interface KmsOperation {
  /** AWS's name: `X-Amz-Target` selects by it. */
  readonly name: string;
  /** IAM action, `kms:DescribeKey`. */
  readonly access: string;
  /** Answers the members of the response; nothing where it has none. */
  readonly handle: (call: KmsCall) => Promise<object | undefined>;
}

export const KEY_NAME = { min: 1, max: 2_048 };

/** The key that `member` names, in whatever state. @throws ServiceError NotFoundException, AccessDeniedException */
export async function findKey(call: KmsCall, text: string): Promise<FoundKey> {
  const { account, region, keyring, operation } = call;
  const name = parseKeyName(text, account.id);
  if (!name) {
    if (text.startsWith("arn:")) throw kmsError("InvalidArnException", `Invalid arn ${text}`);
    throw kmsError("NotFoundException", `Invalid keyId '${text}'`);
  }
  if (name.accountId !== account.id) throw denyStranger(account, operation);
  const found = name.region === undefined || name.region === region ? await keyring.find(name) : undefined;
  if (found) return found;
  const isAlias = name.name.startsWith("alias/");
  const arn = isAlias ? formatAliasArn(region, account.id, name.name) : formatKeyArn(region, account.id, name.name);
  throw kmsError("NotFoundException", isAlias ? `Alias ${arn} is not found.` : `Key '${arn}' does not exist`);
}

export function denyStranger(account: Account, operation: string) {
  return kmsError(
    "AccessDeniedException",
    `User: arn:aws:iam::${account.id}:root is not authorized to perform: kms:${operation} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  );
}

/** The id of a key that is to be changed: no alias does. What AWS's own services made stays as it is. */
export async function readChangedKey(call: KmsCall, member = "KeyId"): Promise<string> {
  const text = call.input.requireText(member, KEY_NAME);
  call.input.finish();
  if (/(^|:)alias\//.test(text)) throw kmsError("InvalidArnException", `Invalid keyId '${text}'`);
  const { key } = await findKey(call, text);
  if (key.manager === "AWS") throw denyStranger(call.account, call.operation);
  return key.id;
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
export function checkUsable(call: KmsCall, { key }: FoundKey): void {
  if (key.state === "Enabled") return;
  const arn = arnOf(call, key.id);
  if (key.state === "Disabled") throw kmsError("DisabledException", `${arn} is disabled.`);
  throw invalidState(arn, key);
}

function invalidState(arn: string, { state }: KmsKey) {
  return kmsError(
    "KMSInvalidStateException",
    state === "PendingDeletion" ? `${arn} is pending deletion.` : `${arn} is not pending deletion.`,
  );
}

export function arnOf({ region, account }: KmsCall, keyId: string): string {
  return formatKeyArn(region, account.id, keyId);
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
