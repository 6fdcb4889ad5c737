import type { AliasChange, AliasOutcome, AliasRecord, Page } from "./protocol.ts";
import { findVersion, LATEST } from "./versions.ts";

type AliasRow = { record: string };

export function createAlias(sql: SqlStorage, alias: Omit<AliasRecord, "revisionId">): AliasOutcome {
  if (!findVersion(sql, alias.functionName, LATEST)) return { outcome: "not-found" };
  if (findAlias(sql, alias.functionName, alias.name)) return { outcome: "exists" };
  return putAlias(sql, { ...alias, revisionId: crypto.randomUUID() });
}

export function findAlias(sql: SqlStorage, functionName: string, name: string): AliasRecord | undefined {
  const [row] = sql
    .exec<AliasRow>("SELECT record FROM aliases WHERE function_name = ? AND name = ?", functionName, name)
    .toArray();
  return row && (JSON.parse(row.record) as AliasRecord);
}

export function changeAlias(sql: SqlStorage, functionName: string, name: string, change: AliasChange): AliasOutcome {
  const found = findAlias(sql, functionName, name);
  if (!found) return { outcome: "not-found" };
  if (change.revisionId !== undefined && change.revisionId !== found.revisionId) return { outcome: "stale-revision" };
  const { routing: before, ...rest } = found;
  const routing = change.routing === undefined ? before : (change.routing ?? undefined);
  return putAlias(sql, {
    ...rest,
    ...(change.version !== undefined && { version: change.version }),
    ...(change.description !== undefined && { description: change.description }),
    ...(routing && { routing }),
    revisionId: crypto.randomUUID(),
  });
}

function putAlias(sql: SqlStorage, alias: AliasRecord): AliasOutcome {
  for (const version of [alias.version, alias.routing?.version]) {
    if (version !== undefined && !findVersion(sql, alias.functionName, version)) {
      return { outcome: "no-such-version", version };
    }
  }
  sql.exec(
    "INSERT OR REPLACE INTO aliases (function_name, name, record) VALUES (?, ?, ?)",
    alias.functionName,
    alias.name,
    JSON.stringify(alias),
  );
  return { outcome: "ok", alias };
}

/** In name order; with `version` those that send invocations to it. */
export function listAliases(
  sql: SqlStorage,
  functionName: string,
  after: string,
  limit: number,
  version: string | undefined,
): Page<AliasRecord> | undefined {
  if (!findVersion(sql, functionName, LATEST)) return undefined;
  const found = sql
    .exec<AliasRow>(
      "SELECT record FROM aliases WHERE function_name = ? AND name > ? ORDER BY name",
      functionName,
      after,
    )
    .toArray()
    .map((row) => JSON.parse(row.record) as AliasRecord)
    .filter((alias) => version === undefined || pointsTo(alias, version));
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last ? { items, next: last.name } : { items };
}

/** Names of the aliases that would lose their version with this one. */
export function listAliasesOf(sql: SqlStorage, functionName: string, version: string): string[] {
  const all = listAliases(sql, functionName, "", Number.MAX_SAFE_INTEGER - 1, version);
  return all?.items.map((alias) => alias.name) ?? [];
}

export function deleteAlias(sql: SqlStorage, functionName: string, name: string): boolean {
  if (!findVersion(sql, functionName, LATEST)) return false;
  sql.exec("DELETE FROM aliases WHERE function_name = ? AND name = ?", functionName, name);
  sql.exec("DELETE FROM policies WHERE name = ? AND qualifier = ?", functionName, name);
  sql.exec("DELETE FROM urls WHERE name = ? AND qualifier = ?", functionName, name);
  sql.exec("DELETE FROM event_configs WHERE function_name = ? AND qualifier = ?", functionName, name);
  return true;
}

function pointsTo(alias: AliasRecord, version: string): boolean {
  return alias.version === version || alias.routing?.version === version;
}
