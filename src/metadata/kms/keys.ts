import type { KeyOutcome, KeyRotation, KeyState, KmsKey, Page } from "./protocol.ts";

type KeyRow = {
  id: string;
  material: string;
  state: KeyState;
  description: string;
  created_at: number;
  deleted_at: number | null;
  tags: string;
  manager: KmsKey["manager"];
  rotation_days: number | null;
  rotates_at: number | null;
  /** JSON, oldest first. */
  rotations: string;
  policy: string | null;
};

export function insertKey(sql: SqlStorage, key: KmsKey): boolean {
  const { rowsWritten } = sql.exec(
    `INSERT OR IGNORE INTO keys
       (id, material, state, description, created_at, deleted_at, tags, manager, rotation_days, rotates_at, policy)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    key.id,
    key.material,
    key.state,
    key.description,
    key.createdAt,
    key.deletedAt ?? null,
    JSON.stringify(key.tags),
    key.manager,
    key.rotationDays ?? null,
    key.rotatesAt ?? null,
    key.policy ?? null,
  );
  return rowsWritten > 0;
}

/** By id, or by alias. */
export function findKey(sql: SqlStorage, name: string): KmsKey | undefined {
  const [row] = sql
    .exec<KeyRow>("SELECT * FROM keys WHERE id = coalesce((SELECT key_id FROM aliases WHERE name = ?1), ?1)", name)
    .toArray();
  return row && toKey(row);
}

export function listKeys(sql: SqlStorage, after: string, limit: number): Page<KmsKey> {
  const rows = sql.exec<KeyRow>("SELECT * FROM keys WHERE id > ? ORDER BY id LIMIT ?", after, limit + 1).toArray();
  // A thousand policies of 32 KB are more than one answer of the object can hold.
  const items = rows.slice(0, limit).map((row) => toKey({ ...row, policy: null }));
  return { items, more: rows.length > limit };
}

/** Changes a key that is in one of the states. */
export function changeKey(
  sql: SqlStorage,
  id: string,
  allowed: readonly KeyState[],
  change: (key: KmsKey) => KmsKey,
): KeyOutcome {
  const key = findKey(sql, id);
  if (!key) return { outcome: "not-found" };
  if (!allowed.includes(key.state)) return { outcome: "invalid-state", key };
  const changed = change(key);
  sql.exec(
    `UPDATE keys SET state = ?, description = ?, deleted_at = ?, tags = ?, material = ?, rotation_days = ?,
       rotates_at = ?, rotations = ?, policy = ?
     WHERE id = ?`,
    changed.state,
    changed.description,
    changed.deletedAt ?? null,
    JSON.stringify(changed.tags),
    changed.material,
    changed.rotationDays ?? null,
    changed.rotatesAt ?? null,
    JSON.stringify(changed.rotations ?? []),
    changed.policy ?? null,
    key.id,
  );
  return { outcome: "ok", key: changed };
}

/** Erases keys whose waiting time is over, with their aliases: what they encrypted cannot be read any more. */
export function eraseKeys(sql: SqlStorage, now: number): void {
  sql.exec("DELETE FROM aliases WHERE key_id IN (SELECT id FROM keys WHERE deleted_at <= ?)", now);
  sql.exec("DELETE FROM keys WHERE deleted_at <= ?", now);
}

/** When the next key is to be erased, in milliseconds since the epoch. */
export function nextErasure(sql: SqlStorage): number | undefined {
  return sql.exec<{ next: number | null }>("SELECT min(deleted_at) AS next FROM keys").one().next ?? undefined;
}

function toKey(row: KeyRow): KmsKey {
  return {
    id: row.id,
    material: row.material,
    state: row.state,
    description: row.description,
    createdAt: row.created_at,
    ...(row.deleted_at !== null && { deletedAt: row.deleted_at }),
    tags: JSON.parse(row.tags) as Record<string, string>,
    manager: row.manager,
    ...(row.rotation_days !== null && { rotationDays: row.rotation_days }),
    ...(row.rotates_at !== null && { rotatesAt: row.rotates_at }),
    ...(row.rotations !== "[]" && { rotations: JSON.parse(row.rotations) as KeyRotation[] }),
    ...(row.policy !== null && { policy: row.policy }),
  };
}
