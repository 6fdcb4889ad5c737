import type { PolicyOutcome, PolicyRecord, PolicyStatement } from "./protocol.ts";

/** AWS's quota of a function's resource-based policy. */
const MAX_POLICY_BYTES = 20_480;

export function findPolicy(sql: SqlStorage, name: string, qualifier: string): PolicyRecord | undefined {
  const [row] = sql
    .exec<{ record: string }>("SELECT record FROM policies WHERE name = ? AND qualifier = ?", name, qualifier)
    .toArray();
  return row && (JSON.parse(row.record) as PolicyRecord);
}

export function addStatement(
  sql: SqlStorage,
  name: string,
  qualifier: string,
  statement: PolicyStatement,
  revisionId: string | undefined,
): PolicyOutcome {
  const policy = findPolicy(sql, name, qualifier);
  if (isStale(policy, revisionId)) return { outcome: "stale-revision" };
  const statements = policy?.statements ?? [];
  if (statements.some(({ Sid }) => Sid === statement.Sid)) return { outcome: "exists" };
  return putPolicy(sql, name, qualifier, [...statements, statement]);
}

export function removeStatement(
  sql: SqlStorage,
  name: string,
  qualifier: string,
  sid: string,
  revisionId: string | undefined,
): PolicyOutcome {
  const policy = findPolicy(sql, name, qualifier);
  if (isStale(policy, revisionId)) return { outcome: "stale-revision" };
  const left = policy?.statements.filter(({ Sid }) => Sid !== sid) ?? [];
  if (!policy || left.length === policy.statements.length) return { outcome: "no-such-statement" };
  return putPolicy(sql, name, qualifier, left);
}

export function removePolicy(sql: SqlStorage, name: string, qualifier: string): void {
  sql.exec("DELETE FROM policies WHERE name = ? AND qualifier = ?", name, qualifier);
}

/** A policy without statements is none. */
function putPolicy(
  sql: SqlStorage,
  name: string,
  qualifier: string,
  statements: readonly PolicyStatement[],
): PolicyOutcome {
  const policy: PolicyRecord = { statements, revisionId: crypto.randomUUID() };
  if (statements.length === 0) {
    removePolicy(sql, name, qualifier);
    return { outcome: "ok", policy };
  }
  if (Buffer.byteLength(JSON.stringify(statements)) > MAX_POLICY_BYTES) return { outcome: "too-long" };
  sql.exec(
    "INSERT OR REPLACE INTO policies (name, qualifier, record) VALUES (?, ?, ?)",
    name,
    qualifier,
    JSON.stringify(policy),
  );
  return { outcome: "ok", policy };
}

function isStale(policy: PolicyRecord | undefined, revisionId: string | undefined): boolean {
  return revisionId !== undefined && revisionId !== policy?.revisionId;
}
