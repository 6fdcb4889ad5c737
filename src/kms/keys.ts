import type { FoundKey } from "../auth/kms/keyring.ts";
import {
  arnOf,
  findKey,
  KEY_NAME,
  type KmsCall,
  readChangedKey,
  readPaging,
  renderPaging,
  settleKey,
  toSeconds,
} from "./call.ts";
import { kmsError } from "./errors.ts";
import { checkPolicy, readPolicy, refuseLockout } from "./policies.ts";
import { materialId } from "./rotation.ts";
import { readTags } from "./tags.ts";

const DAY_MS = 24 * 3_600_000;
const DESCRIPTION = { max: 8_192 };
const ID_PATTERN = /^[A-Za-z0-9-_]{1,128}$/;
/** A tag that gives a new key the id that objects and settings from elsewhere know it by. */
const ID_TAG = "verge:key-id";

/** CreateKey: symmetric keys that encrypt and decrypt. */
export async function createKey(call: KmsCall): Promise<object> {
  const { input, keys, keyring } = call;
  const description = input.text("Description", DESCRIPTION) ?? "";
  const spec = input.text("KeySpec") ?? input.text("CustomerMasterKeySpec") ?? "SYMMETRIC_DEFAULT";
  const usage = input.text("KeyUsage") ?? "ENCRYPT_DECRYPT";
  const origin = input.text("Origin") ?? "AWS_KMS";
  const policy = readPolicy(input);
  const unsafe = input.boolean("BypassPolicyLockoutSafetyCheck") ?? false;
  const { [ID_TAG]: id, ...tags } = readTags(input);
  input.finish();
  if (
    spec !== "SYMMETRIC_DEFAULT" ||
    usage !== "ENCRYPT_DECRYPT" ||
    origin !== "AWS_KMS" ||
    input.boolean("MultiRegion")
  ) {
    throw unsupported(
      "Keys of this deployment are SYMMETRIC_DEFAULT, for ENCRYPT_DECRYPT, of the origin AWS_KMS, in one Region.",
    );
  }
  if (id !== undefined && !ID_PATTERN.test(id)) throw kmsError("TagException", `${ID_TAG} must be the id of a key.`);
  if (policy !== undefined) await checkPolicy(call, policy);
  const minted = await keyring.mint({ description, tags, ...(id !== undefined && { id }) });
  const key = policy === undefined ? minted : { ...minted, policy };
  if (policy !== undefined && !unsafe) refuseLockout(call, key);
  if (!(await keys.createKey(key)))
    throw kmsError("AlreadyExistsException", `The key ${arnOf(call, key.id)} already exists`);
  // For an object that still runs the code of before there were policies: it must not leave the key without.
  if (policy !== undefined) await keys.setPolicy(key.id, policy);
  return { KeyMetadata: renderKey(call, { accountId: call.account.id, key }) };
}

/** DescribeKey */
export async function describeKey(call: KmsCall): Promise<object> {
  const name = call.input.requireText("KeyId", KEY_NAME);
  call.input.finish();
  return { KeyMetadata: renderKey(call, await findKey(call, name)) };
}

/** ListKeys */
export async function listKeys(call: KmsCall): Promise<object> {
  const { after, limit } = readPaging(call, 100, 1_000);
  const { items, more } = await call.keys.listKeys(after, limit);
  const Keys = items.map(({ id }) => ({ KeyId: id, KeyArn: arnOf(call, id) }));
  return { Keys, ...renderPaging(more, items.at(-1)?.id) };
}

/** EnableKey */
export async function enableKey(call: KmsCall): Promise<undefined> {
  const { id } = await readChangedKey(call);
  settleKey(call, id, await call.keys.setEnabled(id, true));
}

/** DisableKey: what it encrypted cannot be read until it is enabled again. */
export async function disableKey(call: KmsCall): Promise<undefined> {
  const { id } = await readChangedKey(call);
  settleKey(call, id, await call.keys.setEnabled(id, false));
}

/** UpdateKeyDescription */
export async function updateKeyDescription(call: KmsCall): Promise<undefined> {
  const description = call.input.requireText("Description", DESCRIPTION);
  const { id } = await readChangedKey(call);
  settleKey(call, id, await call.keys.describeKey(id, description));
}

/** ScheduleKeyDeletion */
export async function scheduleKeyDeletion(call: KmsCall): Promise<object> {
  const days = call.input.integer("PendingWindowInDays", { min: 7, max: 30 }) ?? 30;
  const { id } = await readChangedKey(call, "KeyId", {
    keys: { "kms:schedulekeydeletionpendingwindowindays": String(days) },
  });
  const at = Date.now() + days * DAY_MS;
  const key = settleKey(call, id, await call.keys.scheduleDeletion(id, at));
  return { KeyId: arnOf(call, id), DeletionDate: toSeconds(at), KeyState: key.state, PendingWindowInDays: days };
}

/** CancelKeyDeletion: the key is then disabled. */
export async function cancelKeyDeletion(call: KmsCall): Promise<object> {
  const { id } = await readChangedKey(call);
  settleKey(call, id, await call.keys.cancelDeletion(id));
  return { KeyId: arnOf(call, id) };
}

function renderKey(call: KmsCall, { accountId, key }: FoundKey): object {
  return {
    AWSAccountId: accountId,
    KeyId: key.id,
    Arn: arnOf(call, key.id, accountId),
    CreationDate: toSeconds(key.createdAt),
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyUsage: "ENCRYPT_DECRYPT",
    KeyState: key.state,
    ...(key.deletedAt !== undefined && { DeletionDate: toSeconds(key.deletedAt) }),
    Origin: "AWS_KMS",
    KeyManager: key.manager,
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    KeySpec: "SYMMETRIC_DEFAULT",
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    MultiRegion: false,
    CurrentKeyMaterialId: materialId(key.material),
  };
}

function unsupported(message: string) {
  return kmsError("UnsupportedOperationException", message);
}
