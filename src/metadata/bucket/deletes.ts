import { evaluateWrite, type WriteConditions } from "../../lib/conditions.ts";
import { announce } from "./announce.ts";
import type { Change } from "./journal.ts";
import { isProtected } from "./object-lock.ts";
import { removeCurrent } from "./objects.ts";
import type { Mutation, Outcome } from "./protocol.ts";
import { releaseBody } from "./references.ts";
import { replicateMarker } from "./replicate.ts";
import { findPlace, isPlaceProtected, mark } from "./succession.ts";
import { findVersion, type FoundMarker, type FoundObject, promoteNewest, removeNoncurrent } from "./versions.ts";

export interface DeleteItem {
  readonly key: string;
  readonly versionId?: string;
  readonly conditions?: WriteConditions;
}
/** Deleting what does not exist succeeds, as on S3. */
export type DeleteResult =
  /** `versionId` names what was deleted, or the delete marker that was made. */
  | { readonly outcome: "deleted"; readonly versionId?: string; readonly deleteMarker?: boolean }
  | { readonly outcome: "precondition-failed" }
  | { readonly outcome: "no-such-key" }
  /** Object lock keeps the version. */
  | { readonly outcome: "locked" };
export interface DeleteObjectsCall extends Mutation {
  readonly items: readonly DeleteItem[];
  /** The account that deletes: the owner of delete markers. */
  readonly ownerId?: string;
  /** The caller may, and wants to, override governance mode. */
  readonly bypassGovernance?: boolean;
}
export type DeleteObjectsOutcome = Outcome<{ readonly results: readonly DeleteResult[] }>;

type DeleteOptions = Pick<DeleteObjectsCall, "ownerId" | "bypassGovernance">;

/** DeleteObject and one item of DeleteObjects: by its id a version is removed, without one the key is hidden. */
export function deleteObject(change: Change, item: DeleteItem, options: DeleteOptions): DeleteResult {
  return item.versionId === undefined
    ? hideObject(change, item, options)
    : deleteVersion(change, item, item.versionId, options);
}

/** Without versioning nothing is left of the key; with it a delete marker becomes its latest version. */
function hideObject(
  change: Change,
  { key, conditions = {} }: DeleteItem,
  { ownerId = "" }: DeleteOptions,
): DeleteResult {
  const place = findPlace(change, key);
  const refusal = evaluateWrite(conditions, place.current?.record);
  if (refusal !== "ok") return { outcome: refusal };
  if (isPlaceProtected(place, change.at)) return { outcome: "locked" };
  if (change.documents.versioning === undefined) {
    if (place.current) removeVersion(change, key, { found: "object", current: true, ...place.current });
    return { outcome: "deleted" };
  }
  const made = findMadeMarker(change, key);
  const versionId = made ?? mark(change, place, ownerId);
  if (made === undefined) replicateMarker(change, key, versionId);
  return { outcome: "deleted", versionId, deleteMarker: true };
}

/** The delete marker that this very change has made: a list of keys may name one twice. */
function findMadeMarker(change: Change, key: string): string | undefined {
  const latest = findVersion(change.sql, key, undefined);
  return latest.found === "marker" && latest.marker.sequence === change.sequence ? latest.marker.versionId : undefined;
}

function deleteVersion(
  change: Change,
  { key, conditions = {} }: DeleteItem,
  versionId: string,
  { bypassGovernance = false }: DeleteOptions,
): DeleteResult {
  const version = findVersion(change.sql, key, versionId);
  const record = version.found === "object" ? version.record : undefined;
  const refusal = evaluateWrite(conditions, record);
  if (refusal !== "ok") return { outcome: refusal };
  if (isProtected(record?.attributes.lock, change.at, bypassGovernance)) return { outcome: "locked" };
  if (version.found !== "nothing") removeVersion(change, key, version);
  return { outcome: "deleted", versionId, ...(version.found === "marker" && { deleteMarker: true }) };
}

/** Removes a version or delete marker; after the latest one the next newest is current again. */
export function removeVersion(change: Change, key: string, version: FoundObject | FoundMarker): void {
  const { sequence, versionId } = version.found === "object" ? version.record : version.marker;
  if (version.found === "object") releaseBody(change, version.body, sequence);
  const isCurrent = version.found === "object" && version.current;
  if (isCurrent) removeCurrent(change, key);
  else removeNoncurrent(change, key, sequence);
  const wasLatest = isCurrent || (version.found === "marker" && version.marker.latest);
  if (wasLatest && change.documents.versioning !== undefined) promoteNewest(change, key);
  announce(change, "ObjectRemoved:Delete", { key, versionId });
}
