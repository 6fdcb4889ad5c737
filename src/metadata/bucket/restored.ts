import { announce } from "./announce.ts";
import type { Change } from "./journal.ts";
import { rewriteAttributes } from "./objects.ts";
import type { MissingObject, Mutation, ObjectAttributes, ObjectRecord, Outcome } from "./protocol.ts";
import { describeAbsence } from "./reads.ts";
import { findVersion } from "./versions.ts";

/** RestoreObject: for how long an archived version can be read. */
export interface RestoreObjectCall extends Mutation {
  readonly key: string;
  readonly versionId?: string;
  readonly days: number;
}
export type RestoreObjectOutcome =
  | Outcome<{ readonly object: ObjectRecord; /** It could be read before. */ readonly extended: boolean }>
  | MissingObject
  | { readonly outcome: "not-archived"; readonly object: ObjectRecord };

/** Storage classes whose objects are read only while they are restored. */
const ARCHIVES: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);
const DAY_MS = 24 * 3600_000;

/** The bytes lie where all others do: what AWS takes hours for is done at once. */
export function restoreObject(change: Change, call: RestoreObjectCall): RestoreObjectOutcome {
  const version = findVersion(change.sql, call.key, call.versionId);
  if (version.found !== "object") return describeAbsence(version, call.versionId);
  const { record } = version;
  if (!ARCHIVES.has(record.storageClass)) return { outcome: "not-archived", object: record };
  const extended = !isArchived(record, change.at);
  const object = { ...record, attributes: { ...record.attributes, restoredUntil: endOfDays(change.at, call.days) } };
  rewriteAttributes(change, object);
  const { key, etag, versionId, size } = object;
  if (!extended) {
    announce(change, "ObjectRestore:Post", { key, etag, versionId, size });
    announce(change, "ObjectRestore:Completed", { key, etag, versionId, size });
  }
  return { outcome: "ok", object, extended };
}

/** Whether the version cannot be read now. `now` in milliseconds since the epoch. */
export function isArchived({ storageClass, attributes }: ObjectRecord, now: number): boolean {
  return ARCHIVES.has(storageClass) && !((attributes.restoredUntil ?? 0) > now);
}

/** The attributes of another version: a copy is restored by itself. */
export function withoutRestore({ restoredUntil: _former, ...others }: ObjectAttributes): ObjectAttributes {
  return others;
}

/** S3 rounds up to the next midnight (UTC). */
function endOfDays(now: number, days: number): number {
  return Math.ceil((now + days * DAY_MS) / DAY_MS) * DAY_MS;
}
