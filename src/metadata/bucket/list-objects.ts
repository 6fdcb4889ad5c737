import { belowEnd, CommonPrefix, startAfter, walk } from "./listing.ts";
import { LISTED_COLUMNS, type ListedRow, toListed } from "./objects.ts";
import type { ListEntry, ListObjectsCall, ListObjectsOutcome } from "./protocol.ts";

/** A page of ListObjects. */
export function listObjects(sql: SqlStorage, call: ListObjectsCall): ListObjectsOutcome {
  const { prefix, delimiter, after, limit } = call;
  const start = startAfter(prefix, delimiter, after);
  if (!start) return { outcome: "ok", entries: [], truncated: false };
  const page = walk<ListedRow>({
    prefix,
    delimiter,
    limit,
    start,
    keyOf: (row) => row[0],
    scan: ({ key, inclusive }, end, rows) => {
      const found = sql.exec(
        `SELECT ${LISTED_COLUMNS} FROM objects
         WHERE key ${inclusive ? ">=" : ">"} ?1 AND ${belowEnd(end)} ORDER BY key LIMIT ?3`,
        key,
        end ?? null,
        rows,
      );
      return [...found.raw()] as unknown as ListedRow[];
    },
  });
  return { outcome: "ok", entries: page.entries.map(toEntry), truncated: page.truncated };
}

function toEntry(entry: ListedRow | CommonPrefix): ListEntry {
  return entry instanceof CommonPrefix ? { prefix: entry.prefix } : { key: entry[0], object: toListed(entry) };
}
