import { isManaged } from "./references.ts";
import type { Reference } from "./registry-protocol.ts";

export type UserKind = "distribution" | Reference["kind"];

/** Replaces what one refers to. */
export function replaceUses(
  sql: SqlStorage,
  userKind: UserKind,
  userId: string,
  references: readonly Reference[],
): void {
  sql.exec("DELETE FROM uses WHERE user_kind = ? AND user_id = ?", userKind, userId);
  for (const { kind, id } of references) {
    sql.exec(
      "INSERT OR IGNORE INTO uses (kind, id, user_kind, user_id) VALUES (?, ?, ?, ?)",
      kind,
      id,
      userKind,
      userId,
    );
  }
}

export function isUsed(sql: SqlStorage, { kind, id }: Reference): boolean {
  return sql.exec("SELECT 1 FROM uses WHERE kind = ? AND id = ? LIMIT 1", kind, id).toArray().length > 0;
}

/** The first of the references that is not there, is another account's, or is a function not published yet. */
export function findMissing(
  sql: SqlStorage,
  accountId: string,
  references: readonly Reference[],
): Reference | undefined {
  return references.find(
    ({ kind, id }) =>
      !isManaged({ kind, id }) &&
      sql
        .exec(
          `SELECT 1 FROM resources WHERE kind = ? AND id = ? AND account_id = ?
           AND (kind <> 'function' OR json_extract(record, '$.live') IS NOT NULL)`,
          kind,
          id,
          accountId,
        )
        .toArray().length === 0,
  );
}

/** What a distribution or resource refers to. */
export function listReferences(sql: SqlStorage, userKind: UserKind, userId: string): Reference[] {
  return sql
    .exec<{ kind: Reference["kind"]; id: string }>(
      "SELECT kind, id FROM uses WHERE user_kind = ? AND user_id = ?",
      userKind,
      userId,
    )
    .toArray();
}
