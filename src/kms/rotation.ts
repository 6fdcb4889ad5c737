import { createHash } from "node:crypto";
import { materialsOf } from "../auth/kms/keyring.ts";
import type { KeyRotation, RotationOutcome } from "../metadata/kms/protocol.ts";
import { YEARLY_DAYS } from "../metadata/kms/rotation.ts";
import {
  arnOf,
  checkUsable,
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

const PERIOD_DAYS = { min: 90, max: 2_560 };
/** How near an automatic rotation forbids one on demand. */
const SOON_MS = 20 * 60_000;

/** EnableKeyRotation, which changes the period as well. */
export async function enableKeyRotation(call: KmsCall): Promise<undefined> {
  const days = call.input.integer("RotationPeriodInDays", PERIOD_DAYS) ?? YEARLY_DAYS;
  const { id } = await openChangedKey(call, { "kms:rotationperiodindays": String(days) });
  settleKey(call, id, await call.keys.setRotation(id, days));
}

/** DisableKeyRotation */
export async function disableKeyRotation(call: KmsCall): Promise<undefined> {
  const { id } = await openChangedKey(call);
  settleKey(call, id, await call.keys.setRotation(id, undefined));
}

/** GetKeyRotationStatus: while a key waits for its deletion it says that it does not rotate. */
export async function getKeyRotationStatus(call: KmsCall): Promise<object> {
  const name = call.input.requireText("KeyId", KEY_NAME);
  call.input.finish();
  const { accountId, key } = await findKey(call, name);
  const KeyId = arnOf(call, key.id, accountId);
  const { rotationDays, rotatesAt } = key;
  if (rotationDays === undefined || key.state === "PendingDeletion") return { KeyId, KeyRotationEnabled: false };
  return {
    KeyId,
    KeyRotationEnabled: true,
    RotationPeriodInDays: rotationDays,
    ...(rotatesAt !== undefined && { NextRotationDate: toSeconds(rotatesAt) }),
  };
}

/** RotateKeyOnDemand: done when it is answered, so that no status ever tells of one in progress. */
export async function rotateKeyOnDemand(call: KmsCall): Promise<object> {
  const { id, rotatesAt = Infinity } = await openChangedKey(call);
  if (rotatesAt - Date.now() < SOON_MS) {
    throw kmsError("ConflictException", `An automatic rotation of ${arnOf(call, id)} begins within 20 minutes.`);
  }
  const material = await call.keyring.mintMaterial(id);
  const outcome: RotationOutcome = await call.keys.rotateKey(id, material, "ON_DEMAND");
  if (outcome.outcome === "quota") {
    throw kmsError("LimitExceededException", `${arnOf(call, id)} was rotated on demand as often as a key can be.`);
  }
  settleKey(call, id, outcome);
  return { KeyId: arnOf(call, id) };
}

/** ListKeyRotations: the latest first; the material that a key began with is no rotation. */
export async function listKeyRotations(call: KmsCall): Promise<object> {
  const name = call.input.requireText("KeyId", KEY_NAME);
  const included = call.input.text("IncludeKeyMaterial", { values: ["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"] });
  const { after, limit } = readPaging(call, 100, 1_000);
  const { key } = await findKey(call, name);
  const rotations: readonly (KeyRotation | undefined)[] = (key.rotations ?? []).toReversed();
  const entries = materialsOf(key).map((material, age) => ({
    id: materialId(material),
    state: age === 0 ? "CURRENT" : "NON_CURRENT",
    rotation: rotations[age],
  }));
  const wanted = entries.filter(({ rotation }) => rotation || included === "ALL_KEY_MATERIAL");
  const position = wanted.findIndex(({ id }) => id === after);
  if (after !== "" && position < 0) throw kmsError("InvalidMarkerException", "Invalid marker");
  const rest = wanted.slice(position + 1);
  const page = rest.slice(0, limit);
  const Rotations = page.map(({ id, state, rotation }) => ({
    KeyId: arnOf(call, key.id),
    KeyMaterialId: id,
    KeyMaterialState: state,
    ...(rotation && { RotationDate: toSeconds(rotation.at), RotationType: rotation.type }),
  }));
  return { Rotations, ...renderPaging(rest.length > page.length, page.at(-1)?.id) };
}

/** 64 hexadecimal digits, which tell nothing of the material. */
export function materialId(sealed: string): string {
  return createHash("sha256").update(sealed).digest("hex");
}

/** A key of the account's own, in a state in which its rotation can be changed. */
async function openChangedKey(call: KmsCall, keys: Readonly<Record<string, string>> = {}) {
  const key = await readChangedKey(call, "KeyId", { keys });
  checkUsable(call, { accountId: call.account.id, key });
  return key;
}
