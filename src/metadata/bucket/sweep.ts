import { blobMintedAt } from "../../lib/blob-id.ts";
import { enterGarbage, isGarbage } from "./garbage.ts";
import { readUnexported } from "./journal.ts";
import { manifestHolds } from "./manifests.ts";
import { hasNamedHolder } from "./references.ts";
import type { SweptBlob } from "./upkeep.ts";

/** Younger blobs may still be committed (consistency rule 5). */
const ORPHAN_AGE_MS = 7 * 24 * 3600_000;

/**
 * Finds the blobs that nothing references: their request died between the upload and the commit. They
 * become garbage, so that they too outlive the recovery window. Answers those that were found.
 */
export function sweepBlobs(sql: SqlStorage, blobs: readonly SweptBlob[], now: number, due: number): string[] {
  const freed = new Set<string>();
  for (const row of readUnexported(sql)) {
    for (const { id } of row.freed) freed.add(id);
  }
  const orphans = blobs
    .filter(({ id }) => now - (blobMintedAt(id) ?? now) >= ORPHAN_AGE_MS)
    .filter((blob) => !freed.has(blob.id) && !isKnown(sql, blob))
    .map((blob) => blob.id);
  for (const id of orphans) enterGarbage(sql, { kind: "blob", id }, due);
  return orphans;
}

function isKnown(sql: SqlStorage, blob: SweptBlob): boolean {
  if (isGarbage(sql, blob.id)) return true;
  return blob.uploadId === undefined ? holdsBlob(sql, blob) : holdsPart(sql, blob, blob.uploadId);
}

function holdsBlob(sql: SqlStorage, { id, key }: SweptBlob): boolean {
  const underItsKey = sql.exec(
    `SELECT 1 FROM objects WHERE key = ?1 AND body_id = ?2
     UNION ALL SELECT 1 FROM versions WHERE key = ?1 AND body_id = ?2 LIMIT 1`,
    key,
    id,
  );
  return underItsKey.raw().next().done !== true || hasNamedHolder(sql, id);
}

/** A manifest is named by its upload, and is there for as long as anything holds it. */
function holdsPart(sql: SqlStorage, { id, partNumber = 0 }: SweptBlob, uploadId: string): boolean {
  const part = sql.exec(
    "SELECT 1 FROM upload_parts WHERE upload_id = ? AND part_number = ? AND blob = ?",
    uploadId,
    partNumber,
    id,
  );
  return part.raw().next().done !== true || manifestHolds(sql, uploadId, partNumber, id);
}
