import type { Body, Change } from "./journal.ts";
import { referenceId } from "./packed.ts";

/**
 * Who holds a body (consistency rule 13: references, not counts). The version that brought it is its one
 * implicit holder and costs no row. From the first copy on, `refs` names every holder by the sequence of
 * its version, or of its pin; the body is free when the last one is gone. Packed bodies hold their pack
 * together, each named from the beginning.
 */

/** Makes `newHolder` hold the body beside `holder`. */
export function addHolder(change: Change, body: Body, holder: number, newHolder: number): void {
  const id = referenceId(body);
  change.sql.exec("INSERT OR IGNORE INTO refs (body_id, holder) VALUES (?, ?), (?, ?)", id, holder, id, newHolder);
  change.touch("refs", id);
}

/**
 * Hands the body from one holder to another. Of a blob this is written down even for a sole holder: the
 * blob's metadata in R2 names the key that it came with, so the sweep would not find it under another.
 */
export function moveHolder(change: Change, body: Body, holder: number, newHolder: number): void {
  if (body.kind === "inline") return;
  const id = referenceId(body);
  const removed = change.sql.exec("DELETE FROM refs WHERE body_id = ? AND holder = ?", id, holder).rowsWritten;
  if (removed === 0 && body.kind !== "blob" && body.kind !== "packed") return;
  change.sql.exec("INSERT INTO refs (body_id, holder) VALUES (?, ?)", id, newHolder);
  change.touch("refs", id);
}

/** Takes a holder away, and frees the body when it was the last. */
export function releaseBody(change: Change, body: Body, holder: number): void {
  if (body.kind === "inline") {
    change.sql.exec("DELETE FROM bodies WHERE id = ?", Number(body.id));
    change.touch("bodies", Number(body.id));
    return;
  }
  const id = referenceId(body);
  if (hasNamedHolder(change.sql, id)) {
    change.sql.exec("DELETE FROM refs WHERE body_id = ? AND holder = ?", id, holder);
    change.touch("refs", id);
    if (hasNamedHolder(change.sql, id)) return;
  }
  change.free(body.kind === "packed" ? "blob" : body.kind, id);
}

/** Whether `refs` names a holder of the body. */
export function hasNamedHolder(sql: SqlStorage, bodyId: string): boolean {
  return sql.exec("SELECT 1 FROM refs WHERE body_id = ? LIMIT 1", bodyId).raw().next().done !== true;
}
