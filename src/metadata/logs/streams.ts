import type { LogStream, Page, StreamQuery } from "./protocol.ts";

type StreamRow = {
  name: string;
  created_at: number;
  first_at: number | null;
  last_at: number | null;
  ingested_at: number | null;
};

/** False when there is one of that name. */
export function createStream(sql: SqlStorage, groupId: number, name: string, now: number): boolean {
  const { rowsWritten } = sql.exec(
    "INSERT INTO streams (group_id, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    groupId,
    name,
    now,
  );
  return rowsWritten > 0;
}

export function hasStream(sql: SqlStorage, groupId: number, name: string): boolean {
  return sql.exec("SELECT 1 FROM streams WHERE group_id = ? AND name = ?", groupId, name).toArray().length > 0;
}

/** What packs hold of it is read no more, and goes with them. */
export function deleteStream(sql: SqlStorage, groupId: number, name: string): boolean {
  sql.exec("DELETE FROM recent WHERE group_id = ? AND stream = ?", groupId, name);
  return sql.exec("DELETE FROM streams WHERE group_id = ? AND name = ?", groupId, name).rowsWritten > 0;
}

/** Those of these names or with this prefix, and when they were created. */
export function findStreams(
  sql: SqlStorage,
  groupId: number,
  { names, prefix }: { readonly names?: readonly string[] | undefined; readonly prefix?: string | undefined },
): Record<string, number> {
  const rows = sql.exec<Pick<StreamRow, "name" | "created_at">>(
    `SELECT name, created_at FROM streams
     WHERE group_id = ?1 AND (?2 IS NULL OR name IN (SELECT value FROM json_each(?2)))
       AND (?3 IS NULL OR substr(name, 1, length(?3)) = ?3)`,
    groupId,
    names ? JSON.stringify(names) : null,
    prefix ?? null,
  );
  return Object.fromEntries([...rows].map((row) => [row.name, row.created_at]));
}

/** Ordered by name or by the time of the last event, as the query says. */
export function listStreams(sql: SqlStorage, groupId: number, query: StreamQuery): Page<LogStream> {
  const byTime = query.orderBy === "LastEventTime";
  const direction = query.descending ? "DESC" : "ASC";
  const comparison = query.descending ? "<" : ">";
  const rows = sql
    .exec<StreamRow>(
      `SELECT * FROM (
         SELECT name, created_at,
           MIN(COALESCE(s.first_at, r.first_at), COALESCE(r.first_at, s.first_at)) AS first_at,
           MAX(COALESCE(s.last_at, r.last_at), COALESCE(r.last_at, s.last_at)) AS last_at,
           MAX(COALESCE(s.ingested_at, r.ingested_at), COALESCE(r.ingested_at, s.ingested_at)) AS ingested_at
         FROM streams s LEFT JOIN (
           SELECT stream, MIN(first_at) AS first_at, MAX(last_at) AS last_at, MAX(ingested_at) AS ingested_at
           FROM recent WHERE group_id = ?1 GROUP BY stream
         ) r ON r.stream = s.name
         WHERE s.group_id = ?1 AND substr(name, 1, length(?2)) = ?2
       )
       WHERE ?3 IS NULL OR ${byTime ? `(COALESCE(last_at, 0), name) ${comparison} (?4, ?3)` : `name ${comparison} ?3`}
       ORDER BY ${byTime ? `COALESCE(last_at, 0) ${direction}, ` : ""}name ${direction} LIMIT ?5`,
      groupId,
      query.prefix,
      query.after?.name ?? null,
      query.after?.lastEventAt ?? 0,
      query.limit + 1,
    )
    .toArray();
  return { items: rows.slice(0, query.limit).map(toStream), more: rows.length > query.limit };
}

function toStream(row: StreamRow): LogStream {
  return {
    name: row.name,
    createdAt: row.created_at,
    ...(row.first_at !== null && { firstEventAt: row.first_at }),
    ...(row.last_at !== null && { lastEventAt: row.last_at }),
    ...(row.ingested_at !== null && { lastIngestedAt: row.ingested_at }),
  };
}
