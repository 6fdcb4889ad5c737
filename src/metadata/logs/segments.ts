import type { Pack, Segment, SourceQuery, Sources } from "./protocol.ts";
import { findStreams } from "./streams.ts";

/** Packs that one answer names: as many as one request should open. */
const MAX_PACKS = 32;
/** Those that begin, or end, at the same time are named together, up to so many. */
const MAX_LISTED = 1_000;
/** As many as R2 deletes in one call. */
const MAX_DELETED = 1_000;
const DAY_MS = 86_400_000;

type SegmentRow = {
  id: number;
  stream: string;
  first_at: number;
  last_at: number;
  ingested_at: number;
  body: string;
};
type PackRow = { key: string; first_at: number; last_at: number };

/** Stores a segment, once however often it is sent. */
export function insertSegment(sql: SqlStorage, groupId: number, segment: Segment): void {
  sql.exec(
    `INSERT INTO recent (group_id, first_at, id, stream, last_at, ingested_at, size, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    groupId,
    segment.firstAt,
    segment.id,
    segment.stream,
    segment.lastAt,
    segment.ingestedAt,
    segment.body.length,
    segment.body,
  );
}

/** Characters of segments that are in no pack, by group. */
export function sumRecent(sql: SqlStorage): Map<number, number> {
  const rows = sql.exec<{ group_id: number; size: number }>(
    "SELECT group_id, SUM(size) AS size FROM recent GROUP BY group_id",
  );
  return new Map([...rows].map(({ group_id, size }) => [group_id, size]));
}

/** Where the events of a query are. `from` is no earlier than the group's retention allows. */
export function findSources(sql: SqlStorage, groupId: number, query: SourceQuery): Sources {
  const streams = {
    ...findStreams(sql, groupId, { names: query.streams, prefix: query.streamPrefix }),
    ...(query.withoutStream && { "": 0 }),
  };
  let { from, to } = query;
  const listed = listPacks(sql, groupId, query);
  // What is left for another request must be something: packs that cover the whole time are taken at once.
  const isAside = ({ firstAt, lastAt }: Pack) => (query.order === "forward" ? firstAt > from : lastAt < to - 1);
  const beyond = listed.slice(MAX_PACKS).find(isAside);
  const packs = beyond ? listed.slice(0, listed.indexOf(beyond)) : listed;
  if (beyond && query.order === "forward") to = beyond.firstAt;
  if (beyond && query.order === "backward") from = beyond.lastAt + 1;
  const segments = [
    ...sql.exec<SegmentRow>(
      `SELECT id, stream, first_at, last_at, ingested_at, body FROM recent
       WHERE group_id = ? AND first_at < ? AND last_at >= ? AND stream IN (SELECT value FROM json_each(?))`,
      groupId,
      to,
      from,
      JSON.stringify(Object.keys(streams)),
    ),
  ].map(toSegment);
  return { segments, packs, streams, from, to, partial: beyond !== undefined };
}

function listPacks(sql: SqlStorage, groupId: number, { from, to, order }: SourceQuery): Pack[] {
  const rows = sql.exec<PackRow>(
    `SELECT key, first_at, last_at FROM packs WHERE group_id = ? AND first_at < ? AND last_at >= ?
     ORDER BY ${order === "forward" ? "first_at" : "last_at DESC"} LIMIT ?`,
    groupId,
    to,
    from,
    MAX_LISTED,
  );
  return [...rows].map((row) => ({ key: row.key, firstAt: row.first_at, lastAt: row.last_at }));
}

/** The oldest recent segments of a group, up to about `limit` characters. */
export function takeOldest(sql: SqlStorage, groupId: number, limit: number): Segment[] {
  const taken: Segment[] = [];
  let size = 0;
  const rows = sql.exec<SegmentRow>(
    `SELECT id, stream, first_at, last_at, ingested_at, body FROM recent WHERE group_id = ?
     ORDER BY first_at, id, stream`,
    groupId,
  );
  for (const row of rows) {
    taken.push(toSegment(row));
    size += row.body.length;
    if (size >= limit) break;
  }
  return taken;
}

/** Counts a pack as garbage until it has taken the place of its segments: a crash between leaves nothing behind. */
export function reservePack(sql: SqlStorage, key: string): void {
  sql.exec("INSERT INTO garbage (key) VALUES (?)", key);
}

/** To be run in a transaction, once the pack is in R2. */
export function replaceByPack(sql: SqlStorage, groupId: number, key: string, segments: readonly Segment[]): void {
  const firstAt = Math.min(...segments.map((segment) => segment.firstAt));
  const lastAt = Math.max(...segments.map((segment) => segment.lastAt));
  const size = segments.reduce((sum, { body }) => sum + body.length, 0);
  sql.exec(
    "INSERT INTO packs (group_id, first_at, key, last_at, size) VALUES (?, ?, ?, ?, ?)",
    groupId,
    firstAt,
    key,
    lastAt,
    size,
  );
  sql.exec("DELETE FROM garbage WHERE key = ?", key);
  for (const { id, stream, firstAt: at } of segments) {
    sql.exec(
      "DELETE FROM recent WHERE group_id = ? AND first_at = ? AND id = ? AND stream = ?",
      groupId,
      at,
      id,
      stream,
    );
  }
  for (const [stream, own] of Map.groupBy(segments, (segment) => segment.stream)) {
    sql.exec(
      `UPDATE streams SET first_at = MIN(COALESCE(first_at, ?1), ?1), last_at = MAX(COALESCE(last_at, ?2), ?2),
         ingested_at = MAX(COALESCE(ingested_at, ?3), ?3)
       WHERE group_id = ?4 AND name = ?5`,
      Math.min(...own.map((segment) => segment.firstAt)),
      Math.max(...own.map((segment) => segment.lastAt)),
      Math.max(...own.map((segment) => segment.ingestedAt)),
      groupId,
      stream,
    );
  }
}

/** The oldest time that a group's retention lets be read. */
export function oldestKept(retentionDays: number | undefined, now: number): number {
  return retentionDays === undefined ? 0 : now - retentionDays * DAY_MS;
}

/** Makes what has expired garbage, and forgets streams that have been silent for as long. */
export function expire(sql: SqlStorage, now: number): void {
  const groups = sql
    .exec<{ id: number; days: number }>(
      "SELECT id, retention_days AS days FROM groups WHERE retention_days IS NOT NULL",
    )
    .toArray();
  for (const { id, days } of groups) {
    const before = oldestKept(days, now);
    sql.exec("DELETE FROM recent WHERE group_id = ? AND last_at < ?", id, before);
    sql.exec(
      "INSERT OR IGNORE INTO garbage (key) SELECT key FROM packs WHERE group_id = ? AND last_at < ?",
      id,
      before,
    );
    sql.exec("DELETE FROM packs WHERE group_id = ? AND last_at < ?", id, before);
    sql.exec(
      `DELETE FROM streams WHERE group_id = ?1 AND MAX(created_at, COALESCE(last_at, 0)) < ?2
         AND name NOT IN (SELECT stream FROM recent WHERE group_id = ?1)`,
      id,
      before,
    );
  }
}

/** When the next segment or pack expires; undefined when nothing ever does. */
export function nextExpiry(sql: SqlStorage): number | undefined {
  const { due } = sql
    .exec<{ due: number | null }>(
      `SELECT MIN(last_at + retention_days * ${DAY_MS}) AS due FROM groups JOIN (
         SELECT group_id, MIN(last_at) AS last_at FROM recent GROUP BY group_id
         UNION ALL SELECT group_id, MIN(last_at) FROM packs GROUP BY group_id
       ) ON group_id = id WHERE retention_days IS NOT NULL`,
    )
    .one();
  return due ?? undefined;
}

export function listGarbage(sql: SqlStorage): string[] {
  return [...sql.exec<{ key: string }>("SELECT key FROM garbage LIMIT ?", MAX_DELETED)].map(({ key }) => key);
}

export function forgetGarbage(sql: SqlStorage, keys: readonly string[]): void {
  sql.exec("DELETE FROM garbage WHERE key IN (SELECT value FROM json_each(?))", JSON.stringify(keys));
}

function toSegment(row: SegmentRow): Segment {
  return {
    id: row.id,
    stream: row.stream,
    firstAt: row.first_at,
    lastAt: row.last_at,
    ingestedAt: row.ingested_at,
    body: row.body,
  };
}
