import { countOf, findEntity, NO_ENTITY, OK } from "./entities.ts";
import type {
  Done,
  EntityKind,
  IamTag,
  NamedDocument,
  NewPolicy,
  Page,
  PageQuery,
  PolicyRecord,
  PolicyVersionRecord,
  Refusal,
} from "./protocol.ts";

/** "IAM and AWS STS quotas". */
const MAX_POLICIES = 1_500;
const MAX_VERSIONS = 5;
const MAX_ATTACHED = 10;
const NO_POLICY = { outcome: "not-found", what: "policy" } as const;

type PolicyRow = {
  arn: string;
  id: string;
  name: string;
  path: string;
  description: string;
  tags: string;
  default_version: number;
  last_version: number;
  created_at: number;
  updated_at: number;
  attachments: number;
  boundaries: number;
};
type VersionRow = { version: number; document: string; created_at: number };

const SELECT_POLICY = `SELECT policies.*,
    (SELECT COUNT(*) FROM attachments WHERE attachments.arn = policies.arn) AS attachments,
    (SELECT COUNT(*) FROM entities WHERE entities.boundary = policies.arn) AS boundaries
  FROM policies`;

/** `maxBytes`: of all inline policies of the entity together. */
export function putInlinePolicy(
  sql: SqlStorage,
  kind: EntityKind,
  name: string,
  policy: NamedDocument,
  maxBytes: number,
): Done {
  const entity = findEntity(sql, kind, name);
  if (!entity) return NO_ENTITY;
  const others = countOf(
    sql,
    "SELECT COALESCE(SUM(LENGTH(document)), 0) AS total FROM inline_policies WHERE entity_id = ? AND name <> ?",
    entity.id,
    policy.name,
  );
  if (others + policy.document.length > maxBytes) {
    return { outcome: "limit", what: `bytes for ${kind} ${name}`, limit: maxBytes };
  }
  const { name: policyName, document } = policy;
  sql.exec("INSERT OR REPLACE INTO inline_policies VALUES (?, ?, ?)", entity.id, policyName, document);
  return OK;
}

export function listInlinePolicies(sql: SqlStorage, kind: EntityKind, name: string): NamedDocument[] | undefined {
  const entity = findEntity(sql, kind, name);
  return entity && readInlinePolicies(sql, entity.id);
}

export function readInlinePolicies(sql: SqlStorage, entityId: string): NamedDocument[] {
  return sql
    .exec<{ name: string; document: string }>(
      "SELECT name, document FROM inline_policies WHERE entity_id = ? ORDER BY name",
      entityId,
    )
    .toArray();
}

export function deleteInlinePolicy(sql: SqlStorage, kind: EntityKind, name: string, policyName: string): Done {
  const entity = findEntity(sql, kind, name);
  if (!entity) return NO_ENTITY;
  const removed = sql.exec("DELETE FROM inline_policies WHERE entity_id = ? AND name = ?", entity.id, policyName);
  return removed.rowsWritten > 0 ? OK : NO_POLICY;
}

export function createPolicy(sql: SqlStorage, policy: NewPolicy, now: number): Done {
  const { arn, id, name, path, description, tags } = policy;
  if (countOf(sql, "SELECT COUNT(*) AS total FROM policies WHERE name = ?", name) > 0) return { outcome: "exists" };
  if (countOf(sql, "SELECT COUNT(*) AS total FROM policies") >= MAX_POLICIES) {
    return { outcome: "limit", what: "policies", limit: MAX_POLICIES };
  }
  sql.exec(
    "INSERT INTO policies VALUES (?, ?, ?, ?, ?, ?, 1, 1, ?, ?)",
    arn,
    id,
    name,
    path,
    description,
    JSON.stringify(tags),
    now,
    now,
  );
  sql.exec("INSERT INTO policy_versions VALUES (?, 1, ?, ?)", arn, policy.document, now);
  return OK;
}

export function findPolicy(sql: SqlStorage, arn: string): PolicyRecord | undefined {
  const [row] = sql.exec<PolicyRow>(`${SELECT_POLICY} WHERE arn = ?`, arn).toArray();
  return row && toPolicy(row);
}

/** By name. */
export function listPolicies(sql: SqlStorage, { pathPrefix, after, limit }: PageQuery): Page<PolicyRecord> {
  const rows = sql
    .exec<PolicyRow>(
      `${SELECT_POLICY} WHERE name > ? AND substr(path, 1, ?) = ? ORDER BY name LIMIT ?`,
      after,
      pathPrefix.length,
      pathPrefix,
      limit + 1,
    )
    .toArray();
  const items = rows.slice(0, limit).map(toPolicy);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, next: last.name } : { items };
}

export function updatePolicyTags(sql: SqlStorage, arn: string, tags: readonly IamTag[]): Done {
  if (!findPolicy(sql, arn)) return NO_POLICY;
  sql.exec("UPDATE policies SET tags = ? WHERE arn = ?", JSON.stringify(tags), arn);
  return OK;
}

export function deletePolicy(sql: SqlStorage, arn: string): Done {
  const policy = findPolicy(sql, arn);
  if (!policy) return NO_POLICY;
  if (policy.attachments > 0 || policy.boundaries > 0) {
    return { outcome: "in-use", by: "a policy attached to entities." };
  }
  if ((listPolicyVersions(sql, arn) ?? []).length > 1) {
    return {
      outcome: "in-use",
      by: "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    };
  }
  sql.exec("DELETE FROM policies WHERE arn = ?", arn);
  sql.exec("DELETE FROM policy_versions WHERE arn = ?", arn);
  return OK;
}

export function createPolicyVersion(
  sql: SqlStorage,
  arn: string,
  document: string,
  setAsDefault: boolean,
  now: number,
): PolicyVersionRecord | Refusal {
  const versions = listPolicyVersions(sql, arn);
  if (!versions) return NO_POLICY;
  if (versions.length >= MAX_VERSIONS) return { outcome: "limit", what: "versions", limit: MAX_VERSIONS };
  const { version } = sql
    .exec<{ version: number }>(
      "UPDATE policies SET last_version = last_version + 1 WHERE arn = ? RETURNING last_version AS version",
      arn,
    )
    .one();
  sql.exec("INSERT INTO policy_versions VALUES (?, ?, ?, ?)", arn, version, document, now);
  if (setAsDefault) setDefaultVersion(sql, arn, version, now);
  return { version, document, createdAt: now, isDefault: setAsDefault };
}

/** The latest first. */
export function listPolicyVersions(sql: SqlStorage, arn: string): PolicyVersionRecord[] | undefined {
  const policy = findPolicy(sql, arn);
  if (!policy) return undefined;
  return sql
    .exec<VersionRow>("SELECT * FROM policy_versions WHERE arn = ? ORDER BY version DESC", arn)
    .toArray()
    .map(({ version, document, created_at }) => {
      return { version, document, createdAt: created_at, isDefault: version === policy.defaultVersion };
    });
}

export function deletePolicyVersion(sql: SqlStorage, arn: string, version: number): Done {
  const known = listPolicyVersions(sql, arn);
  if (!known) return NO_POLICY;
  const found = known.find((each) => each.version === version);
  if (!found) return { outcome: "not-found", what: "version" };
  if (found.isDefault) return { outcome: "is-default" };
  sql.exec("DELETE FROM policy_versions WHERE arn = ? AND version = ?", arn, version);
  return OK;
}

export function setDefaultVersion(sql: SqlStorage, arn: string, version: number, now: number): Done {
  const known = listPolicyVersions(sql, arn);
  if (!known) return NO_POLICY;
  if (!known.some((each) => each.version === version)) return { outcome: "not-found", what: "version" };
  sql.exec("UPDATE policies SET default_version = ?, updated_at = ? WHERE arn = ?", version, now, arn);
  return OK;
}

export function attachPolicy(sql: SqlStorage, kind: EntityKind, name: string, arn: string, ofAws: boolean): Done {
  const attached = listAttachedPolicies(sql, kind, name);
  if (!attached) return NO_ENTITY;
  if (!ofAws && !findPolicy(sql, arn)) return NO_POLICY;
  if (attached.includes(arn)) return OK;
  if (attached.length >= MAX_ATTACHED) return { outcome: "limit", what: "attached policies", limit: MAX_ATTACHED };
  sql.exec("INSERT INTO attachments VALUES (?, ?)", findEntity(sql, kind, name)!.id, arn);
  return OK;
}

export function detachPolicy(sql: SqlStorage, kind: EntityKind, name: string, arn: string): Done {
  const entity = findEntity(sql, kind, name);
  if (!entity) return NO_ENTITY;
  const removed = sql.exec("DELETE FROM attachments WHERE entity_id = ? AND arn = ?", entity.id, arn);
  return removed.rowsWritten > 0 ? OK : NO_POLICY;
}

export function listAttachedPolicies(sql: SqlStorage, kind: EntityKind, name: string): string[] | undefined {
  const entity = findEntity(sql, kind, name);
  return entity && readAttachedPolicies(sql, entity.id);
}

export function readAttachedPolicies(sql: SqlStorage, entityId: string): string[] {
  return sql
    .exec<{ arn: string }>("SELECT arn FROM attachments WHERE entity_id = ? ORDER BY arn", entityId)
    .toArray()
    .map(({ arn }) => arn);
}

/** The version in force of a policy of the account. */
export function readDefaultDocument(sql: SqlStorage, arn: string): string | undefined {
  const query = `SELECT document FROM policy_versions JOIN policies USING (arn)
    WHERE arn = ? AND version = default_version`;
  return sql.exec<{ document: string }>(query, arn).toArray()[0]?.document;
}

function toPolicy(row: PolicyRow): PolicyRecord {
  const { arn, id, name, path, description, attachments, boundaries } = row;
  return {
    arn,
    id,
    name,
    path,
    description,
    attachments,
    boundaries,
    tags: JSON.parse(row.tags) as IamTag[],
    defaultVersion: row.default_version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
