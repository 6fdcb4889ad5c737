import { readVersionSequence } from "../../lib/version-id.ts";
import { announce } from "./announce.ts";
import { writeBody } from "./bodies.ts";
import type { EventContext } from "./event-record.ts";
import type { Change } from "./journal.ts";
import { lockNewVersion, mergeLocks, withLock } from "./object-lock.ts";
import { withAcl } from "./object-acl.ts";
import { withTags } from "./object-tags.ts";
import { removeCurrent, rewriteAttributes } from "./objects.ts";
import type { NewBody, ObjectAttributes, ObjectRecord, Outcome } from "./protocol.ts";
import { withReplication } from "./replicate.ts";
import { findPlace, inherit } from "./succession.ts";
import { expectReplicas, findVersion, keepNoncurrent, writeMarker, writeNoncurrent } from "./versions.ts";
import { isExpired } from "./writes.ts";

/** A version as another bucket's index has it, on its way here. Repeatable: what arrived already is not made again. */
export interface ReplicaCall {
  /** Of the change at the source: of what is changed of one version, the latest counts. */
  readonly change: number;
  readonly replica:
    | { readonly kind: "object"; readonly object: ReplicatedObject; readonly body: NewBody }
    /** What was changed of one that is here. */
    | { readonly kind: "change"; readonly object: ReplicatedObject }
    | { readonly kind: "marker"; readonly marker: ReplicatedMarker };
  /** The destination's owner owns the replica: its ACL is not the source's. */
  readonly keepsAcl: boolean;
  readonly eventContext: EventContext;
}
/** With the source's version id and time of modification. */
export type ReplicatedObject = Omit<ObjectRecord, "sequence">;
export type ReplicatedMarker = Pick<ObjectRecord, "key" | "versionId" | "modifiedAt" | "ownerId">;

export type ReplicaOutcome =
  | Outcome<object>
  /** There is no such version to change: it was deleted here, or never arrived. */
  | { readonly outcome: "no-such-version" }
  | { readonly outcome: "not-versioned" }
  | { readonly outcome: "no-object-lock" }
  | { readonly outcome: "expired" };

/** Takes in a version with the id and the place among others that it has at its source. */
export function putReplica(change: Change, call: ReplicaCall): ReplicaOutcome {
  const { replica } = call;
  if (change.documents.versioning !== "Enabled") return { outcome: "not-versioned" };
  const { key, versionId } = replica.kind === "marker" ? replica.marker : replica.object;
  const known = findVersion(change.sql, key, versionId);
  if (known.found === "marker") return { outcome: "ok" };
  if (replica.kind === "marker") return makeMarker(change, replica.marker);
  if (replica.object.attributes.lock && !change.documents.objectLock) return { outcome: "no-object-lock" };
  if (known.found === "object") return updateReplica(change, call, known.record, replica.object.attributes);
  if (replica.kind === "change") return { outcome: "no-such-version" };
  if (isExpired(change, replica.body)) return { outcome: "expired" };
  return makeReplica(change, call, replica.object, replica.body);
}

function makeReplica(change: Change, call: ReplicaCall, object: ReplicatedObject, body: NewBody): ReplicaOutcome {
  expectReplicas(change.sql);
  const { sequence, latest } = findSequence(change, object);
  const attributes = withReplication(lockNewVersion(change, object.attributes), {
    status: "REPLICA",
    change: call.change,
  });
  const record: ObjectRecord = { ...object, sequence, attributes };
  const stored = { record, body: writeBody(change, record.key, body) };
  if (latest) inherit(change, findPlace(change, record.key), record, stored.body);
  else writeNoncurrent(change, stored);
  announce(change, "ObjectCreated", record);
  if (body.kind === "borrowed") change.send("confirm-pin", { copyId: body.copyId, owner: body.owner });
  return { outcome: "ok" };
}

function makeMarker(change: Change, marker: ReplicatedMarker): ReplicaOutcome {
  expectReplicas(change.sql);
  const { sequence, latest } = findSequence(change, marker);
  const { current } = findPlace(change, marker.key);
  if (latest && current) {
    keepNoncurrent(change, current.record);
    removeCurrent(change, marker.key);
  }
  writeMarker(change, { ...marker, sequence });
  announce(change, "ObjectRemoved:DeleteMarkerCreated", { key: marker.key, versionId: marker.versionId });
  return { outcome: "ok" };
}

/** Tags, ACL and lock as they are at the source. An older word on them, arriving late, changes nothing. */
function updateReplica(
  change: Change,
  { change: at, keepsAcl }: ReplicaCall,
  record: ObjectRecord,
  theirs: ObjectAttributes,
): ReplicaOutcome {
  const own = record.attributes;
  const state = own.replication;
  const isReplica = state?.status === "REPLICA";
  if (isReplica && at < state.change) return { outcome: "ok" };
  const tagged = withTags(keepsAcl ? own : withAcl(own, theirs.acl), theirs.tags);
  const locked = withLock(tagged, mergeLocks(own.lock, theirs.lock, change.at));
  const attributes = isReplica ? withReplication(locked, { status: "REPLICA", change: at }) : locked;
  rewriteAttributes(change, { ...record, attributes });
  return { outcome: "ok" };
}

/**
 * How many parts of the room between two versions a replica leaves above it: a source's versions come in their order,
 * so that those which follow belong there. Thousands of them fit; several sources fit within each other.
 */
const ROOM_PARTS = 256;

/**
 * The place of a replica among the versions of its key: by time of modification, as at the source; at the same
 * time by the order of the source's own index. A replica's sequence is a fraction, so that there is room between
 * any two that this index has given out, and so that it is told from those (versions.ts).
 */
function findSequence(
  change: Change,
  replica: Pick<ObjectRecord, "key" | "versionId" | "modifiedAt">,
): { readonly sequence: number; readonly latest: boolean } {
  const top = { sequence: change.sequence - 0.5, latest: true };
  const versions = change.sql.exec<{ sequence: number; version_id: string; modified: number }>(
    `SELECT sequence, version_id, modified FROM objects WHERE key = ?1
     UNION ALL SELECT sequence, version_id, modified FROM versions WHERE key = ?1 ORDER BY sequence DESC`,
    replica.key,
  );
  const newer: number[] = [];
  let below: number | undefined;
  for (const { sequence, version_id: versionId, modified: modifiedAt } of versions) {
    if (!comesAfter({ versionId, modifiedAt }, replica)) {
      below = sequence;
      break;
    }
    newer.push(sequence);
  }
  // Where two versions have no room between them it goes above the upper one.
  for (let above = newer.pop(); above !== undefined; above = newer.pop()) {
    const sequence = chooseBetween(below, above);
    if (sequence !== undefined) return { sequence, latest: false };
    below = above;
  }
  return top;
}

type Dated = Pick<ObjectRecord, "versionId" | "modifiedAt">;

function comesAfter(one: Dated, other: Dated): boolean {
  if (one.modifiedAt !== other.modifiedAt) return one.modifiedAt > other.modifiedAt;
  const [first, second] = [readVersionSequence(one.versionId) ?? 0, readVersionSequence(other.versionId) ?? 0];
  return first === second ? one.versionId > other.versionId : first > second;
}

/** A fraction between the two; undefined where there is no room. */
function chooseBetween(below: number | undefined, above: number): number | undefined {
  if (below === undefined) return Math.ceil(above) - 1.5;
  const near = below + (above - below) / ROOM_PARTS;
  const chosen = Number.isInteger(near) ? near + Math.min(0.5, (above - near) / 2) : near;
  return chosen > below && chosen < above && !Number.isInteger(chosen) ? chosen : undefined;
}
