import { newCdnId } from "./ids.ts";
import type {
  NewResource,
  Page,
  Reference,
  ResourceChange,
  ResourceKind,
  ResourceOutcome,
  StoredResource,
} from "./registry-protocol.ts";
import { findMissing, isUsed, replaceUses } from "./uses.ts";

/** Of one kind in one account. AWS's own limits are 20 to 100, raised on request. */
const MAX_RESOURCES = 1_000;

type Row = {
  kind: ResourceKind;
  id: string;
  account_id: string;
  name: string;
  etag: string;
  created_at: number;
  modified_at: number;
  record: string;
};

export function createResource(sql: SqlStorage, created: NewResource, now: number): ResourceOutcome {
  const { kind, id, accountId, name, record, references } = created;
  const namesake = findByName(sql, kind, accountId, name);
  if (namesake) return { outcome: "already-exists", resource: namesake };
  const missing = findMissing(sql, accountId, references);
  if (missing) return { outcome: "missing-reference", reference: missing };
  if (countResources(sql, kind, accountId) >= MAX_RESOURCES) return { outcome: "too-many" };
  const etag = newCdnId("E");
  sql.exec(
    `INSERT INTO resources (kind, id, account_id, name, etag, created_at, modified_at, record)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    kind,
    id,
    accountId,
    name,
    etag,
    now,
    now,
    record,
  );
  replaceUses(sql, kind, id, references);
  return { outcome: "ok", resource: { kind, id, accountId, name, etag, createdAt: now, modifiedAt: now, record } };
}

export function findResource(
  sql: SqlStorage,
  kind: ResourceKind,
  accountId: string,
  id: string,
): StoredResource | undefined {
  const resource = readResource(sql, { kind, id });
  return resource?.accountId === accountId ? resource : undefined;
}

/** Of any account. */
export function readResource(sql: SqlStorage, { kind, id }: Reference): StoredResource | undefined {
  const [row] = sql.exec<Row>("SELECT * FROM resources WHERE kind = ? AND id = ?", kind, id);
  return row && toResource(row);
}

/** Also makes the distributions that refer to it, directly or through a key group, due for a push. */
export function changeResource(
  sql: SqlStorage,
  known: Pick<StoredResource, "kind" | "accountId" | "id" | "etag">,
  change: ResourceChange,
  now: number,
): ResourceOutcome {
  const { kind, accountId, id } = known;
  const found = findResource(sql, kind, accountId, id);
  if (!found) return { outcome: "not-found" };
  if (found.etag !== known.etag) return { outcome: "precondition-failed" };
  const namesake = findByName(sql, kind, accountId, change.name);
  if (namesake && namesake.id !== id) return { outcome: "already-exists", resource: namesake };
  const missing = findMissing(sql, accountId, change.references);
  if (missing) return { outcome: "missing-reference", reference: missing };
  const etag = change.sameVersion ? found.etag : newCdnId("E");
  sql.exec(
    "UPDATE resources SET name = ?, etag = ?, modified_at = ?, record = ? WHERE kind = ? AND id = ?",
    change.name,
    etag,
    now,
    change.record,
    kind,
    id,
  );
  replaceUses(sql, kind, id, change.references);
  sql.exec(
    `UPDATE distributions SET revision = revision + 1 WHERE id IN
       (SELECT user_id FROM uses WHERE kind = ? AND id = ? AND user_kind = 'distribution')`,
    kind,
    id,
  );
  return { outcome: "ok", resource: { ...found, name: change.name, etag, modifiedAt: now, record: change.record } };
}

export function deleteResource(
  sql: SqlStorage,
  { kind, accountId, id, etag }: Pick<StoredResource, "kind" | "accountId" | "id" | "etag">,
): ResourceOutcome {
  const found = findResource(sql, kind, accountId, id);
  if (!found) return { outcome: "not-found" };
  if (found.etag !== etag) return { outcome: "precondition-failed" };
  if (isUsed(sql, { kind, id })) return { outcome: "in-use" };
  sql.exec("DELETE FROM resources WHERE kind = ? AND id = ?", kind, id);
  replaceUses(sql, kind, id, []);
  return { outcome: "ok", resource: found };
}

export function listResources(
  sql: SqlStorage,
  kind: ResourceKind,
  accountId: string,
  after: string | undefined,
  limit: number,
): Page<StoredResource> {
  const rows = sql
    .exec<Row>(
      "SELECT * FROM resources WHERE kind = ? AND account_id = ? AND id > ? ORDER BY id LIMIT ?",
      kind,
      accountId,
      after ?? "",
      limit + 1,
    )
    .toArray();
  return { items: rows.slice(0, limit).map(toResource), truncated: rows.length > limit };
}

function findByName(sql: SqlStorage, kind: ResourceKind, accountId: string, name: string): StoredResource | undefined {
  const [row] = sql.exec<Row>(
    "SELECT * FROM resources WHERE kind = ? AND account_id = ? AND name = ?",
    kind,
    accountId,
    name,
  );
  return row && toResource(row);
}

function countResources(sql: SqlStorage, kind: ResourceKind, accountId: string): number {
  return sql
    .exec<{ count: number }>(
      "SELECT COUNT(*) AS count FROM resources WHERE kind = ? AND account_id = ?",
      kind,
      accountId,
    )
    .one().count;
}

function toResource(row: Row): StoredResource {
  return {
    kind: row.kind,
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    etag: row.etag,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    record: row.record,
  };
}
