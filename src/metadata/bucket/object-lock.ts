import type { DefaultRetention, ObjectLock, Retention } from "./documents.ts";
import type { Change } from "./journal.ts";
import { rewriteAttributes } from "./objects.ts";
import type { MissingObject, Mutation, ObjectAttributes, ObjectRecord, Outcome } from "./protocol.ts";
import { describeAbsence } from "./reads.ts";
import { replicateChange } from "./replicate.ts";
import { findVersion } from "./versions.ts";

/**
 * Object lock: what keeps a version from being deleted (Amazon S3 User Guide, "How S3 Object Lock works").
 * All of it is decided in the transaction that would delete or change the version.
 */

/** PutObjectRetention and PutObjectLegalHold; what is absent stays as it is. */
export interface SetObjectLockCall extends Mutation {
  readonly key: string;
  readonly versionId?: string;
  /** "none": the retention is taken away. */
  readonly retention?: Retention | "none";
  readonly legalHold?: "ON" | "OFF";
  /** The caller may, and wants to, override governance mode. */
  readonly bypassGovernance: boolean;
}
export type SetObjectLockOutcome =
  | Outcome<{ readonly object: ObjectRecord }>
  | MissingObject
  | { readonly outcome: "locked" }
  | { readonly outcome: "no-object-lock" };

const DAY_MS = 24 * 3600_000;

export function setObjectLock(change: Change, call: SetObjectLockCall): SetObjectLockOutcome {
  if (!change.documents.objectLock) return { outcome: "no-object-lock" };
  const version = findVersion(change.sql, call.key, call.versionId);
  if (version.found !== "object") return describeAbsence(version, call.versionId);
  const { attributes } = version.record;
  const former = attributes.lock ?? {};
  if (call.retention && !mayReplace(former.retention, call.retention, change.at, call.bypassGovernance)) {
    return { outcome: "locked" };
  }
  const retention = call.retention === "none" ? undefined : (call.retention ?? former.retention);
  const legalHold = call.legalHold ?? former.legalHold;
  const lock = { ...(retention && { retention }), ...(legalHold && { legalHold }) };
  const object = replicateChange(change, { ...version.record, attributes: withLock(attributes, lock) });
  rewriteAttributes(change, object);
  return { outcome: "ok", object };
}

/** Whether the version may not be deleted now. A legal hold has no bypass, nor has compliance mode. */
export function isProtected(lock: ObjectLock | undefined, now: number, bypassGovernance: boolean): boolean {
  if (!lock) return false;
  if (lock.legalHold === "ON") return true;
  const { retention } = lock;
  if (!retention || retention.until <= now) return false;
  return retention.mode === "COMPLIANCE" || !bypassGovernance;
}

/** Whether a write asks for a lock where the bucket has none to give. */
export function lacksObjectLock(change: Change, lock: ObjectLock | undefined): boolean {
  return lock !== undefined && !change.documents.objectLock;
}

/** The attributes of a new version: the bucket's default retention is for those that ask for no other. */
export function lockNewVersion(change: Change, attributes: ObjectAttributes): ObjectAttributes {
  const rule = change.documents.objectLock?.defaultRetention;
  if (!rule || attributes.lock?.retention) return attributes;
  const retention = { mode: rule.mode, until: change.at + daysOf(rule) * DAY_MS };
  return withLock(attributes, { ...attributes.lock, retention });
}

/** The same attributes with another lock. */
export function withLock(attributes: ObjectAttributes, lock: ObjectLock | undefined): ObjectAttributes {
  const { lock: _former, ...others } = attributes;
  return lock?.retention || lock?.legalHold ? { ...others, lock } : others;
}

/** Retention may be extended by whoever may set it; anything else needs governance mode and its bypass. */
function mayReplace(former: Retention | undefined, next: Retention | "none", now: number, bypass: boolean): boolean {
  if (!former || former.until <= now) return true;
  if (bypass && former.mode === "GOVERNANCE") return true;
  return next !== "none" && next.mode === former.mode && next.until >= former.until;
}

/**
 * The lock of a replica after its source's was changed. What the source says nothing of stays: the destination's
 * default retention, say. Compliance mode is not made shorter from elsewhere either.
 */
export function mergeLocks(own: ObjectLock | undefined, theirs: ObjectLock | undefined, now: number): ObjectLock {
  const next = theirs?.retention;
  const retention = next && mayReplace(own?.retention, next, now, true) ? next : own?.retention;
  const legalHold = theirs?.legalHold ?? own?.legalHold;
  return { ...(retention && { retention }), ...(legalHold && { legalHold }) };
}

function daysOf({ unit, count }: DefaultRetention): number {
  return unit === "Days" ? count : count * 365;
}
