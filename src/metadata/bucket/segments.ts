import { type JournalRow, readUnexported, type Touched } from "./journal.ts";
import type { BucketConfig } from "./protocol.ts";

/**
 * What the export writes and a rebuild reads (consistency rule 21): lines of JSON that say what the rows
 * under a key are now, not what was done to them. So a line may be applied twice, and the last one wins.
 */

/** Tables that a rebuild needs, with the columns that make a line's key. A key may have several rows. */
const KEY_COLUMNS = {
  objects: ["key"],
  versions: ["key", "sequence"],
  bodies: ["id"],
  manifests: ["id"],
  refs: ["body_id"],
  pins: ["copy_id"],
  uploads: ["key", "upload_id"],
  upload_parts: ["upload_id", "part_number"],
} as const satisfies Record<Touched[0], readonly string[]>;

type Table = keyof typeof KEY_COLUMNS;
type Value = string | number | null;
type Row = Record<string, Value>;

/** First line of each segment. */
export interface SegmentHeader {
  readonly config: BucketConfig;
  readonly shard: number;
  /** Sequences that the segment covers. */
  readonly first: number;
  readonly last: number;
  /** Milliseconds since the epoch: blobs minted later are not in this journal. */
  readonly exportedAt: number;
}
/** The rows under a key: none when it is gone. */
export interface SegmentLine {
  readonly table: Table;
  readonly key: readonly Value[];
  readonly rows: readonly Row[];
}

/** A segment ends once it is this long: it is held in memory until R2 has it. */
const MAX_CHARACTERS = 4_000_000;
/** And once it covers so many changes, however few keys they touched: what they freed is in memory as well. */
const MAX_ROWS = 20_000;

export interface Segment {
  readonly first: number;
  readonly last: number;
  readonly text: string;
  /** The journal rows that it covers. */
  readonly covered: readonly JournalRow[];
  /** More rows wait. */
  readonly full: boolean;
}

/** The next segment to export; undefined when everything is exported. */
export function buildSegment(sql: SqlStorage, config: BucketConfig, shard: number, now: number): Segment | undefined {
  const covered: JournalRow[] = [];
  const lines = new Map<string, string>();
  let characters = 0;
  let full = false;
  for (const row of readUnexported(sql)) {
    for (const touched of listTouched(row)) characters += addLine(sql, lines, touched);
    for (const gone of listGone(row)) lines.set(JSON.stringify(gone), formatLine(gone, []));
    covered.push({ ...row, touched: [] });
    full = characters > MAX_CHARACTERS || covered.length >= MAX_ROWS;
    if (full) break;
  }
  const [first, last] = [covered[0]?.sequence, covered.at(-1)?.sequence];
  if (first === undefined || last === undefined) return undefined;
  const header: SegmentHeader = { config, shard, first, last, exportedAt: now };
  return { first, last, covered, full, text: `${[JSON.stringify(header), ...lines.values()].join("\n")}\n` };
}

/** Applies a line to an index that is being rebuilt; answers the highest sequence that it has seen. */
export function applyLine(sql: SqlStorage, { table, key, rows }: SegmentLine): number {
  const keyColumns: readonly string[] | undefined = KEY_COLUMNS[table];
  if (!keyColumns) throw new Error(`a segment names the unknown table ${table}`);
  sql.exec(`DELETE FROM ${table} WHERE ${keyColumns.map((column) => `${column} = ?`).join(" AND ")}`, ...key);
  let sequence = 0;
  for (const row of rows) {
    const columns = Object.keys(row);
    if (!columns.every((column) => /^[a-z_]+$/.test(column))) throw new Error("a segment names an impossible column");
    const places = columns.map(() => "?").join(", ");
    sql.exec(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`,
      ...columns.map((column) => decode(table, column, row[column])),
    );
    sequence = Math.max(sequence, Number(row["sequence"] ?? 0), Number(row["holder"] ?? 0));
  }
  return sequence;
}

function listTouched(row: JournalRow): [Table, ...Value[]][] {
  return row.touched.map((touched) => [...touched]);
}

/** A manifest that became garbage keeps its rows for the collector, but no rebuild may bring it back. */
function listGone(row: JournalRow): [Table, string][] {
  return row.freed
    .filter(({ kind }) => kind === "manifest" || kind === "borrowed")
    .map(({ id }): [Table, string] => ["manifests", id]);
}

/** Adds the line for a key unless it is there already; answers its length. */
function addLine(sql: SqlStorage, lines: Map<string, string>, touched: [Table, ...Value[]]): number {
  const name = JSON.stringify(touched);
  if (lines.has(name)) return 0;
  const [table, ...key] = touched;
  const where = KEY_COLUMNS[table].map((column) => `${column} = ?`).join(" AND ");
  const rows = sql.exec(`SELECT * FROM ${table} WHERE ${where}`, ...key).toArray();
  const line = formatLine(touched, rows.map(encode));
  lines.set(name, line);
  return line.length;
}

function formatLine([table, ...key]: readonly [Table, ...Value[]], rows: readonly Row[]): string {
  return JSON.stringify({ table, key, rows } satisfies SegmentLine);
}

function encode(row: Record<string, SqlStorageValue>): Row {
  const entries = Object.entries(row).map(([column, value]) => [
    column,
    value instanceof ArrayBuffer ? Buffer.from(value).toString("base64") : value,
  ]);
  return Object.fromEntries(entries) as Row;
}

function decode(table: Table, column: string, value: Value | undefined): SqlStorageValue {
  if (table !== "bodies" || column !== "bytes") return value ?? null;
  const bytes = Buffer.from(String(value), "base64");
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}
