import type { KmsKey, RotationType } from "./protocol.ts";

export const YEARLY_DAYS = 365;
const DAY_MS = 24 * 3_600_000;
/** "A maximum of 25 times per KMS key" (RotateKeyOnDemand). */
const MAX_ON_DEMAND = 25;

/** Whether a rotation is waited for: nothing happens to a key that is not enabled. */
export function isRotationDue({ state, rotatesAt }: KmsKey, now: number): boolean {
  return state === "Enabled" && rotatesAt !== undefined && rotatesAt <= now;
}

/** The key with automatic rotation every so many days, counted from now unless that was its period before. */
export function schedule(key: KmsKey, days: number | undefined, now: number): KmsKey {
  const { rotationDays, rotatesAt: _former, ...others } = key;
  if (days === undefined) return others;
  return days === rotationDays ? key : { ...others, rotationDays: days, rotatesAt: now + days * DAY_MS };
}

export function hasQuota({ rotations = [] }: KmsKey): boolean {
  return rotations.filter(({ type }) => type === "ON_DEMAND").length < MAX_ON_DEMAND;
}

/**
 * The key with new material. Of those who come for one automatic rotation the first rotates: for the others it is no
 * longer due. One that comes late is the first of its new schedule, as of a key that was disabled when it was due;
 * one on demand changes no schedule.
 */
export function rotate(key: KmsKey, material: string, type: RotationType, now: number): KmsKey {
  if (type === "AUTOMATIC" && !isRotationDue(key, now)) return key;
  const rotations = [...(key.rotations ?? []), { at: now, type, former: key.material }];
  const rotated = { ...key, material, rotations };
  return type === "AUTOMATIC" ? { ...rotated, rotatesAt: now + (key.rotationDays ?? YEARLY_DAYS) * DAY_MS } : rotated;
}
