import { compareUtf8, prefixSuccessor } from "../../lib/text-order.ts";
import { belowEnd } from "./listing.ts";
import { STORED_COLUMNS, type StoredRow } from "./objects.ts";

/** After this version of this key. */
export interface VersionPosition {
  readonly key: string;
  readonly sequence: number;
}

/**
 * The next versions and delete markers under one of the prefixes: keys in order, those of each from the newest.
 * `prefixes` are in order, and none is within another.
 */
export function readVersionRows(
  sql: SqlStorage,
  prefixes: readonly string[],
  position: VersionPosition | undefined,
  limit: number,
): StoredRow[] {
  const rows: StoredRow[] = [];
  const take = (query: string, ...bindings: (string | number | null)[]) => {
    const left = limit - rows.length;
    if (left > 0) for (const row of sql.exec(query, ...bindings, left).raw()) rows.push(row as unknown as StoredRow);
  };
  if (position) {
    take(
      `SELECT ${STORED_COLUMNS} FROM versions WHERE key = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?`,
      position.key,
      position.sequence,
    );
  }
  for (const prefix of prefixes) {
    const end = prefixSuccessor(prefix);
    if (end !== undefined && position && compareUtf8(position.key, end) >= 0) continue;
    const begun = position !== undefined && compareUtf8(position.key, prefix) >= 0;
    const where = `WHERE key ${begun ? ">" : ">="} ?1 AND ${belowEnd(end)}`;
    take(
      `SELECT ${STORED_COLUMNS} FROM objects ${where} UNION ALL SELECT ${STORED_COLUMNS} FROM versions ${where}
       ORDER BY key, sequence DESC LIMIT ?3`,
      begun ? position.key : prefix,
      end ?? null,
    );
  }
  return rows;
}
