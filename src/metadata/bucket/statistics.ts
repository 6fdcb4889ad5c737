import { readCounter } from "./schema.ts";
import type { IndexStatistics } from "./upkeep.ts";

/** Counting reads every row, and rows are billed; an index object does nothing else meanwhile. */
const COUNT_LIMIT = 100_000;

/** Counts what is in the tables, each up to `COUNT_LIMIT`. */
export function readStatistics(sql: SqlStorage): Omit<IndexStatistics, "status"> {
  const inline = sql
    .exec<{ bodies: number; bytes: number | null }>(
      "SELECT COUNT(*) AS bodies, SUM(length(bytes)) AS bytes FROM (SELECT bytes FROM bodies LIMIT ?)",
      COUNT_LIMIT,
    )
    .one();
  return {
    keys: count(sql, "objects"),
    noncurrentVersions: count(sql, "versions"),
    uploads: count(sql, "uploads"),
    inlineBodies: inline.bodies,
    inlineBytes: inline.bytes ?? 0,
    journalRowsWaiting: count(sql, "journal", `sequence > ${readCounter(sql, "exported")}`),
    garbageWaiting: count(sql, "garbage"),
    eventsWaiting: count(sql, "events"),
    replicationsWaiting: count(sql, "replications"),
    databaseBytes: sql.databaseSize,
  };
}

type CountedTable = "objects" | "versions" | "uploads" | "journal" | "garbage" | "events" | "replications";

function count(sql: SqlStorage, table: CountedTable, where = "TRUE"): number {
  const query = `SELECT COUNT(*) AS total FROM (SELECT 1 FROM ${table} WHERE ${where} LIMIT ?)`;
  return sql.exec<{ total: number }>(query, COUNT_LIMIT).one().total;
}
