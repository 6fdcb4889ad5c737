import type { Body, Change } from "./journal.ts";

/**
 * Who holds a body (consistency rule 13: references, not counts). The version that brought it is its one
 * implicit holder and costs no row. From the first copy on, `refs` names every holder by the sequence of
 * its version, or of its pin; the body is free when the last one is gone.
 */

/** Makes `newHolder` hold the body beside `holder`. */
export function addHolder(change: Change, body: Body, holder: number, newHolder: number): void {
  change.sql.exec(
    "INSERT OR IGNORE INTO refs (body_id, holder) VALUES (?, ?), (?, ?)",
    body.id,
    holder,
    body.id,
    newHolder,
  );
  change.touch("refs", body.id);
}

/**
 * Hands the body from one holder to another. Of a blob this is written down even for a sole holder: the
 * blob's metadata in R2 names the key that it came with, so the sweep would not find it under another.
 */
export function moveHolder(change: Change, body: Body, holder: number, newHolder: number): void {
  if (body.kind === "inline") return;
  const removed = change.sql.exec("DELETE FROM refs WHERE body_id = ? AND holder = ?", body.id, holder).rowsWritten;
  if (removed === 0 && body.kind !== "blob") return;
  change.sql.exec("INSERT INTO refs (body_id, holder) VALUES (?, ?)", body.id, newHolder);
  change.touch("refs", body.id);
}

/** Takes a holder away, and frees the body when it was the last. */
export function releaseBody(change: Change, body: Body, holder: number): void {
  if (body.kind === "inline") {
    change.sql.exec("DELETE FROM bodies WHERE id = ?", Number(body.id));
    change.touch("bodies", Number(body.id));
    return;
  }
  if (hasNamedHolder(change.sql, body.id)) {
    change.sql.exec("DELETE FROM refs WHERE body_id = ? AND holder = ?", body.id, holder);
    change.touch("refs", body.id);
    if (hasNamedHolder(change.sql, body.id)) return;
  }
  change.free(body.kind, body.id);
}

/** Whether `refs` names a holder of the body. */
export function hasNamedHolder(sql: SqlStorage, bodyId: string): boolean {
  return sql.exec("SELECT 1 FROM refs WHERE body_id = ? LIMIT 1", bodyId).raw().next().done !== true;
}
