import type { Change, Touched } from "./journal.ts";
import { readCounter, writeCounter } from "./schema.ts";

/**
 * Keeps the exported journal in proportion to the index. When many segments have piled up, every row is
 * touched once more, page by page, so that it is exported anew; then the segments from before say nothing
 * that later ones do not say, and are deleted. Nothing is read from R2, and a page at a time is in memory.
 */

/** Segments that pile up at least. */
const MANY_SEGMENTS = 16;

interface Page {
  readonly table: Touched[0];
  /** Columns in whose order the table is walked; those of the key come last. */
  readonly order: readonly string[];
  readonly key: readonly string[];
  /** Rows a page: few where rows are large. */
  readonly rows: number;
  /** The last column of `order` descends, as it does in the primary key: any other order would be sorted. */
  readonly newestFirst?: boolean;
}

const PAGES: readonly Page[] = [
  { table: "objects", order: ["key"], key: ["key"], rows: 500 },
  { table: "versions", order: ["key", "sequence"], key: ["key", "sequence"], rows: 500, newestFirst: true },
  { table: "bodies", order: ["id"], key: ["id"], rows: 50 },
  { table: "manifests", order: ["id", "first_part"], key: ["id"], rows: 40 },
  { table: "refs", order: ["body_id", "holder"], key: ["body_id"], rows: 500 },
  { table: "pins", order: ["state", "copy_id"], key: ["copy_id"], rows: 500 },
  { table: "uploads", order: ["key", "upload_id"], key: ["key", "upload_id"], rows: 500 },
  { table: "upload_parts", order: ["upload_id", "part_number"], key: ["upload_id", "part_number"], rows: 500 },
];

interface Refresh {
  /** Segments up to this sequence are superseded in the end. */
  readonly start: number;
  /** Which of PAGES comes next; their number when all rows are touched. */
  readonly page: number;
  /** The last row touched of that table, as JSON; null at its beginning. */
  readonly position: string | null;
}

/** Counts an exported segment; answers whether it is time for a refresh. */
export function countSegment(sql: SqlStorage, characters: number): boolean {
  const segments = readCounter(sql, "segments") + 1;
  const total = readCounter(sql, "segment_characters") + characters;
  writeCounter(sql, "segments", segments);
  writeCounter(sql, "segment_characters", total);
  // A refresh writes about as much as the last one did: it pays when as much has been added since.
  return segments >= MANY_SEGMENTS && total >= readCounter(sql, "refresh_characters");
}

/** Touches the next page of rows, beginning a refresh if none is under way. False when all are touched. */
export function refreshPage(change: Change): boolean {
  const refresh = readRefresh(change.sql) ?? beginRefresh(change.sql);
  const page = PAGES[refresh.page];
  if (!page) return false;
  const last = touchRows(change, page, refresh.position);
  const next = last === undefined ? { page: refresh.page + 1, position: null } : { page: refresh.page, position: last };
  writeRefresh(change.sql, { start: refresh.start, ...next });
  return true;
}

/** Ends a refresh whose rows are all exported; answers up to where older segments can go. */
export function endRefresh(sql: SqlStorage): number | undefined {
  const refresh = readRefresh(sql);
  if (!refresh || refresh.page < PAGES.length) return undefined;
  sql.exec("DELETE FROM refresh");
  writeCounter(sql, "refresh_characters", readCounter(sql, "segment_characters"));
  resetCount(sql);
  return refresh.start;
}

function beginRefresh(sql: SqlStorage): Refresh {
  resetCount(sql);
  return { start: readCounter(sql, "exported"), page: 0, position: null };
}

function resetCount(sql: SqlStorage): void {
  writeCounter(sql, "segments", 0);
  writeCounter(sql, "segment_characters", 0);
}

/** Touches the rows after `position`; answers the last one's position, undefined when there were none. */
function touchRows(change: Change, page: Page, position: string | null): string | undefined {
  const { table, order, key } = page;
  let last: SqlStorageValue[] | undefined;
  const touched = new Set<string>();
  for (const row of readRows(change.sql, page, position === null ? [] : (JSON.parse(position) as Value[]))) {
    last = row;
    // Several rows of one key make one line.
    touched.add(JSON.stringify([table, ...key.map((column) => row[order.indexOf(column)])]));
  }
  for (const line of touched) change.touch(...(JSON.parse(line) as Touched));
  return last && JSON.stringify(last);
}

type Value = string | number;

function* readRows(sql: SqlStorage, page: Page, after: readonly Value[]): Generator<SqlStorageValue[]> {
  const { table, order, rows } = page;
  const columns = order.join(", ");
  const select = `SELECT ${columns} FROM ${table}`;
  if (!page.newestFirst || after.length === 0) {
    const where = after.length === 0 ? "" : `WHERE (${columns}) > (${order.map(() => "?").join(", ")})`;
    yield* sql.exec(`${select} ${where} ORDER BY ${orderBy(page)} LIMIT ?`, ...after, rows).raw();
    return;
  }
  // Columns that go different ways cannot be compared as one: first what is left of the key, then the next keys.
  const [key, sequence] = order;
  let found = 0;
  const rest = `${select} WHERE ${key} = ? AND ${sequence} < ? ORDER BY ${sequence} DESC LIMIT ?`;
  for (const row of sql.exec(rest, ...after, rows).raw()) {
    found += 1;
    yield row;
  }
  if (found >= rows) return;
  const next = `${select} WHERE ${key} > ? ORDER BY ${orderBy(page)} LIMIT ?`;
  yield* sql.exec(next, after[0]!, rows - found).raw();
}

function orderBy({ order, newestFirst }: Page): string {
  return `${order.join(", ")}${newestFirst ? " DESC" : ""}`;
}

function readRefresh(sql: SqlStorage): Refresh | undefined {
  const row = sql
    .exec<{ start: number; page: number; position: string | null }>("SELECT start, page, position FROM refresh")
    .next();
  return row.done ? undefined : row.value;
}

function writeRefresh(sql: SqlStorage, { start, page, position }: Refresh): void {
  sql.exec("INSERT OR REPLACE INTO refresh (id, start, page, position) VALUES (0, ?, ?, ?)", start, page, position);
}
