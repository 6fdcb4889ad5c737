import { compareUtf8, prefixSuccessor } from "../../lib/text-order.ts";

/**
 * The walk that all listings share: rows in key order, those with the delimiter after the prefix rolled up
 * into one common prefix. A common prefix is skipped by seeking to its successor, so that a page costs the
 * same whether a prefix holds ten keys or ten million.
 */

/**
 * Rows of a common prefix that are read past before it pays to seek: a seek costs about as much as these. After a
 * prefix that was worth skipping the next is skipped at once.
 */
const READ_AHEAD = 12;
/** A run is so much longer than the one before while nothing is worth skipping. */
const RUN_GROWTH = 4;

export interface Walk<Row> {
  readonly prefix: string;
  /** Empty: nothing is rolled up. */
  readonly delimiter: string;
  readonly limit: number;
  readonly start: Position;
  /**
   * At most `limit` rows from a position on, below `end`, in order; all of them read: while a cursor is open SQLite
   * prepares its statement anew for the next.
   */
  readonly scan: (from: Position, end: string | undefined, limit: number) => readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** What tells rows of one key apart, where there can be several. */
  readonly tieOf?: (row: Row) => string | number;
}

/**
 * A place between rows. Without `tie`: before all rows of the key if `inclusive`, after all of them if not.
 * With it: right after that row of the key.
 */
export interface Position {
  readonly key: string;
  readonly inclusive: boolean;
  readonly tie?: string | number;
}

export interface Page<Row> {
  readonly entries: readonly (Row | CommonPrefix)[];
  readonly truncated: boolean;
}
export class CommonPrefix {
  readonly prefix: string;
  constructor(prefix: string) {
    this.prefix = prefix;
  }
}

/** Narrows SQL to the rows below `end`, bound as parameter 2. */
export function belowEnd(end: string | undefined): string {
  return end === undefined ? "?2 IS NULL" : "key < ?2";
}

/** Where a listing begins that has seen everything up to `after`: a key, or a common prefix with all below it. */
export function startAfter(prefix: string, delimiter: string, after: string): Position | undefined {
  if (after === "" || compareUtf8(after, prefix) < 0) return { key: prefix, inclusive: true };
  if (after === rollUp(after, prefix, delimiter)) {
    const next = prefixSuccessor(after);
    return next === undefined ? undefined : { key: next, inclusive: true };
  }
  return { key: after, inclusive: false };
}

export function walk<Row>({ prefix, delimiter, limit, start, scan, keyOf, tieOf }: Walk<Row>): Page<Row> {
  const end = prefixSuccessor(prefix);
  const entries: (Row | CommonPrefix)[] = [];
  // Where prefixes may be skipped a run ends soon.
  let ahead = READ_AHEAD;
  let run = delimiter === "" ? limit + 1 : ahead + 1;
  let from: Position | undefined = start;
  while (from && entries.length <= limit && limit > 0) {
    from = takeRun(from);
  }
  return { entries: entries.slice(0, limit), truncated: entries.length > limit };

  /** Takes rows until the page is full or a prefix is worth skipping; answers where to go on, if anywhere. */
  function takeRun(position: Position): Position | undefined {
    // One entry more than the page tells whether it is truncated.
    const wanted = Math.min(run, limit + 1 - entries.length + (delimiter === "" ? 0 : READ_AHEAD));
    let rolledUp: string | undefined;
    let rolledRows = 0;
    let rows = 0;
    let last = position;
    for (const row of scan(position, end, wanted)) {
      const key = keyOf(row);
      rows += 1;
      last = { key, inclusive: false, ...(tieOf && { tie: tieOf(row) }) };
      if (rolledUp !== undefined && key.startsWith(rolledUp)) {
        rolledRows += 1;
        if (rolledRows < ahead) continue;
        ahead = 1;
        run = ahead + 1;
        return seekPast(rolledUp);
      }
      ahead = Math.min(ahead * 2, READ_AHEAD);
      if (entries.length > limit) return undefined;
      rolledUp = rollUp(key, prefix, delimiter);
      rolledRows = 0;
      entries.push(rolledUp === undefined ? row : new CommonPrefix(rolledUp));
    }
    if (rows < wanted) return undefined;
    run = wanted * RUN_GROWTH;
    return rolledUp === undefined ? last : seekPast(rolledUp);
  }
}

function seekPast(prefix: string): Position | undefined {
  const key = prefixSuccessor(prefix);
  return key === undefined ? undefined : { key, inclusive: true };
}

/** The common prefix that stands for `key`: up to the first delimiter after `prefix`, and with it. */
export function rollUp(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "" || !key.startsWith(prefix)) return undefined;
  const found = key.indexOf(delimiter, prefix.length);
  return found < 0 ? undefined : key.slice(0, found + delimiter.length);
}
