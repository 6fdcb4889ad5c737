import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import type { Implementation } from "../implementation.ts";
import { runMigrations } from "../migrations.ts";
import type { CdnTrafficApi, TrafficQuery, TrafficRow } from "./protocol.ts";

/** Days of minutes that are kept. */
const KEPT_SECONDS = 14 * 86_400;
const PRUNE_EVERY_SECONDS = 3_600;
/** A query answers with no more rows than this. */
const MAX_ROWS = 10_000;

const MIGRATIONS = [
  `CREATE TABLE traffic (
     minute INTEGER NOT NULL,
     location TEXT NOT NULL,
     status INTEGER NOT NULL,
     result TEXT NOT NULL,
     requests INTEGER NOT NULL,
     bytes INTEGER NOT NULL,
     origin_requests INTEGER NOT NULL,
     origin_milliseconds INTEGER NOT NULL,
     PRIMARY KEY (minute, location, status, result)
   ) WITHOUT ROWID`,
];

/** What the locations have answered for one distribution, by minutes. */
export class CdnTraffic extends DurableObject<Env> implements Implementation<CdnTrafficApi> {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  #prunedAt = 0;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    runMigrations(this.#storage, MIGRATIONS);
  }

  add(rows: readonly TrafficRow[]): void {
    const now = Math.floor(Date.now() / 1000);
    this.#storage.transactionSync(() => {
      for (const row of rows) this.#addRow(row);
      if (now - this.#prunedAt < PRUNE_EVERY_SECONDS) return;
      this.#sql.exec("DELETE FROM traffic WHERE minute < ?", now - KEPT_SECONDS);
      this.#prunedAt = now;
    });
  }

  read({ from, to, period }: TrafficQuery): TrafficRow[] {
    return this.#sql
      .exec<Record<keyof TrafficRow, SqlStorageValue>>(
        `SELECT minute - minute % ?1 AS minute, location, status, result, SUM(requests) AS requests, SUM(bytes) AS bytes,
           SUM(origin_requests) AS originRequests, SUM(origin_milliseconds) AS originMilliseconds
         FROM traffic WHERE minute >= ?2 AND minute < ?3
         GROUP BY 1, location, status, result ORDER BY 1, location, status, result LIMIT ?4`,
        period,
        from,
        to,
        MAX_ROWS,
      )
      .toArray() as unknown as TrafficRow[];
  }

  #addRow(row: TrafficRow): void {
    this.#sql.exec(
      `INSERT INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET
         requests = requests + excluded.requests,
         bytes = bytes + excluded.bytes,
         origin_requests = origin_requests + excluded.origin_requests,
         origin_milliseconds = origin_milliseconds + excluded.origin_milliseconds`,
      row.minute,
      row.location,
      row.status,
      row.result,
      row.requests,
      row.bytes,
      row.originRequests,
      row.originMilliseconds,
    );
  }
}
