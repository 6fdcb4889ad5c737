import { listAliasesOf, replaceAliases } from "./aliases.ts";
import type { DistributionConfig } from "./distribution-config.ts";
import { newCdnId } from "./ids.ts";
import type { DistributionOutcome, NewDistribution, Page, Reference, StoredDistribution } from "./registry-protocol.ts";
import { findMissing, replaceUses } from "./uses.ts";

/** In one account. AWS's own limit is 500, raised on request. */
const MAX_DISTRIBUTIONS = 1_000;

type Row = {
  id: string;
  account_id: string;
  etag: string;
  revision: number;
  pushed: number;
  pushed_at: number;
  modified_at: number;
  tags: string;
  config: string;
};

export function createDistribution(sql: SqlStorage, created: NewDistribution, now: number): DistributionOutcome {
  const { id, accountId, tags, config, references } = created;
  const namesake = findByCallerReference(sql, accountId, config.CallerReference);
  if (namesake) return { outcome: "already-exists", distribution: namesake };
  const missing = findMissing(sql, accountId, references);
  if (missing) return { outcome: "missing-reference", reference: missing };
  if (countDistributions(sql, accountId) >= MAX_DISTRIBUTIONS) return { outcome: "too-many" };
  const taken = replaceAliases(sql, id, config.Aliases);
  if (taken !== undefined) return { outcome: "alias-taken", alias: taken };
  const etag = newCdnId("E");
  sql.exec(
    `INSERT INTO distributions
       (id, account_id, caller_reference, etag, revision, pushed, pushed_at, modified_at, tags, config)
     VALUES (?, ?, ?, ?, 1, 0, 0, ?, ?, ?)`,
    id,
    accountId,
    config.CallerReference,
    etag,
    now,
    JSON.stringify(tags),
    JSON.stringify(config),
  );
  replaceUses(sql, "distribution", id, references);
  return { outcome: "ok", distribution: { id, accountId, etag, modifiedAt: now, tags, config } };
}

export function findDistribution(sql: SqlStorage, accountId: string, id: string): StoredDistribution | undefined {
  const [row] = sql.exec<Row>("SELECT * FROM distributions WHERE id = ? AND config IS NOT NULL", id);
  return row?.account_id === accountId ? toDistribution(row) : undefined;
}

export function listIds(sql: SqlStorage): string[] {
  return sql
    .exec<{ id: string }>("SELECT id FROM distributions WHERE config IS NOT NULL")
    .toArray()
    .map(({ id }) => id);
}

export function changeDistribution(
  sql: SqlStorage,
  { accountId, id, etag: expected }: Pick<StoredDistribution, "accountId" | "id" | "etag">,
  config: DistributionConfig,
  references: readonly Reference[],
  now: number,
): DistributionOutcome {
  const found = findDistribution(sql, accountId, id);
  if (!found) return { outcome: "not-found" };
  if (found.etag !== expected) return { outcome: "precondition-failed" };
  const missing = findMissing(sql, accountId, references);
  if (missing) return { outcome: "missing-reference", reference: missing };
  const taken = replaceAliases(sql, id, config.Aliases);
  if (taken !== undefined) return { outcome: "alias-taken", alias: taken };
  replaceUses(sql, "distribution", id, references);
  return { outcome: "ok", distribution: writeConfig(sql, found, config, now) };
}

export function deleteDistribution(
  sql: SqlStorage,
  { accountId, id, etag }: Pick<StoredDistribution, "accountId" | "id" | "etag">,
): DistributionOutcome {
  const found = findDistribution(sql, accountId, id);
  if (!found) return { outcome: "not-found" };
  if (found.etag !== etag) return { outcome: "precondition-failed" };
  if (found.config.Enabled) return { outcome: "not-disabled" };
  sql.exec("UPDATE distributions SET config = NULL, tags = '{}', revision = revision + 1 WHERE id = ?", id);
  replaceAliases(sql, id, []);
  replaceUses(sql, "distribution", id, []);
  return { outcome: "ok", distribution: found };
}

export function listDistributions(
  sql: SqlStorage,
  accountId: string,
  after: string | undefined,
  limit: number,
  reference?: Reference,
): Page<StoredDistribution> {
  const among = reference ? "AND id IN (SELECT user_id FROM uses WHERE kind = ? AND id = ?)" : "";
  const rows = sql
    .exec<Row>(
      `SELECT * FROM distributions
       WHERE account_id = ? AND config IS NOT NULL AND id > ? ${among} ORDER BY id LIMIT ?`,
      accountId,
      after ?? "",
      ...(reference ? [reference.kind, reference.id] : []),
      limit + 1,
    )
    .toArray();
  return { items: rows.slice(0, limit).map(toDistribution), truncated: rows.length > limit };
}

export function changeTags(
  sql: SqlStorage,
  accountId: string,
  id: string,
  put: Readonly<Record<string, string>>,
  removed: readonly string[],
): DistributionOutcome {
  const found = findDistribution(sql, accountId, id);
  if (!found) return { outcome: "not-found" };
  const kept = Object.entries({ ...found.tags, ...put }).filter(([key]) => !removed.includes(key));
  if (kept.length > MAX_TAGS) return { outcome: "too-many" };
  const tags = Object.fromEntries(kept);
  sql.exec("UPDATE distributions SET tags = ? WHERE id = ?", JSON.stringify(tags), id);
  return { outcome: "ok", distribution: { ...found, tags } };
}

/** "Quotas on CloudFront": tags of a distribution. */
const MAX_TAGS = 50;

/** Takes an alias from whichever distribution of the account has it. */
export function moveAlias(
  sql: SqlStorage,
  accountId: string,
  id: string,
  alias: string,
  now: number,
): DistributionOutcome {
  const target = findDistribution(sql, accountId, id);
  if (!target) return { outcome: "not-found" };
  const [holder] = sql.exec<{ id: string }>("SELECT distribution_id AS id FROM aliases WHERE alias = ?", alias);
  if (holder?.id === id) return { outcome: "ok", distribution: target };
  if (holder) {
    const source = findDistribution(sql, accountId, holder.id);
    if (!source) return { outcome: "alias-taken", alias };
    const rest = listAliasesOf(sql, source.id).filter((other) => other !== alias);
    replaceAliases(sql, source.id, rest);
    writeConfig(sql, source, { ...source.config, Aliases: source.config.Aliases.filter((a) => a !== alias) }, now);
  }
  const config = { ...target.config, Aliases: [...target.config.Aliases, alias] };
  replaceAliases(sql, id, config.Aliases);
  return { outcome: "ok", distribution: writeConfig(sql, target, config, now) };
}

/** Ids of those whose objects lack the latest revision. */
export function listBehind(sql: SqlStorage, limit: number): { id: string; revision: number }[] {
  return sql
    .exec<{ id: string; revision: number }>(
      "SELECT id, revision FROM distributions WHERE pushed < revision LIMIT ?",
      limit,
    )
    .toArray();
}

export function markPushed(sql: SqlStorage, id: string, revision: number, now: number): void {
  sql.exec(
    "UPDATE distributions SET pushed = ?, pushed_at = ? WHERE id = ? AND pushed < ?",
    revision,
    now,
    id,
    revision,
  );
  // What is deleted and known to be needs no row any more: ids are never given out again.
  sql.exec("DELETE FROM distributions WHERE id = ? AND config IS NULL AND pushed = revision", id);
}

/** Of any account. */
export function readDistribution(sql: SqlStorage, id: string): StoredDistribution | undefined {
  const [row] = sql.exec<Row>("SELECT * FROM distributions WHERE id = ? AND config IS NOT NULL", id);
  return row && toDistribution(row);
}

function writeConfig(
  sql: SqlStorage,
  found: StoredDistribution,
  config: DistributionConfig,
  now: number,
): StoredDistribution {
  const etag = newCdnId("E");
  sql.exec(
    "UPDATE distributions SET config = ?, etag = ?, modified_at = ?, revision = revision + 1 WHERE id = ?",
    JSON.stringify(config),
    etag,
    now,
    found.id,
  );
  const { pushedAt: _, ...rest } = found;
  return { ...rest, config, etag, modifiedAt: now };
}

function findByCallerReference(
  sql: SqlStorage,
  accountId: string,
  callerReference: string,
): StoredDistribution | undefined {
  const [row] = sql.exec<Row>(
    "SELECT * FROM distributions WHERE account_id = ? AND caller_reference = ? AND config IS NOT NULL",
    accountId,
    callerReference,
  );
  return row && toDistribution(row);
}

function countDistributions(sql: SqlStorage, accountId: string): number {
  return sql
    .exec<{ count: number }>(
      "SELECT COUNT(*) AS count FROM distributions WHERE account_id = ? AND config IS NOT NULL",
      accountId,
    )
    .one().count;
}

function toDistribution(row: Row): StoredDistribution {
  return {
    id: row.id,
    accountId: row.account_id,
    etag: row.etag,
    modifiedAt: row.modified_at,
    ...(row.pushed === row.revision && { pushedAt: row.pushed_at }),
    tags: JSON.parse(row.tags) as Record<string, string>,
    config: JSON.parse(row.config) as DistributionConfig,
  };
}
