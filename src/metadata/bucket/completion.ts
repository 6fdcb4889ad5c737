import { createHash } from "node:crypto";
import {
  type Checksum,
  combineCrc,
  compositeChecksum,
  defaultChecksumType,
  isCombinable,
} from "../../lib/checksums.ts";
import { evaluateWrite } from "../../lib/conditions.ts";
import { announce } from "./announce.ts";
import type { Change } from "./journal.ts";
import { writeManifest } from "./manifests.ts";
import type {
  Committed,
  CompletedPart,
  CompleteUploadCall,
  CompleteUploadOutcome,
  ObjectRecord,
  PartExtent,
  UploadRecord,
} from "./protocol.ts";
import { replicateVersion } from "./replicate.ts";
import { findPlace, isPlaceProtected, succeed } from "./succession.ts";
import { CHECKED, findUpload } from "./uploads.ts";
import { makeRecord } from "./writes.ts";

/** All parts but the last are at least this large (Amazon S3 User Guide, "Multipart upload limits"). */
const MIN_PART_SIZE = 5 * 1024 ** 2;
/** 10,000 parts of 5 GiB, which AWS calls 50 TB. */
const MAX_OBJECT_SIZE = 10_000 * 5 * 1024 ** 3;
/** How long a repeated CompleteMultipartUpload gets the first answer. */
const REMEMBERED_MS = 24 * 3600_000;

/** Parts that were checked against the client's list; `done` is the answer that was given before. */
export type CompletionPlan =
  | {
      readonly outcome: "planned";
      readonly upload: UploadRecord;
      readonly parts: readonly PartExtent[];
      readonly etag: string;
      readonly size: number;
    }
  | { readonly outcome: "done"; readonly answer: CompleteUploadOutcome };

/** Checks the list of parts. It names them by ETag, so the bytes stay the same if the plan is made again. */
export function planCompletion(sql: SqlStorage, call: CompleteUploadCall): CompletionPlan {
  const upload = findUpload(sql, call.key, call.uploadId);
  if (!upload) return done(findCompleted(sql, call) ?? { outcome: "no-such-upload" });
  const stored = readStoredParts(sql, call.uploadId);
  const refusal = checkParts(call, upload, stored);
  if (refusal) return done(refusal);
  const parts: PartExtent[] = [];
  const digests = createHash("md5");
  let size = 0;
  for (const { partNumber } of call.parts) {
    const part = stored.get(partNumber);
    if (!part) continue;
    const { etag, ...extent } = part;
    const { checksumAlgorithm } = upload;
    parts.push({ ...extent, ...(extent.checksum !== undefined && checksumAlgorithm && { checksumAlgorithm }) });
    digests.update(etag, "hex");
    size += part.size;
  }
  if (size > MAX_OBJECT_SIZE) return done({ outcome: "entity-too-large" });
  if (call.size !== undefined && call.size !== size) return done({ outcome: "size-mismatch", size });
  return { outcome: "planned", upload, parts, etag: `${digests.digest("hex")}-${parts.length}`, size };
}

/** The checksum of the whole object, of the kind that the upload was created with; undefined without one. */
export async function computeChecksum(plan: CompletionPlan): Promise<Checksum | undefined> {
  if (plan.outcome === "done") return undefined;
  const { checksumAlgorithm: algorithm, checksumType } = plan.upload;
  if (algorithm === undefined) return undefined;
  const type = checksumType ?? defaultChecksumType(algorithm);
  const parts = plan.parts.flatMap(({ checksum, size }) => (checksum === undefined ? [] : [{ checksum, size }]));
  if (parts.length < plan.parts.length) return undefined;
  if (type === "COMPOSITE") {
    return {
      algorithm,
      type,
      value: await compositeChecksum(
        algorithm,
        parts.map((part) => part.checksum),
      ),
    };
  }
  return isCombinable(algorithm) ? { algorithm, type, value: combineCrc(algorithm, parts) } : undefined;
}

/** Commits the object, and frees the parts that the list leaves out. */
export function completeUpload(
  change: Change,
  call: CompleteUploadCall,
  checksum: Checksum | undefined,
): CompleteUploadOutcome {
  const plan = planCompletion(change.sql, call);
  if (plan.outcome === "done") return plan.answer;
  if (call.checksum && !confirms(call.checksum, checksum)) {
    return { outcome: "checksum-mismatch", algorithm: call.checksum.algorithm };
  }
  const place = findPlace(change, call.key);
  const refusal = evaluateWrite(call.conditions, place.current?.record);
  if (refusal !== "ok") return { outcome: refusal };
  if (isPlaceProtected(place, change.at)) return { outcome: "locked" };
  const { upload, parts, etag, size } = plan;
  const { key, storageClass, initiatorId, attributes } = upload;
  const ownerId = call.ownerId ?? upload.ownerId ?? initiatorId;
  const object = { key, size, etag, storageClass, ownerId, attributes, ...(checksum && { checksum }) };
  const record = replicateVersion(change, makeRecord(change, object, parts.length));
  writeManifest(change, call.uploadId, parts);
  succeed(change, place, record, { kind: "manifest", id: call.uploadId });
  closeUpload(change, call, record);
  announce(change, "ObjectCreated", record);
  return { outcome: "ok", object: record };
}

/** Forgets completions that nobody repeats any more. */
export function forgetCompletions(sql: SqlStorage, now: number): void {
  sql.exec("DELETE FROM completed_uploads WHERE at < ?", now - REMEMBERED_MS);
}

interface StoredPart extends PartExtent {
  readonly etag: string;
}

function readStoredParts(sql: SqlStorage, uploadId: string): Map<number, StoredPart> {
  const rows = sql
    .exec("SELECT part_number, size, etag, blob, checksum FROM upload_parts WHERE upload_id = ?", uploadId)
    .raw() as unknown as Iterable<[number, number, string, string, string | null]>;
  const parts = new Map<number, StoredPart>();
  for (const [partNumber, size, etag, blob, checksum] of rows) {
    const kept = checksum !== null && checksum !== CHECKED;
    parts.set(partNumber, { partNumber, size, etag, blob, ...(kept && { checksum }) });
  }
  return parts;
}

function checkParts(
  call: CompleteUploadCall,
  upload: UploadRecord,
  stored: ReadonlyMap<number, StoredPart>,
): CompleteUploadOutcome | undefined {
  const { parts } = call;
  const { checksumAlgorithm: algorithm } = upload;
  const type = algorithm && (upload.checksumType ?? defaultChecksumType(algorithm));
  if (algorithm && type && call.checksumType !== undefined && call.checksumType !== type) {
    return { outcome: "checksum-type-mismatch", algorithm, type };
  }
  for (let index = 1; index < parts.length; index++) {
    if ((parts[index]?.partNumber ?? 0) <= (parts[index - 1]?.partNumber ?? 0))
      return { outcome: "invalid-part-order" };
  }
  for (const listed of parts) {
    const part = stored.get(listed.partNumber);
    if (!part || part.etag !== listed.etag || contradicts(listed, part, upload)) {
      return { outcome: "invalid-part", partNumber: listed.partNumber, etag: listed.etag };
    }
  }
  for (const { partNumber, etag } of parts.slice(0, -1)) {
    const size = stored.get(partNumber)?.size ?? 0;
    if (size < MIN_PART_SIZE) return { outcome: "entity-too-small", partNumber, etag, size };
  }
  return undefined;
}

function contradicts(listed: CompletedPart, part: StoredPart, upload: UploadRecord): boolean {
  if (!listed.checksum) return false;
  return listed.checksum.algorithm !== upload.checksumAlgorithm || listed.checksum.value !== part.checksum;
}

/** Whether the client's checksum is the computed one. Of a composite one the number of parts may be left out. */
function confirms(given: NonNullable<CompleteUploadCall["checksum"]>, computed: Checksum | undefined): boolean {
  if (given.algorithm !== computed?.algorithm) return false;
  if (given.value === computed.value) return true;
  return computed.type === "COMPOSITE" && given.value === computed.value.split("-")[0];
}

function closeUpload(change: Change, call: CompleteUploadCall, record: ObjectRecord): void {
  const listed = new Set(call.parts.map((part) => part.partNumber));
  for (const part of readStoredParts(change.sql, call.uploadId).values()) {
    if (!listed.has(part.partNumber)) change.free("blob", part.blob);
  }
  change.sql.exec("DELETE FROM upload_parts WHERE upload_id = ?", call.uploadId);
  change.sql.exec("DELETE FROM uploads WHERE key = ? AND upload_id = ?", call.key, call.uploadId);
  change.touch("uploads", call.key, call.uploadId);
  change.sql.exec(
    "INSERT INTO completed_uploads (upload_id, key, at, object) VALUES (?, ?, ?, ?)",
    call.uploadId,
    call.key,
    change.at,
    JSON.stringify(record),
  );
}

function findCompleted(
  sql: SqlStorage,
  call: CompleteUploadCall,
): ({ readonly outcome: "ok" } & Committed) | undefined {
  const row = sql
    .exec<{ object: string }>(
      "SELECT object FROM completed_uploads WHERE upload_id = ? AND key = ?",
      call.uploadId,
      call.key,
    )
    .next();
  return row.done ? undefined : { outcome: "ok", object: JSON.parse(row.value.object) as ObjectRecord };
}

function done(answer: CompleteUploadOutcome): CompletionPlan {
  return { outcome: "done", answer };
}
