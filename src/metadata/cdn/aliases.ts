import type { AliasHolder } from "./registry-protocol.ts";

/** The distribution that answers for a host: by that alias, or by the longest wildcard above it. */
export function findAlias(sql: SqlStorage, host: string): string | undefined {
  for (const alias of [host, ...wildcardsAbove(host)]) {
    const holder = readHolder(sql, alias);
    if (holder !== undefined) return holder;
  }
  return undefined;
}

/** Gives a distribution exactly these; answers the first that another has, and then changes nothing. */
export function replaceAliases(sql: SqlStorage, id: string, aliases: readonly string[]): string | undefined {
  const taken = aliases.find((alias) => (readHolder(sql, alias) ?? id) !== id);
  if (taken !== undefined) return taken;
  sql.exec("DELETE FROM aliases WHERE distribution_id = ?", id);
  for (const alias of aliases) {
    sql.exec("INSERT OR IGNORE INTO aliases (alias, distribution_id) VALUES (?, ?)", alias, id);
  }
  return undefined;
}

export function listAliasesOf(sql: SqlStorage, id: string): string[] {
  return sql
    .exec<{ alias: string }>("SELECT alias FROM aliases WHERE distribution_id = ?", id)
    .toArray()
    .map(({ alias }) => alias);
}

/** Aliases that cover this one, or that it covers as a wildcard. */
export function listConflictingAliases(sql: SqlStorage, alias: string, limit: number): AliasHolder[] {
  const above = wildcardsAbove(alias.replace(/^\*\./, ""));
  const below = alias.startsWith("*.") ? alias.slice(1) : undefined;
  return sql
    .exec<{ alias: string; distribution_id: string; account_id: string }>(
      `SELECT alias, distribution_id, account_id FROM aliases JOIN distributions ON id = distribution_id
       WHERE alias IN (SELECT value FROM json_each(?)) OR (? AND substr(alias, -?) = ?)
       ORDER BY alias LIMIT ?`,
      JSON.stringify([alias, ...above]),
      below === undefined ? 0 : 1,
      below?.length ?? 0,
      below ?? "",
      limit,
    )
    .toArray()
    .map((row) => ({ alias: row.alias, distributionId: row.distribution_id, accountId: row.account_id }));
}

export function listAliases(sql: SqlStorage): string[] {
  return sql
    .exec<{ alias: string }>("SELECT alias FROM aliases")
    .toArray()
    .map(({ alias }) => alias);
}

function readHolder(sql: SqlStorage, alias: string): string | undefined {
  const [row] = sql.exec<{ id: string }>("SELECT distribution_id AS id FROM aliases WHERE alias = ?", alias);
  return row?.id;
}

/** `a.b.example.com` → `*.b.example.com`, `*.example.com`, `*.com`. */
export function wildcardsAbove(host: string): string[] {
  const labels = host.split(".");
  return labels.slice(1).map((_, index) => ["*", ...labels.slice(index + 1)].join("."));
}
