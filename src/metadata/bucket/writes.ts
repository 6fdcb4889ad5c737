import { evaluateWrite } from "../../lib/conditions.ts";
import { announce } from "./announce.ts";
import { borrowedId, copyInline, isFresh, renameInline, writeBody } from "./bodies.ts";
import type { Body, Change } from "./journal.ts";
import { withTags } from "./object-tags.ts";
import { findCurrent, removeCurrent, writeCurrent, type StoredObject } from "./objects.ts";
import { referenceId } from "./packed.ts";
import { isRefusedCopy } from "./pins.ts";
import type {
  CopyObjectCall,
  CopyObjectOutcome,
  DeleteItem,
  DeleteResult,
  NewBody,
  NewObject,
  ObjectRecord,
  PutObjectCall,
  PutObjectOutcome,
} from "./protocol.ts";
import { addHolder, moveHolder, releaseBody } from "./references.ts";
import { findSource } from "./sources.ts";

/** The id of the one version that a key has while versioning is off. */
const NULL_VERSION = "null";

/** PutObject: the new version becomes current, what it replaces is freed. */
export function putObject(change: Change, call: PutObjectCall): PutObjectOutcome {
  const current = findCurrent(change.sql, call.object.key);
  const refusal = evaluateWrite(call.conditions, current?.record);
  if (refusal !== "ok") return { outcome: refusal };
  if (isExpired(change, call.body)) return { outcome: "expired" };
  if (current) releaseBody(change, current.body, current.record.sequence);
  const record = makeRecord(change, call.object, countParts(call.body));
  writeCurrent(change, { record, body: writeBody(change, call.object.key, call.body) });
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
    versionId: NULL_VERSION,
    size,
    etag,
    modifiedAt: change.at,
    storageClass,
    ownerId,
    ...(checksum && { checksum }),
    attributes,
    ...(partsCount !== undefined && { partsCount }),
  };
}

/** DeleteObject and one item of DeleteObjects. */
export function deleteObject(change: Change, item: DeleteItem): DeleteResult {
  const current = findCurrent(change.sql, item.key);
  const wanted = item.versionId === undefined || current?.record.versionId === item.versionId ? current : undefined;
  const refusal = evaluateWrite(item.conditions ?? {}, wanted?.record);
  if (refusal !== "ok") return { outcome: refusal };
  if (wanted) {
    releaseBody(change, wanted.body, wanted.record.sequence);
    removeCurrent(change, item.key);
    announce(change, "ObjectRemoved:Delete", { key: item.key, versionId: wanted.record.versionId });
  }
  return { outcome: "deleted", ...(item.versionId !== undefined && { versionId: item.versionId }) };
}

/** CopyObject and RenameObject inside this index object: a new row on the same bytes. */
export function copyObject(change: Change, call: CopyObjectCall): CopyObjectOutcome {
  const source = findSource(change.sql, call.sourceKey, call.sourceVersionId, call.sourceConditions);
  if ("outcome" in source) return source;
  const current = findCurrent(change.sql, call.key);
  const refusal = evaluateWrite(call.conditions, current?.record);
  if (refusal !== "ok") return { outcome: refusal };
  const record: ObjectRecord = {
    ...source.record,
    key: call.key,
    sequence: change.sequence,
    versionId: NULL_VERSION,
    // A renamed object keeps its properties, the time of modification among them; a copy is new.
    modifiedAt: call.removeSource ? source.record.modifiedAt : change.at,
    storageClass: call.storageClass ?? source.record.storageClass,
    ownerId: call.ownerId,
    attributes: withTags(call.attributes ?? source.record.attributes, call.tags ?? source.record.attributes.tags),
    ...(call.checksum && { checksum: call.checksum }),
  };
  const body = transferBody(change, source, current, call);
  writeCurrent(change, { record, body });
  announce(change, "ObjectCreated", record);
  if (call.removeSource) announce(change, "ObjectRemoved:Delete", { key: call.sourceKey });
  return { outcome: "ok", object: record, source: source.record };
}

/** Gives the source's body to the new version, and takes the replaced version's and a moved source's away. */
function transferBody(
  change: Change,
  source: StoredObject,
  current: StoredObject | undefined,
  { key, removeSource }: CopyObjectCall,
): Body {
  const { body } = source;
  const holder = source.record.sequence;
  if (current?.record.sequence === holder) {
    // Onto itself, to replace metadata: the bytes stay, the holder's name changes.
    if (body.kind !== "inline") renameHolder(change, body, holder);
    return body;
  }
  if (current) releaseBody(change, current.body, current.record.sequence);
  if (removeSource) {
    removeCurrent(change, source.record.key);
    if (body.kind === "inline") renameInline(change, key, body);
    moveHolder(change, body, holder, change.sequence);
    return body;
  }
  if (body.kind === "inline") return copyInline(change, key, body);
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

function isExpired(change: Change, body: NewBody): boolean {
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
