import { findKey } from "./keys.ts";
import type { AliasOutcome, KmsAlias, Page } from "./protocol.ts";

type AliasRow = { name: string; key_id: string; created_at: number; updated_at: number };

export function createAlias(sql: SqlStorage, name: string, keyId: string, now: number): AliasOutcome {
  if (!findKey(sql, keyId)) return "no-such-key";
  const { rowsWritten } = sql.exec("INSERT OR IGNORE INTO aliases VALUES (?, ?, ?, ?)", name, keyId, now, now);
  return rowsWritten > 0 ? "ok" : "exists";
}

export function updateAlias(sql: SqlStorage, name: string, keyId: string, now: number): AliasOutcome {
  if (!findKey(sql, keyId)) return "no-such-key";
  const { rowsWritten } = sql.exec("UPDATE aliases SET key_id = ?, updated_at = ? WHERE name = ?", keyId, now, name);
  return rowsWritten > 0 ? "ok" : "no-such-alias";
}

export function deleteAlias(sql: SqlStorage, name: string): AliasOutcome {
  return sql.exec("DELETE FROM aliases WHERE name = ?", name).rowsWritten > 0 ? "ok" : "no-such-alias";
}

export function listAliases(sql: SqlStorage, keyId: string | undefined, after: string, limit: number): Page<KmsAlias> {
  const rows = sql
    .exec<AliasRow>(
      "SELECT * FROM aliases WHERE name > ?1 AND (?2 IS NULL OR key_id = ?2) ORDER BY name LIMIT ?3",
      after,
      keyId ?? null,
      limit + 1,
    )
    .toArray();
  const items = rows.slice(0, limit).map((row) => ({
    name: row.name,
    keyId: row.key_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
  return { items, more: rows.length > limit };
}
