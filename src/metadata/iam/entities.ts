import type {
  Counts,
  Done,
  EntityChange,
  EntityKind,
  EntityRecord,
  IamTag,
  NewEntity,
  Page,
  PageQuery,
  RoleSettings,
} from "./protocol.ts";

/** Of one kind in an account ("IAM and AWS STS quotas"). */
const MAX_ENTITIES: Readonly<Record<EntityKind, number>> = { user: 5_000, group: 300, role: 1_000 };
/** Groups of a user. */
const MAX_GROUPS = 10;
export const OK: Done = { outcome: "ok" };
export const NO_ENTITY = { outcome: "not-found", what: "entity" } as const;

type EntityRow = {
  kind: string;
  name: string;
  id: string;
  path: string;
  created_at: number;
  boundary: string | null;
  tags: string;
  role: string | null;
};

export function createEntity(sql: SqlStorage, entity: NewEntity, now: number): Done {
  const { kind, name } = entity;
  if (findEntity(sql, kind, name)) return { outcome: "exists" };
  const limit = MAX_ENTITIES[kind];
  if (countOf(sql, "SELECT COUNT(*) AS total FROM entities WHERE kind = ?", kind) >= limit) {
    return { outcome: "limit", what: `${kind}s`, limit };
  }
  insertEntity(sql, { ...entity, createdAt: now });
  if (kind === "role") sql.exec("DELETE FROM retired_roles WHERE name = ?", name);
  return OK;
}

export function findEntity(sql: SqlStorage, kind: EntityKind, name: string): EntityRecord | undefined {
  const [row] = sql.exec<EntityRow>("SELECT * FROM entities WHERE kind = ? AND name = ?", kind, name).toArray();
  return row && toEntity(row);
}

export function findEntityById(sql: SqlStorage, id: string): EntityRecord | undefined {
  const [row] = sql.exec<EntityRow>("SELECT * FROM entities WHERE id = ?", id).toArray();
  return row && toEntity(row);
}

/** By name. */
export function listEntities(
  sql: SqlStorage,
  kind: EntityKind,
  { pathPrefix, after, limit }: PageQuery,
): Page<EntityRecord> {
  const rows = sql
    .exec<EntityRow>(
      "SELECT * FROM entities WHERE kind = ? AND name > ? AND substr(path, 1, ?) = ? ORDER BY name LIMIT ?",
      kind,
      after,
      pathPrefix.length,
      pathPrefix,
      limit + 1,
    )
    .toArray();
  const items = rows.slice(0, limit).map(toEntity);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, next: last.name } : { items };
}

export function updateEntity(sql: SqlStorage, kind: EntityKind, name: string, change: EntityChange): Done {
  const entity = findEntity(sql, kind, name);
  if (!entity) return NO_ENTITY;
  const { boundary, role, ...rest } = change;
  const { boundary: before, ...known } = entity;
  const bounded = boundary === undefined ? before : (boundary ?? undefined);
  const changed: EntityRecord = {
    ...known,
    ...rest,
    ...(bounded !== undefined && { boundary: bounded }),
    ...(entity.role && { role: { ...entity.role, ...role } }),
  };
  const namesake = findEntity(sql, kind, changed.name);
  if (namesake && namesake.id !== entity.id) return { outcome: "exists" };
  sql.exec("DELETE FROM entities WHERE kind = ? AND name = ?", kind, name);
  insertEntity(sql, changed);
  return OK;
}

export function deleteEntity(sql: SqlStorage, kind: EntityKind, name: string): Done {
  const entity = findEntity(sql, kind, name);
  if (!entity) return NO_ENTITY;
  const holders = [
    ["SELECT COUNT(*) AS total FROM attachments WHERE entity_id = ?", "must detach all policies first."],
    ["SELECT COUNT(*) AS total FROM inline_policies WHERE entity_id = ?", "must delete policies first."],
    ["SELECT COUNT(*) AS total FROM members WHERE group_id = ?", "must remove users from group first."],
    ["SELECT COUNT(*) AS total FROM members WHERE user_id = ?", "must remove user from all groups first."],
  ] as const;
  for (const [query, by] of holders) if (countOf(sql, query, entity.id) > 0) return { outcome: "in-use", by };
  sql.exec("DELETE FROM entities WHERE kind = ? AND name = ?", kind, name);
  if (kind === "role") sql.exec("INSERT OR IGNORE INTO retired_roles VALUES (?)", entity.name);
  return OK;
}

export function addMember(sql: SqlStorage, groupName: string, userName: string): Done {
  const [group, user] = [findEntity(sql, "group", groupName), findEntity(sql, "user", userName)];
  if (!group) return NO_ENTITY;
  if (!user) return { outcome: "not-found", what: "member" };
  const groups = listGroupsOf(sql, userName);
  if (groups.some(({ id }) => id === group.id)) return OK;
  if (groups.length >= MAX_GROUPS) return { outcome: "limit", what: "groups per user", limit: MAX_GROUPS };
  sql.exec("INSERT INTO members (group_id, user_id) VALUES (?, ?)", group.id, user.id);
  return OK;
}

export function removeMember(sql: SqlStorage, groupName: string, userName: string): Done {
  const [group, user] = [findEntity(sql, "group", groupName), findEntity(sql, "user", userName)];
  if (!group) return NO_ENTITY;
  if (!user) return { outcome: "not-found", what: "member" };
  const removed = sql.exec("DELETE FROM members WHERE group_id = ? AND user_id = ?", group.id, user.id);
  return removed.rowsWritten > 0 ? OK : { outcome: "not-found", what: "member" };
}

export function listMembers(sql: SqlStorage, groupName: string): EntityRecord[] {
  const query = `SELECT entities.* FROM members JOIN entities ON entities.id = members.user_id
    WHERE members.group_id = (SELECT id FROM entities WHERE kind = 'group' AND name = ?) ORDER BY entities.name`;
  return sql.exec<EntityRow>(query, groupName).toArray().map(toEntity);
}

export function listGroupsOf(sql: SqlStorage, userName: string): EntityRecord[] {
  const query = `SELECT entities.* FROM members JOIN entities ON entities.id = members.group_id
    WHERE members.user_id = (SELECT id FROM entities WHERE kind = 'user' AND name = ?) ORDER BY entities.name`;
  return sql.exec<EntityRow>(query, userName).toArray().map(toEntity);
}

export function listAttachedEntities(sql: SqlStorage, arn: string): EntityRecord[] {
  const query = `SELECT entities.* FROM attachments JOIN entities ON entities.id = attachments.entity_id
    WHERE attachments.arn = ? ORDER BY entities.name`;
  return sql.exec<EntityRow>(query, arn).toArray().map(toEntity);
}

export function listBoundedEntities(sql: SqlStorage, arn: string): EntityRecord[] {
  return sql.exec<EntityRow>("SELECT * FROM entities WHERE boundary = ? ORDER BY name", arn).toArray().map(toEntity);
}

export function countAll(sql: SqlStorage): Counts {
  const ofKind = (kind: EntityKind) => countOf(sql, "SELECT COUNT(*) AS total FROM entities WHERE kind = ?", kind);
  return {
    users: ofKind("user"),
    groups: ofKind("group"),
    roles: ofKind("role"),
    policies: countOf(sql, "SELECT COUNT(*) AS total FROM policies"),
    policyVersions: countOf(sql, "SELECT COUNT(*) AS total FROM policy_versions"),
  };
}

export function countOf(sql: SqlStorage, query: string, ...bindings: readonly string[]): number {
  return sql.exec<{ total: number }>(query, ...bindings).one().total;
}

function insertEntity(sql: SqlStorage, entity: EntityRecord): void {
  sql.exec(
    "INSERT INTO entities (kind, name, id, path, created_at, boundary, tags, role) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    entity.kind,
    entity.name,
    entity.id,
    entity.path,
    entity.createdAt,
    entity.boundary ?? null,
    JSON.stringify(entity.tags),
    entity.role ? JSON.stringify(entity.role) : null,
  );
}

function toEntity(row: EntityRow): EntityRecord {
  return {
    kind: row.kind as EntityKind,
    name: row.name,
    id: row.id,
    path: row.path,
    createdAt: row.created_at,
    tags: JSON.parse(row.tags) as IamTag[],
    ...(row.boundary !== null && { boundary: row.boundary }),
    ...(row.role !== null && { role: JSON.parse(row.role) as RoleSettings }),
  };
}
