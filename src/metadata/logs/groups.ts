import type {
  DeleteGroupOutcome,
  GroupChange,
  GroupChangeOutcome,
  GroupQuery,
  LogGroup,
  NewGroup,
  Page,
} from "./protocol.ts";

/** "Tags: up to 50 for a log group". */
const MAX_TAGS = 50;

type GroupRow = {
  id: number;
  name: string;
  created_at: number;
  retention_days: number | null;
  class: string;
  protected: number;
  tags: string;
  stored: number;
};

const COLUMNS = `id, name, created_at, retention_days, class, protected, tags,
  (SELECT COALESCE(SUM(size), 0) FROM recent WHERE group_id = groups.id)
    + (SELECT COALESCE(SUM(size), 0) FROM packs WHERE group_id = groups.id) AS stored`;

/** A group's own number and retention: what most calls need of it. */
export interface KnownGroup {
  readonly id: number;
  readonly retentionDays: number | undefined;
}

export function findGroupId(sql: SqlStorage, name: string): KnownGroup | undefined {
  const [row] = sql
    .exec<Pick<GroupRow, "id" | "retention_days">>("SELECT id, retention_days FROM groups WHERE name = ?", name)
    .toArray();
  return row && { id: row.id, retentionDays: row.retention_days ?? undefined };
}

export function hasGroup(sql: SqlStorage, id: number): boolean {
  return sql.exec("SELECT 1 FROM groups WHERE id = ?", id).toArray().length > 0;
}

/** A group as the first line of a function makes it. */
export function ordinaryGroup(name: string): NewGroup {
  return { name, class: "STANDARD", protected: false, tags: {} };
}

/** False when there is one of that name. */
export function createGroup(sql: SqlStorage, group: NewGroup, now: number): boolean {
  // Asked first: an INSERT that does nothing writes a row all the same, of the sequence of ids.
  if (findGroupId(sql, group.name)) return false;
  sql.exec(
    "INSERT INTO groups (name, created_at, class, protected, tags) VALUES (?, ?, ?, ?, ?)",
    group.name,
    now,
    group.class,
    group.protected ? 1 : 0,
    JSON.stringify(group.tags),
  );
  return true;
}

export function findGroup(sql: SqlStorage, name: string): LogGroup | undefined {
  const [row] = sql.exec<GroupRow>(`SELECT ${COLUMNS} FROM groups WHERE name = ?`, name).toArray();
  return row && toGroup(row);
}

/** By name, in the order of bytes. */
export function listGroups(sql: SqlStorage, query: GroupQuery): Page<LogGroup> {
  const rows = sql
    .exec<GroupRow>(
      `SELECT ${COLUMNS} FROM groups
       WHERE name > ?1 AND (?2 IS NULL OR substr(name, 1, length(?2)) = ?2)
         AND (?3 IS NULL OR instr(lower(name), lower(?3)) > 0)
         AND (?4 IS NULL OR class = ?4)
         AND (?5 IS NULL OR name IN (SELECT value FROM json_each(?5)))
       ORDER BY name LIMIT ?6`,
      query.after,
      query.prefix ?? null,
      query.contains ?? null,
      query.class ?? null,
      query.names ? JSON.stringify(query.names) : null,
      query.limit + 1,
    )
    .toArray();
  return { items: rows.slice(0, query.limit).map(toGroup), more: rows.length > query.limit };
}

export function changeGroup(sql: SqlStorage, name: string, change: GroupChange): GroupChangeOutcome {
  const group = findGroup(sql, name);
  if (!group) return "not-found";
  const tags = { ...group.tags, ...change.putTags };
  for (const key of change.removeTags ?? []) delete tags[key];
  if (Object.keys(tags).length > MAX_TAGS) return "too-many-tags";
  const retention = change.retentionDays === undefined ? group.retentionDays : change.retentionDays;
  sql.exec(
    "UPDATE groups SET retention_days = ?, protected = ?, tags = ? WHERE name = ?",
    retention ?? null,
    (change.protected ?? group.protected) ? 1 : 0,
    JSON.stringify(tags),
    name,
  );
  return "ok";
}

/** Its packs become garbage, the rest goes at once. */
export function deleteGroup(sql: SqlStorage, name: string): DeleteGroupOutcome {
  const [row] = sql
    .exec<Pick<GroupRow, "id" | "protected">>("SELECT id, protected FROM groups WHERE name = ?", name)
    .toArray();
  if (!row) return "not-found";
  if (row.protected !== 0) return "protected";
  sql.exec("INSERT OR IGNORE INTO garbage (key) SELECT key FROM packs WHERE group_id = ?", row.id);
  for (const table of ["packs", "recent", "streams"]) sql.exec(`DELETE FROM ${table} WHERE group_id = ?`, row.id);
  sql.exec("DELETE FROM groups WHERE id = ?", row.id);
  return "ok";
}

function toGroup(row: GroupRow): LogGroup {
  return {
    name: row.name,
    createdAt: row.created_at,
    ...(row.retention_days !== null && { retentionDays: row.retention_days }),
    class: row.class,
    protected: row.protected !== 0,
    tags: JSON.parse(row.tags) as Record<string, string>,
    storedBytes: row.stored,
  };
}
