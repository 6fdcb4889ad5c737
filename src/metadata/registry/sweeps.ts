import type { SweepTarget } from "./protocol.ts";

/**
 * Which buckets' blobs are to be looked through for orphans. Each is stamped when it is handed out, the one
 * that waits longest goes first, and a run takes few: so the work spreads over the day by itself, and a
 * deployment that sleeps at night, or all week, catches up.
 */

const INTERVAL_MS = 24 * 3600_000;
/**
 * After this long every blob that a request may have left behind in a deleted bucket is old enough to be
 * judged (consistency rule 5: 7 days), and no request can be about to add another.
 */
const DELETED_AFTER_MS = 8 * 24 * 3600_000;

/** Hands out at most `limit` buckets that are due, and the leftovers of deleted ones; each is due again in a day. */
export function takeSweeps(sql: SqlStorage, now: number, limit: number): SweepTarget[] {
  const live = take(sql, "buckets", now, limit).map((target) => ({ ...target, deleted: false }));
  const deleted = take(sql, "deleted_buckets", now, limit - live.length);
  return [...live, ...deleted.map((target) => ({ ...target, deleted: true }))];
}

/** To be called when a bucket is removed. */
export function noteDeletedBucket(sql: SqlStorage, bucketId: string, shards: number, now: number): void {
  // As if swept so late that it is due exactly when its last blobs are old enough.
  const sweptAt = now + DELETED_AFTER_MS - INTERVAL_MS;
  sql.exec(
    "INSERT OR REPLACE INTO deleted_buckets (bucket_id, shards, swept_at) VALUES (?, ?, ?)",
    bucketId,
    shards,
    sweptAt,
  );
}

/** Nothing is left of it. */
export function forgetDeletedBucket(sql: SqlStorage, bucketId: string): void {
  sql.exec("DELETE FROM deleted_buckets WHERE bucket_id = ?", bucketId);
}

function take(sql: SqlStorage, table: "buckets" | "deleted_buckets", now: number, limit: number) {
  const due = sql
    .exec<{ bucket_id: string; shards: number }>(
      `SELECT bucket_id, shards FROM ${table} WHERE swept_at <= ? ORDER BY swept_at LIMIT ?`,
      now - INTERVAL_MS,
      limit,
    )
    .toArray();
  const key = table === "buckets" ? "name" : "bucket_id";
  sql.exec(
    `UPDATE ${table} SET swept_at = ?1 WHERE ${key} IN
       (SELECT ${key} FROM ${table} WHERE swept_at <= ?2 ORDER BY swept_at LIMIT ?3)`,
    now,
    now - INTERVAL_MS,
    limit,
  );
  return due.map((row) => ({ bucketId: row.bucket_id, shards: row.shards }));
}
