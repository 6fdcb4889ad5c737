import type { UrlChange, UrlOutcome, UrlRecord } from "./protocol.ts";

type UrlRow = { record: string };

/** The function, and the alias if there is one, exist. */
export function createUrl(sql: SqlStorage, url: Omit<UrlRecord, "createdAt" | "modifiedAt">, now: number): UrlOutcome {
  if (findUrl(sql, url.functionName, url.qualifier ?? "")) return { outcome: "exists" };
  return putUrl(sql, { ...url, createdAt: now, modifiedAt: now });
}

export function findUrl(sql: SqlStorage, name: string, qualifier: string): UrlRecord | undefined {
  return toUrl(sql.exec<UrlRow>("SELECT record FROM urls WHERE name = ? AND qualifier = ?", name, qualifier));
}

export function findUrlById(sql: SqlStorage, urlId: string): UrlRecord | undefined {
  return toUrl(sql.exec<UrlRow>("SELECT record FROM urls WHERE url_id = ?", urlId));
}

/** That of `$LATEST` first, then by alias. */
export function listUrls(sql: SqlStorage, name: string): UrlRecord[] {
  return sql
    .exec<UrlRow>("SELECT record FROM urls WHERE name = ? ORDER BY qualifier", name)
    .toArray()
    .map((row) => JSON.parse(row.record) as UrlRecord);
}

export function changeUrl(
  sql: SqlStorage,
  name: string,
  qualifier: string,
  change: UrlChange,
  now: number,
): UrlOutcome {
  const found = findUrl(sql, name, qualifier);
  if (!found) return { outcome: "no-such-url" };
  return putUrl(sql, { ...found, ...change, modifiedAt: now });
}

export function deleteUrl(sql: SqlStorage, name: string, qualifier: string): UrlRecord | undefined {
  return toUrl(sql.exec<UrlRow>("DELETE FROM urls WHERE name = ? AND qualifier = ? RETURNING record", name, qualifier));
}

function putUrl(sql: SqlStorage, url: UrlRecord): UrlOutcome {
  sql.exec(
    "INSERT OR REPLACE INTO urls (name, qualifier, url_id, record) VALUES (?, ?, ?, ?)",
    url.functionName,
    url.qualifier ?? "",
    url.urlId,
    JSON.stringify(url),
  );
  return { outcome: "ok", url };
}

function toUrl(rows: SqlStorageCursor<UrlRow>): UrlRecord | undefined {
  const [row] = rows.toArray();
  return row && (JSON.parse(row.record) as UrlRecord);
}
