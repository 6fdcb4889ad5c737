import { mintVersionId, NULL_VERSION } from "../../lib/version-id.ts";
import { announce } from "./announce.ts";
import type { Body, Change } from "./journal.ts";
import { isProtected } from "./object-lock.ts";
import { findCurrent, removeCurrent, type StoredObject, writeCurrent } from "./objects.ts";
import type { ObjectRecord } from "./protocol.ts";
import { releaseBody } from "./references.ts";
import {
  findNoncurrent,
  type FoundMarker,
  type FoundObject,
  keepNoncurrent,
  removeNoncurrent,
  writeMarker,
} from "./versions.ts";

/** What a new version of a key meets. */
export interface Place {
  readonly key: string;
  readonly current: StoredObject | undefined;
  /** The version whose id the new one gets, and which ends with this: at most the null version. */
  readonly replaced: FoundObject | FoundMarker | undefined;
}

/** While versioning is off every version is the null version, and each replaces the one before. */
export function findPlace(change: Change, key: string): Place {
  const current = findCurrent(change.sql, key);
  return { key, current, replaced: findReplaced(change, key, current) };
}

function findReplaced(change: Change, key: string, current: StoredObject | undefined): Place["replaced"] {
  const { versioning } = change.documents;
  if (versioning === "Enabled") return undefined;
  if (current?.record.versionId === NULL_VERSION) return { found: "object", current: true, ...current };
  return versioning === undefined ? undefined : findNoncurrent(change.sql, key, NULL_VERSION);
}

/** The id of a version, or delete marker, that this change makes. */
export function newVersionId(change: Change): string {
  return change.documents.versioning === "Enabled" ? mintVersionId(change.sequence) : NULL_VERSION;
}

/** Whether object lock forbids that the place is taken. */
export function isPlaceProtected({ replaced }: Place, now: number): boolean {
  return replaced?.found === "object" && isProtected(replaced.record.attributes.lock, now, false);
}

/** Gives the place to a new current version, and frees the body of the one that it replaces. */
export function succeed(change: Change, place: Place, record: ObjectRecord, body: Body): void {
  releaseReplaced(change, place);
  inherit(change, place, record, body);
}

/** The same without freeing anything: the caller has taken the replaced version's body. */
export function inherit(change: Change, place: Place, record: ObjectRecord, body: Body): void {
  keepOthers(change, place);
  writeCurrent(change, { record, body });
}

/** Hides the key behind a delete marker; answers its id. */
export function mark(change: Change, place: Place, ownerId: string): string {
  releaseReplaced(change, place);
  keepOthers(change, place);
  if (place.current) removeCurrent(change, place.key);
  const versionId = newVersionId(change);
  const { sequence, at } = change;
  writeMarker(change, { key: place.key, sequence, versionId, modifiedAt: at, ownerId });
  announce(change, "ObjectRemoved:DeleteMarkerCreated", { key: place.key, versionId });
  return versionId;
}

export function releaseReplaced(change: Change, { replaced }: Place): void {
  if (replaced?.found === "object") releaseBody(change, replaced.body, replaced.record.sequence);
}

function keepOthers(change: Change, { key, current, replaced }: Place): void {
  const isCurrentReplaced = replaced?.found === "object" && replaced.current;
  if (current && !isCurrentReplaced) keepNoncurrent(change, current.record);
  if (!replaced || isCurrentReplaced) return;
  removeNoncurrent(change, key, replaced.found === "object" ? replaced.record.sequence : replaced.marker.sequence);
}
