import type { CreateOutcome, GroupRecord, Page } from "./protocol.ts";

const MAX_TAGS = 50;

interface GroupRow extends Record<string, SqlStorageValue> {
  name: string;
  created_at: number;
  modified_at: number;
  tags: string;
  token: string | null;
}

export function createGroup(
  sql: SqlStorage,
  name: string,
  tags: Readonly<Record<string, string>>,
  token: string | undefined,
  now: number,
): CreateOutcome {
  const existing = findRow(sql, name);
  if (existing) return token !== undefined && existing.token === token ? "created" : "exists";
  sql.exec(
    "INSERT INTO groups (name, created_at, modified_at, tags, token) VALUES (?, ?, ?, ?, ?)",
    name,
    now,
    now,
    JSON.stringify(tags),
    token ?? null,
  );
  return "created";
}

export function findGroup(sql: SqlStorage, name: string): GroupRecord | undefined {
  const row = findRow(sql, name);
  return row && toRecord(row);
}

export function removeGroup(sql: SqlStorage, name: string): boolean {
  if (!findRow(sql, name)) return false;
  sql.exec("DELETE FROM schedules WHERE group_name = ?", name);
  sql.exec("DELETE FROM groups WHERE name = ?", name);
  return true;
}

export function listGroups(sql: SqlStorage, prefix: string, after: string, limit: number): Page<GroupRecord> {
  const rows = sql
    .exec<GroupRow>(
      "SELECT * FROM groups WHERE name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
      after,
      prefix.length,
      prefix,
      limit + 1,
    )
    .toArray();
  return { items: rows.slice(0, limit).map(toRecord), more: rows.length > limit };
}

export function putTags(
  sql: SqlStorage,
  name: string,
  added: Readonly<Record<string, string>>,
  now: number,
): "ok" | "none" | "too-many" {
  const group = findGroup(sql, name);
  if (!group) return "none";
  const tags = { ...group.tags, ...added };
  if (Object.keys(tags).length > MAX_TAGS) return "too-many";
  writeTags(sql, name, tags, now);
  return "ok";
}

export function removeTags(sql: SqlStorage, name: string, keys: readonly string[], now: number): boolean {
  const group = findGroup(sql, name);
  if (!group) return false;
  const kept = Object.entries(group.tags).filter(([key]) => !keys.includes(key));
  writeTags(sql, name, Object.fromEntries(kept), now);
  return true;
}

function writeTags(sql: SqlStorage, name: string, tags: Readonly<Record<string, string>>, now: number): void {
  sql.exec("UPDATE groups SET tags = ?, modified_at = ? WHERE name = ?", JSON.stringify(tags), now, name);
}

function findRow(sql: SqlStorage, name: string): GroupRow | undefined {
  return sql.exec<GroupRow>("SELECT * FROM groups WHERE name = ?", name).toArray()[0];
}

function toRecord({ name, created_at, modified_at, tags }: GroupRow): GroupRecord {
  return {
    name,
    createdAt: created_at,
    modifiedAt: modified_at,
    tags: JSON.parse(tags) as Record<string, string>,
  };
}
