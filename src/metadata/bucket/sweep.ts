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
  const old = blobs.filter(({ id }) => now - (blobMintedAt(id) ?? now) >= ORPHAN_AGE_MS);
  const held = findHeldBlobs(sql, old);
  const orphans = old
    .filter((blob) => !freed.has(blob.id) && !held.has(blob.id) && !isKnown(sql, blob))
    .map((blob) => blob.id);
  for (const id of orphans) enterGarbage(sql, { kind: "blob", id }, due);
  return orphans;
}

/** The blobs that are the body of a version of the key that they came with. Each key is looked up once: it may have many versions. */
function findHeldBlobs(sql: SqlStorage, blobs: readonly SweptBlob[]): Set<string> {
  const idsByKey = new Map<string, string[]>();
  for (const { id, key, uploadId } of blobs) {
    if (uploadId !== undefined) continue;
    const ids = idsByKey.get(key);
    if (ids) ids.push(id);
    else idsByKey.set(key, [id]);
  }
  const held = new Set<string>();
  for (const [key, ids] of idsByKey) {
    const found = sql.exec<{ body_id: string }>(
      `SELECT body_id FROM objects WHERE key = ?1 AND body_id IN (SELECT value FROM json_each(?2))
       UNION ALL SELECT body_id FROM versions WHERE key = ?1 AND body_id IN (SELECT value FROM json_each(?2))`,
      key,
      JSON.stringify(ids),
    );
    for (const { body_id } of found) held.add(body_id);
  }
  return held;
}

function isKnown(sql: SqlStorage, blob: SweptBlob): boolean {
  if (isGarbage(sql, blob.id)) return true;
  return blob.uploadId === undefined ? hasNamedHolder(sql, blob.id) : holdsPart(sql, blob, blob.uploadId);
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
