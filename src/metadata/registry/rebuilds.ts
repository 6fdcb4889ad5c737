import type { ClaimOutcome, RebuildProgress, RebuildRecord } from "./protocol.ts";

/**
 * Rebuilds of index objects (src/jobs/rebuild-index.ts), step by step. The record comes before the message
 * that carries a step out: messages may come twice, or be lost with the machine. A lease keeps a step that is
 * delivered twice from running beside itself, because its lines must be applied in order.
 */

/** Much longer than a step takes; after a crash the step is begun again this much later. */
const LEASE_MS = 3 * 60_000;

type RebuildRow = {
  bucket_id: string;
  shard: number;
  step: number;
  finished: number;
  touched_at: number;
  leased_until: number;
  progress: string;
};

/** Begins a rebuild, also in place of one that has ended; false while one is under way. */
export function beginRebuild(
  sql: SqlStorage,
  bucketId: string,
  shard: number,
  progress: RebuildProgress,
  now: number,
): boolean {
  const known = find(sql, bucketId, shard);
  if (known && !known.finished) return false;
  sql.exec(
    `INSERT OR REPLACE INTO rebuilds (bucket_id, shard, step, finished, touched_at, leased_until, progress)
     VALUES (?, ?, 0, 0, ?, 0, ?)`,
    bucketId,
    shard,
    now,
    JSON.stringify(progress),
  );
  return true;
}

/** Takes a step for one worker. Only the step that is next may be taken, and by one at a time. */
export function claimRebuildStep(
  sql: SqlStorage,
  bucketId: string,
  shard: number,
  step: number,
  now: number,
): ClaimOutcome {
  const known = find(sql, bucketId, shard);
  if (!known || known.finished || known.step !== step) return { outcome: "superseded" };
  const row = sql
    .exec<{ leased_until: number }>(
      "SELECT leased_until FROM rebuilds WHERE bucket_id = ? AND shard = ?",
      bucketId,
      shard,
    )
    .one();
  if (row.leased_until > now) return { outcome: "busy", until: row.leased_until };
  sql.exec(
    "UPDATE rebuilds SET leased_until = ?, touched_at = ? WHERE bucket_id = ? AND shard = ?",
    now + LEASE_MS,
    now,
    bucketId,
    shard,
  );
  return { outcome: "ok", progress: known.progress };
}

/** Notes what a step has done; false when another worker has taken it over meanwhile. */
export function endRebuildStep(sql: SqlStorage, record: RebuildRecord, now: number): boolean {
  return (
    sql.exec(
      `UPDATE rebuilds SET step = step + 1, finished = ?, touched_at = ?, leased_until = 0, progress = ?
       WHERE bucket_id = ? AND shard = ? AND step = ? AND finished = 0`,
      record.finished ? 1 : 0,
      now,
      JSON.stringify(record.progress),
      record.bucketId,
      record.shard,
      record.step,
    ).rowsWritten > 0
  );
}

/** Lets a step that failed be taken again at once. */
export function releaseRebuildStep(sql: SqlStorage, bucketId: string, shard: number, step: number): void {
  sql.exec(
    "UPDATE rebuilds SET leased_until = 0 WHERE bucket_id = ? AND shard = ? AND step = ?",
    bucketId,
    shard,
    step,
  );
}

/** The latest rebuild of each index object of a bucket. */
export function listRebuilds(sql: SqlStorage, bucketId: string): RebuildRecord[] {
  return sql
    .exec<RebuildRow>("SELECT * FROM rebuilds WHERE bucket_id = ? ORDER BY shard", bucketId)
    .toArray()
    .map(toRecord);
}

/** Rebuilds on which nobody has worked for so long that their message must be lost. */
export function listStalledRebuilds(sql: SqlStorage, now: number, limit: number): RebuildRecord[] {
  return sql
    .exec<RebuildRow>("SELECT * FROM rebuilds WHERE finished = 0 AND touched_at < ? LIMIT ?", now - LEASE_MS, limit)
    .toArray()
    .map(toRecord);
}

function find(sql: SqlStorage, bucketId: string, shard: number): RebuildRecord | undefined {
  const [row] = sql
    .exec<RebuildRow>("SELECT * FROM rebuilds WHERE bucket_id = ? AND shard = ?", bucketId, shard)
    .toArray();
  return row && toRecord(row);
}

function toRecord(row: RebuildRow): RebuildRecord {
  return {
    bucketId: row.bucket_id,
    shard: row.shard,
    step: row.step,
    finished: row.finished === 1,
    progress: JSON.parse(row.progress) as RebuildProgress,
  };
}
