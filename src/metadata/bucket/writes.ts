import { evaluateWrite } from "../../lib/conditions.ts";
import { announce } from "./announce.ts";
import { borrowedId, copyInline, isFresh, renameInline, writeBody } from "./bodies.ts";
import type { Body, Change } from "./journal.ts";
import { lacksObjectLock, lockNewVersion, withLock } from "./object-lock.ts";
import { withAcl } from "./object-acl.ts";
import { withRedirect } from "./object-redirect.ts";
import { withTags } from "./object-tags.ts";
import { removeCurrent, type StoredObject } from "./objects.ts";
import { referenceId } from "./packed.ts";
import { isRefusedCopy } from "./pins.ts";
import type {
  CopyObjectCall,
  CopyObjectOutcome,
  NewBody,
  NewObject,
  ObjectRecord,
  PutObjectCall,
  PutObjectOutcome,
} from "./protocol.ts";
import { replicateMarker, replicateVersion } from "./replicate.ts";
import { withoutRestore } from "./restored.ts";
import { addHolder, moveHolder } from "./references.ts";
import { findSource } from "./sources.ts";
import {
  findPlace,
  inherit,
  isPlaceProtected,
  mark,
  newVersionId,
  type Place,
  releaseReplaced,
  succeed,
} from "./succession.ts";

/** PutObject: the new version becomes current. */
export function putObject(change: Change, call: PutObjectCall): PutObjectOutcome {
  const place = findPlace(change, call.object.key);
  const refusal = evaluateWrite(call.conditions, place.current?.record);
  if (refusal !== "ok") return { outcome: refusal };
  if (lacksObjectLock(change, call.object.attributes.lock)) return { outcome: "no-object-lock" };
  if (isPlaceProtected(place, change.at)) return { outcome: "locked" };
  if (isExpired(change, call.body)) return { outcome: "expired" };
  const record = replicateVersion(change, makeRecord(change, call.object, countParts(call.body)));
  succeed(change, place, record, writeBody(change, call.object.key, call.body));
  announce(change, "ObjectCreated", record);
  if (call.body.kind === "borrowed") {
    change.send("confirm-pin", { copyId: call.body.copyId, owner: call.body.owner });
  }
  return { outcome: "ok", object: record };
}

/** The record of a version that this change makes. */
export function makeRecord(change: Change, object: NewObject, partsCount: number | undefined): ObjectRecord {
  const { key, size, etag, storageClass, ownerId, checksum, attributes } = object;
  return {
    key,
    sequence: change.sequence,
    versionId: newVersionId(change),
    size,
    etag,
    modifiedAt: change.at,
    storageClass,
    ownerId,
    ...(checksum && { checksum }),
    attributes: lockNewVersion(change, attributes),
    ...(partsCount !== undefined && { partsCount }),
  };
}

/**
 * CopyObject and RenameObject inside this index object: a new row on the same bytes. With versioning a renamed
 * key is left behind as DeleteObject leaves it.
 */
export function copyObject(change: Change, call: CopyObjectCall): CopyObjectOutcome {
  const source = findSource(change.sql, call.sourceKey, call.sourceVersionId, call.sourceConditions, call.plainOnly);
  if ("outcome" in source) return source;
  const place = findPlace(change, call.key);
  const refusal = evaluateWrite(call.conditions, place.current?.record);
  if (refusal !== "ok") return { outcome: refusal };
  if (lacksObjectLock(change, call.lock)) return { outcome: "no-object-lock" };
  const leaves = call.removeSource && change.documents.versioning ? findPlace(change, call.sourceKey) : undefined;
  if (isPlaceProtected(place, change.at) || (leaves && isPlaceProtected(leaves, change.at))) {
    return { outcome: "locked" };
  }
  const moves = call.removeSource === true && !leaves;
  const record = replicateVersion(change, makeCopy(change, call, source.record, moves));
  const body = transferBody(change, source, place, moves);
  inherit(change, place, record, body);
  announce(change, "ObjectCreated", record);
  if (moves) announce(change, "ObjectRemoved:Delete", { key: call.sourceKey });
  if (leaves) replicateMarker(change, call.sourceKey, mark(change, leaves, call.ownerId));
  return { outcome: "ok", object: record, source: source.record };
}

function makeCopy(change: Change, call: CopyObjectCall, source: ObjectRecord, moves: boolean): ObjectRecord {
  const tagged = withTags(call.attributes ?? source.attributes, call.tags ?? source.attributes.tags);
  // A renamed object keeps its ACL and redirect like all the rest of it.
  const attributes = call.removeSource ? tagged : withRedirect(withAcl(tagged, call.acl), call.redirect);
  return {
    ...source,
    key: call.key,
    sequence: change.sequence,
    versionId: newVersionId(change),
    // A renamed object keeps its properties, the time of modification among them; a copy is new.
    modifiedAt: moves ? source.modifiedAt : change.at,
    storageClass: call.storageClass ?? source.storageClass,
    ownerId: call.removeSource ? source.ownerId : call.ownerId,
    attributes: lockNewVersion(change, withLock(moves ? attributes : withoutRestore(attributes), call.lock)),
    ...(call.checksum && { checksum: call.checksum }),
  };
}

/** Gives the source's body to the new version, and takes the replaced version's and a moved source's away. */
function transferBody(change: Change, source: StoredObject, place: Place, moves: boolean): Body {
  const { body } = source;
  const holder = source.record.sequence;
  const { replaced } = place;
  if (replaced?.found === "object" && replaced.record.sequence === holder) {
    // Onto itself, to replace metadata: the bytes stay, the holder's name changes.
    if (body.kind !== "inline") renameHolder(change, body, holder);
    return body;
  }
  releaseReplaced(change, place);
  if (moves) {
    removeCurrent(change, source.record.key);
    if (body.kind === "inline") renameInline(change, place.key, body);
    moveHolder(change, body, holder, change.sequence);
    return body;
  }
  if (body.kind === "inline") return copyInline(change, place.key, body);
  addHolder(change, body, holder, change.sequence);
  return body;
}

/** A sole holder under its own key needs no row: the sweep finds the blob under the key in its metadata. */
function renameHolder(change: Change, body: Body, holder: number): void {
  const id = referenceId(body);
  const { rowsWritten } = change.sql.exec(
    "UPDATE refs SET holder = ? WHERE body_id = ? AND holder = ?",
    change.sequence,
    id,
    holder,
  );
  if (rowsWritten > 0) change.touch("refs", id);
}

/** Whether a body came too late, or to the wrong index object. */
export function isExpired(change: Change, body: NewBody): boolean {
  if (body.kind === "inline") return false;
  if (body.kind === "blob") return !isFresh(change, body.blob);
  const { bucketId, shard } = body.destination ?? change.self;
  // The holder of the pin asks its destination: another index may not rely on it.
  if (bucketId !== change.self.bucketId || shard !== change.self.shard) return true;
  return isRefusedCopy(change.sql, borrowedId(body.owner, body.copyId));
}

function countParts(body: NewBody): number | undefined {
  return body.kind === "borrowed" && body.multipart ? body.extents.length : undefined;
}
