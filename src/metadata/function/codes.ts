import type { FunctionCode } from "./protocol.ts";

/**
 * Deployment packages in R2 and whether something refers to them. An entry is there before its objects are;
 * `due` is when they are deleted, and absent while a function or a layer refers to the package. A package that has lost
 * its last reference never gets another, so that what is due can be deleted without a race.
 */

/** Tables whose rows refer to packages. */
const USERS = ["versions", "layer_versions", "layer_uses"];

/** Packages deleted in one alarm. */
const BATCH = 50;

/** Between the reservation and the commit lie an upload and a check of the zip. */
const RESERVATION_MS = 24 * 3_600_000;

export function reserveCode(sql: SqlStorage, codeId: string, now: number): void {
  sql.exec("INSERT INTO codes (code_id, size, due) VALUES (?, 0, ?)", codeId, now + RESERVATION_MS);
}

/** Keeps a package that was reserved; false when it has been given up since. */
export function keepCode(sql: SqlStorage, codeId: string, size: number): boolean {
  return sql.exec("UPDATE codes SET due = NULL, size = ? WHERE code_id = ?", size, codeId).rowsWritten > 0;
}

/** Keeps a package that was reserved, as long as the account may store that much. */
export function keepNewCode(
  sql: SqlStorage,
  { codeId, size }: FunctionCode,
  maxBytes: number,
): "ok" | "code-expired" | "storage-full" {
  if (sumCodeSizes(sql) + size > maxBytes) return "storage-full";
  return keepCode(sql, codeId, size) ? "ok" : "code-expired";
}

/** Makes a package due at `due`, unless a function's or a layer's version still refers to it. */
export function releaseCode(sql: SqlStorage, codeId: string, due: number): void {
  if (
    USERS.some((table) => sql.exec(`SELECT 1 FROM ${table} WHERE code_id = ? LIMIT 1`, codeId).toArray().length > 0)
  ) {
    return;
  }
  sql.exec("UPDATE codes SET due = ? WHERE code_id = ?", due, codeId);
}

export function nextDueCode(sql: SqlStorage): number | undefined {
  return (
    sql.exec<{ due: number | null }>("SELECT min(due) AS due FROM codes WHERE due IS NOT NULL").one().due ?? undefined
  );
}

export function listDueCodes(sql: SqlStorage, now: number): string[] {
  return sql
    .exec<{ code_id: string }>("SELECT code_id FROM codes WHERE due <= ? ORDER BY due LIMIT ?", now, BATCH)
    .toArray()
    .map((row) => row.code_id);
}

export function forgetCode(sql: SqlStorage, codeId: string): void {
  sql.exec("DELETE FROM codes WHERE code_id = ? AND due IS NOT NULL", codeId);
}

/** Bytes of all packages that versions refer to. */
export function sumCodeSizes(sql: SqlStorage): number {
  return sql.exec<{ total: number | null }>("SELECT sum(size) AS total FROM codes WHERE due IS NULL").one().total ?? 0;
}
