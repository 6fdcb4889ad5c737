import { parseBorrowedId } from "./bodies.ts";
import type { Freed } from "./journal.ts";
import { readParts } from "./manifests.ts";
import type { CopyRef } from "./pins.ts";

/**
 * What nothing references any more. Entering is final: no reference to it can be added (consistency rule
 * 14). It waits out the recovery window, so that an index that is put back to an earlier point in time
 * finds the bytes that it had then, and its pins at other indexes too.
 */

/** Entries a round: as many as R2 deletes in one call. */
const BATCH = 1000;
/** Rounds an alarm, so that other duties get their turn. */
const ROUNDS = 10;

export interface GarbagePorts {
  /** Deletes blobs in R2; those that are gone already count as deleted. */
  deleteBlobs(ids: readonly string[]): Promise<void>;
  /** Tells the holder of a pin that it is needed no longer. */
  releasePin(copy: CopyRef): Promise<void>;
}

export function enterGarbage(sql: SqlStorage, { kind, id }: Freed, due: number): void {
  sql.exec("INSERT OR IGNORE INTO garbage (id, kind, due) VALUES (?, ?, ?)", id, kind, due);
}

export function isGarbage(sql: SqlStorage, id: string): boolean {
  return sql.exec("SELECT 1 FROM garbage WHERE id = ?", id).raw().next().done !== true;
}

/** When the next entry is due. */
export function nextGarbage(sql: SqlStorage): number | undefined {
  return sql.exec<{ due: number | null }>("SELECT min(due) AS due FROM garbage").one().due ?? undefined;
}

/** Deletes what is due, for a bounded number of rounds. */
export async function collectGarbage(sql: SqlStorage, now: number, ports: GarbagePorts): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const due = sql
      .exec<{ id: string; kind: Freed["kind"] }>(
        "SELECT id, kind FROM garbage WHERE due <= ? ORDER BY due LIMIT ?",
        now,
        BATCH,
      )
      .toArray();
    if (due.length === 0) return;
    const blobs = due.filter((entry) => entry.kind === "blob").map((entry) => entry.id);
    if (blobs.length > 0) await ports.deleteBlobs(blobs);
    for (const id of blobs) forget(sql, id);
    const others = due.filter((entry) => entry.kind !== "blob");
    const failures = await collectEach(sql, others, ports);
    if (failures.length > 0) throw new AggregateError(failures, "garbage was not collected");
  }
}

/** An index that does not take back its pin must not keep the others waiting. */
async function collectEach(sql: SqlStorage, entries: readonly Freed[], ports: GarbagePorts): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const entry of entries) {
    await collect(sql, entry, ports).catch((error: unknown) => failures.push(error));
  }
  return failures;
}

async function collect(sql: SqlStorage, { kind, id }: Freed, ports: GarbagePorts): Promise<void> {
  if (kind === "manifest")
    await deleteAll(
      readParts(sql, id).map((part) => part.blob),
      ports,
    );
  if (kind === "upload") await deleteAll(listUploadedBlobs(sql, id), ports);
  if (kind === "borrowed") await ports.releasePin(parseBorrowedId(id));
  sql.exec("DELETE FROM manifests WHERE id = ?", id);
  sql.exec("DELETE FROM upload_parts WHERE upload_id = ?", id);
  forget(sql, id);
}

async function deleteAll(blobs: readonly string[], ports: GarbagePorts): Promise<void> {
  for (let first = 0; first < blobs.length; first += BATCH) await ports.deleteBlobs(blobs.slice(first, first + BATCH));
}

function listUploadedBlobs(sql: SqlStorage, uploadId: string): string[] {
  return sql
    .exec<{ blob: string }>("SELECT blob FROM upload_parts WHERE upload_id = ?", uploadId)
    .toArray()
    .map((row) => row.blob);
}

function forget(sql: SqlStorage, id: string): void {
  sql.exec("DELETE FROM garbage WHERE id = ?", id);
}
