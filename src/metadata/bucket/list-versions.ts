import { belowEnd, CommonPrefix, type Position, startAfter, walk } from "./listing.ts";
import { LISTED_COLUMNS, type ListedRow, toListed } from "./objects.ts";
import type { ListVersionsCall, ListVersionsOutcome, VersionEntry } from "./protocol.ts";

type VersionRow = readonly [...ListedRow, bodyKind: string];

const COLUMNS = `${LISTED_COLUMNS}, body_kind`;

/** A page of ListObjectVersions: keys in order, the versions of each from the newest. */
export function listVersions(sql: SqlStorage, call: ListVersionsCall): ListVersionsOutcome {
  const { prefix, delimiter, limit } = call;
  const start = findStart(sql, call);
  if (!start) return { outcome: "ok", entries: [], truncated: false };
  const page = walk<VersionRow>({
    prefix,
    delimiter,
    limit,
    start,
    keyOf: (row) => row[0],
    tieOf: (row) => row[1],
    scan: (from, end, rows) => scanVersions(sql, from, end, rows),
  });
  // A page that begins amid a key's versions has left the latest one behind.
  let previousKey = start.tie === undefined ? undefined : start.key;
  const entries = page.entries.map((entry): VersionEntry => {
    if (entry instanceof CommonPrefix) return { prefix: entry.prefix };
    const latest = entry[0] !== previousKey;
    previousKey = entry[0];
    return {
      key: entry[0],
      version: { ...toListed(entry as unknown as ListedRow), latest, deleteMarker: entry[9] === "marker" },
    };
  });
  return { outcome: "ok", entries, truncated: page.truncated };
}

function findStart(sql: SqlStorage, call: ListVersionsCall): Position | undefined {
  const start = startAfter(call.prefix, call.delimiter, call.afterKey);
  if (!start || start.inclusive || call.afterVersionId === undefined) return start;
  const found = sql
    .exec<{ sequence: number }>(
      `SELECT sequence FROM objects WHERE key = ?1 AND version_id = ?2
       UNION ALL SELECT sequence FROM versions WHERE key = ?1 AND version_id = ?2 LIMIT 1`,
      call.afterKey,
      call.afterVersionId,
    )
    .next();
  return found.done ? start : { ...start, tie: found.value.sequence };
}

function* scanVersions(sql: SqlStorage, from: Position, end: string | undefined, limit: number): Generator<VersionRow> {
  let rows = 0;
  if (from.tie !== undefined) {
    // What is left of the key: its current version comes first of all, so only `versions` can have more.
    const rest = sql.exec(
      `SELECT ${COLUMNS} FROM versions WHERE key = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?`,
      from.key,
      from.tie,
      limit,
    );
    for (const row of rest.raw()) {
      rows += 1;
      yield row as unknown as VersionRow;
    }
  }
  if (rows >= limit) return;
  const where = `WHERE key ${from.inclusive ? ">=" : ">"} ?1 AND ${belowEnd(end)}`;
  // SQLite merges the two in order of their primary keys; it sorts nothing.
  const merged = sql.exec(
    `SELECT ${COLUMNS} FROM objects ${where} UNION ALL SELECT ${COLUMNS} FROM versions ${where}
     ORDER BY key, sequence DESC LIMIT ?3`,
    from.key,
    end ?? null,
    limit - rows,
  );
  for (const row of merged.raw()) yield row as unknown as VersionRow;
}
