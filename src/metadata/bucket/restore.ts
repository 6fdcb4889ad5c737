import { blobMintedAt } from "../../lib/blob-id.ts";
import type { Body, Change } from "./journal.ts";
import type { NewerBlob } from "./upkeep.ts";
import { applyLine, type SegmentLine } from "./segments.ts";
import { readCounter, writeCounter } from "./schema.ts";
import { findPlace, succeed } from "./succession.ts";
import { findUpload, putPart } from "./uploads.ts";
import { makeRecord } from "./writes.ts";

/**
 * Sequences that were given out after the last export are lost with the index. The restored one goes on so
 * far above that it cannot meet them again.
 */
const SEQUENCE_GAP = 1_000_000;

/** Applies lines of a segment, oldest segment first. The header is skipped. */
export function restoreLines(sql: SqlStorage, lines: readonly string[]): void {
  let sequence = readCounter(sql, "sequence_floor");
  for (const line of lines) {
    const parsed = JSON.parse(line) as SegmentLine | { readonly last: number };
    sequence = Math.max(sequence, "last" in parsed ? parsed.last : applyLine(sql, parsed));
  }
  writeCounter(sql, "sequence_floor", sequence);
}

/** Leaves room for what was lost; answers where the sequence goes on. */
export function raiseSequence(sql: SqlStorage): number {
  const sequence = readCounter(sql, "sequence_floor") + SEQUENCE_GAP;
  writeCounter(sql, "sequence_floor", sequence);
  return sequence;
}

/**
 * Commits a blob that is newer than the journal, in the order in which the caller passes them. Whether its
 * request had been answered nobody can know; that its bytes are whole R2 vouches for.
 */
export function restoreBlob(change: Change, blob: NewerBlob): boolean {
  const mintedAt = blobMintedAt(blob.id) ?? 0;
  if (blob.uploadId !== undefined) return restorePart(change, blob, blob.uploadId);
  const place = findPlace(change, blob.key);
  const { current } = place;
  if (current && (current.record.modifiedAt > mintedAt || isLaterBlob(current.body, blob.id))) return false;
  const { key, size, etag, storageClass, ownerId } = blob;
  const attributes = blob.attributes ?? { headers: {}, metadata: {} };
  const body: Body = { kind: "blob", id: blob.id };
  const record = makeRecord(change, { key, size, etag, storageClass, ownerId, attributes }, undefined);
  succeed(change, place, { ...record, modifiedAt: mintedAt }, body);
  return true;
}

/** Ids of one index object sort in the order in which they were minted, also within a millisecond. A page may come twice. */
function isLaterBlob(current: Body, id: string): boolean {
  return current.kind === "blob" && current.id >= id;
}

function restorePart(change: Change, blob: NewerBlob, uploadId: string): boolean {
  const { id, key, size, etag, partNumber = 0 } = blob;
  if (!findUpload(change.sql, key, uploadId)) return false;
  // A page of blobs may come twice: the part that was sent later stays.
  const known = findPartBlob(change.sql, uploadId, partNumber);
  if (known !== undefined && known >= id) return false;
  const call = { key, uploadId, partNumber, size, etag, blob: id, revision: 0, operationId: "", repeated: false };
  return putPart(change, call).outcome === "ok";
}

function findPartBlob(sql: SqlStorage, uploadId: string, partNumber: number): string | undefined {
  const [part] = sql
    .exec<{ blob: string }>(
      "SELECT blob FROM upload_parts WHERE upload_id = ? AND part_number = ?",
      uploadId,
      partNumber,
    )
    .toArray();
  return part?.blob;
}
