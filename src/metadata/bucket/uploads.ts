import type { ChecksumAlgorithm } from "../../lib/checksums.ts";
import { isFresh } from "./bodies.ts";
import type { Change } from "./journal.ts";
import { lacksObjectLock } from "./object-lock.ts";
import type {
  AbortUploadCall,
  AbortUploadOutcome,
  CheckWriteCall,
  CheckWriteOutcome,
  CreateUploadCall,
  CreateUploadOutcome,
  ListedPart,
  ListPartsCall,
  ListPartsOutcome,
  ObjectAttributes,
  PutPartCall,
  PutPartOutcome,
  UploadRecord,
} from "./protocol.ts";

/** In place of a part's checksum: there was one. */
export const CHECKED = "";
/** Uploads that one change gives up: what it touches is in memory until it is journalled. */
const DROPPED_AT_ONCE = 1000;
export const UPLOAD_COLUMNS =
  "key, upload_id, initiated, initiator, storage_class, checksum_algorithm, checksum_type, attributes, owner";
export type UploadRow = readonly [
  key: string,
  uploadId: string,
  initiated: number,
  initiator: string,
  storageClass: string,
  checksumAlgorithm: ChecksumAlgorithm | null,
  checksumType: "COMPOSITE" | "FULL_OBJECT" | null,
  attributes: string,
  owner: string | null,
];

export function findUpload(sql: SqlStorage, key: string, uploadId: string): UploadRecord | undefined {
  const row = sql
    .exec(`SELECT ${UPLOAD_COLUMNS} FROM uploads WHERE key = ? AND upload_id = ?`, key, uploadId)
    .raw()
    .next();
  return row.done ? undefined : toUpload(row.value as unknown as UploadRow);
}

/** Whether a part may come, and how its bytes are to be encrypted. */
export function checkUpload(sql: SqlStorage, { key, completes }: CheckWriteCall, uploadId: string): CheckWriteOutcome {
  const upload = findUpload(sql, key, uploadId);
  if (!upload) return { outcome: "no-such-upload" };
  const { encryption } = upload.attributes;
  return {
    outcome: "ok",
    ...(encryption && { encryption }),
    ...(completes && { checked: hasCheckedParts(sql, uploadId) }),
  };
}

function hasCheckedParts(sql: SqlStorage, uploadId: string): boolean {
  const rows = sql.exec("SELECT 1 FROM upload_parts WHERE upload_id = ? AND checksum IS NOT NULL LIMIT 1", uploadId);
  return rows.raw().next().done !== true;
}

export function createUpload(change: Change, call: CreateUploadCall): CreateUploadOutcome {
  if (lacksObjectLock(change, call.upload.attributes.lock)) return { outcome: "no-object-lock" };
  const upload: UploadRecord = { ...call.upload, initiatedAt: change.at };
  change.sql.exec(
    `INSERT INTO uploads (${UPLOAD_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    upload.key,
    upload.uploadId,
    upload.initiatedAt,
    upload.initiatorId,
    upload.storageClass,
    upload.checksumAlgorithm ?? null,
    upload.checksumType ?? null,
    JSON.stringify(upload.attributes),
    upload.ownerId ?? null,
  );
  change.touch("uploads", upload.key, upload.uploadId);
  return { outcome: "ok", upload };
}

/** UploadPart: a part sent again replaces the first, whose bytes are freed. */
export function putPart(change: Change, call: PutPartCall): PutPartOutcome {
  const upload = findUpload(change.sql, call.key, call.uploadId);
  if (!upload) return { outcome: "no-such-upload" };
  if (!isFresh(change, call.blob)) return { outcome: "expired" };
  const former = change.sql
    .exec<{ blob: string }>(
      "SELECT blob FROM upload_parts WHERE upload_id = ? AND part_number = ?",
      call.uploadId,
      call.partNumber,
    )
    .next();
  if (!former.done && former.value.blob !== call.blob) change.free("blob", former.value.blob);
  // Only the upload's own algorithm can contribute to the checksum of the whole.
  const kept = call.checksum?.algorithm === upload.checksumAlgorithm ? call.checksum?.value : undefined;
  const checksum = kept ?? (call.checked ? CHECKED : null);
  change.sql.exec(
    `INSERT OR REPLACE INTO upload_parts (upload_id, part_number, size, etag, modified, blob, checksum)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    call.uploadId,
    call.partNumber,
    call.size,
    call.etag,
    change.at,
    call.blob,
    checksum,
  );
  change.touch("upload_parts", call.uploadId, call.partNumber);
  return { outcome: "ok", modifiedAt: change.at };
}

export function abortUpload(change: Change, call: AbortUploadCall): AbortUploadOutcome {
  if (!findUpload(change.sql, call.key, call.uploadId)) return { outcome: "no-such-upload" };
  dropUpload(change, call.key, call.uploadId);
  return { outcome: "ok" };
}

/** Gives an upload up. Its parts' rows stay until the garbage collector has deleted their blobs. */
export function dropUpload(change: Change, key: string, uploadId: string): void {
  change.sql.exec("DELETE FROM uploads WHERE key = ? AND upload_id = ?", key, uploadId);
  change.touch("uploads", key, uploadId);
  change.free("upload", uploadId);
}

/** Gives uploads up, of a bucket that is deleted; a bounded number. False when there were none. */
export function dropUploads(change: Change): boolean {
  const uploads = change.sql
    .exec<{ key: string; upload_id: string }>("SELECT key, upload_id FROM uploads LIMIT ?", DROPPED_AT_ONCE)
    .toArray();
  for (const { key, upload_id } of uploads) dropUpload(change, key, upload_id);
  return uploads.length > 0;
}

export function listParts(sql: SqlStorage, call: ListPartsCall): ListPartsOutcome {
  const upload = findUpload(sql, call.key, call.uploadId);
  if (!upload) return { outcome: "no-such-upload" };
  const found = sql
    .exec<{ part_number: number; size: number; etag: string; modified: number; checksum: string | null }>(
      `SELECT part_number, size, etag, modified, checksum FROM upload_parts
       WHERE upload_id = ? AND part_number > ? ORDER BY part_number LIMIT ?`,
      call.uploadId,
      call.afterPartNumber,
      call.limit + 1,
    )
    .toArray();
  const parts = found.slice(0, call.limit).map((row): ListedPart => ({
    partNumber: row.part_number,
    size: row.size,
    etag: row.etag,
    modifiedAt: row.modified,
    ...(row.checksum !== null && row.checksum !== CHECKED && { checksum: row.checksum }),
  }));
  return { outcome: "ok", upload, parts, truncated: found.length > parts.length };
}

export function toUpload(row: UploadRow): UploadRecord {
  const [key, uploadId, initiatedAt, initiatorId, storageClass, checksumAlgorithm, checksumType, attributes, owner] =
    row;
  return {
    key,
    uploadId,
    initiatedAt,
    initiatorId,
    storageClass,
    attributes: JSON.parse(attributes) as ObjectAttributes,
    ...(owner !== null && { ownerId: owner }),
    ...(checksumAlgorithm !== null && { checksumAlgorithm }),
    ...(checksumType !== null && { checksumType }),
  };
}
