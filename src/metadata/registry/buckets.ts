import type { BucketEntry, ListBucketsCall, NewBucket, Page, ReserveBucketOutcome } from "./protocol.ts";
import { noteDeletedBucket } from "./sweeps.ts";

/** AWS's default quota of general purpose buckets per account. */
const MAX_BUCKETS_PER_ACCOUNT = 10_000;

type BucketRow = {
  name: string;
  bucket_id: string;
  account_id: string;
  region: string;
  created_at: number;
  shards: number;
  state: string;
};

/**
 * Takes a name for an account. A reservation that a crash left behind is resumed by its owner; under other
 * parameters it is replaced by one with a fresh id, since index objects may exist under the old one already.
 */
export function reserveBucket(sql: SqlStorage, bucket: NewBucket): ReserveBucketOutcome {
  const known = findBucket(sql, bucket.name);
  if (known && known.accountId !== bucket.accountId) return { outcome: "exists-other" };
  if (known?.state === "active") return { outcome: "exists-owned", bucket: known };
  if (known?.state === "deleting") return { outcome: "deleting" };
  if (known && known.shards === bucket.shards && known.region === bucket.region)
    return { outcome: "created", bucket: known };
  if (!known && countBuckets(sql, bucket.accountId) >= MAX_BUCKETS_PER_ACCOUNT) return { outcome: "too-many-buckets" };
  const created: BucketEntry = {
    ...bucket,
    bucketId: createBucketId(),
    createdAt: Date.now(),
    state: "creating",
  };
  sql.exec(
    `INSERT OR REPLACE INTO buckets (name, bucket_id, account_id, region, created_at, shards, state, changed_at, swept_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?5, ?5)`,
    created.name,
    created.bucketId,
    created.accountId,
    created.region,
    created.createdAt,
    created.shards,
    created.state,
  );
  return { outcome: "created", bucket: created };
}

/** Moves a bucket on; false when it is not there under this id in one of the states `from`. */
export function changeBucketState(
  sql: SqlStorage,
  name: string,
  bucketId: string,
  from: BucketEntry["state"],
  to: BucketEntry["state"],
): boolean {
  const known = findBucket(sql, name);
  if (!known || known.bucketId !== bucketId) return false;
  // A call whose answer was lost is made again.
  if (known.state === to) return true;
  if (known.state !== from) return false;
  sql.exec("UPDATE buckets SET state = ?, changed_at = ? WHERE name = ?", to, Date.now(), name);
  return true;
}

/** Frees the name. What requests left in R2 under the id is swept when it is old enough (sweeps.ts). */
export function removeBucket(sql: SqlStorage, name: string, bucketId: string): boolean {
  const [removed] = sql
    .exec<{ shards: number }>("DELETE FROM buckets WHERE name = ? AND bucket_id = ? RETURNING shards", name, bucketId)
    .toArray();
  if (removed) noteDeletedBucket(sql, bucketId, removed.shards, Date.now());
  return removed !== undefined;
}

/** Drops reservations older than `before`: their CreateBucket has died, or will find that it is too late. */
export function dropReservations(sql: SqlStorage, before: number, limit: number): BucketEntry[] {
  return sql
    .exec<BucketRow>(
      `DELETE FROM buckets WHERE name IN
         (SELECT name FROM buckets WHERE state <> 'active' AND state = 'creating' AND changed_at < ? LIMIT ?)
       RETURNING *`,
      before,
      limit,
    )
    .toArray()
    .map(toEntry);
}

/** Buckets whose deletion began before `before` and has not ended. */
export function listDeletions(sql: SqlStorage, before: number, limit: number): BucketEntry[] {
  return sql
    .exec<BucketRow>(
      "SELECT * FROM buckets WHERE state <> 'active' AND state = 'deleting' AND changed_at < ? ORDER BY changed_at LIMIT ?",
      before,
      limit,
    )
    .toArray()
    .map(toEntry);
}

export function findBucket(sql: SqlStorage, name: string): BucketEntry | undefined {
  const [row] = sql.exec<BucketRow>("SELECT * FROM buckets WHERE name = ?", name).toArray();
  return row && toEntry(row);
}

export function listBuckets(sql: SqlStorage, call: ListBucketsCall): Page<BucketEntry> {
  const prefix = call.prefix ?? "";
  const rows = sql
    .exec<BucketRow>(
      `SELECT * FROM buckets
       WHERE account_id = ? AND name > ? AND name >= ? AND name < ? AND state = 'active' AND (? = '' OR region = ?)
       ORDER BY name LIMIT ?`,
      call.accountId,
      call.after ?? "",
      prefix,
      // Names are ASCII: all that begin with the prefix sort before it followed by DEL.
      `${prefix}\u007f`,
      call.region ?? "",
      call.region ?? "",
      call.limit + 1,
    )
    .toArray();
  const items = rows.slice(0, call.limit).map(toEntry);
  const last = items.at(-1);
  return rows.length > call.limit && last ? { items, next: last.name } : { items };
}

/** Buckets and reservations of an account. */
export function countBuckets(sql: SqlStorage, accountId: string): number {
  return sql.exec<{ total: number }>("SELECT COUNT(*) AS total FROM buckets WHERE account_id = ?", accountId).one()
    .total;
}

/** Drops reservations that no request can still be working on: none is visible, and none holds data. */
export function removeStaleReservations(sql: SqlStorage, accountId: string, olderThan: number): void {
  sql.exec("DELETE FROM buckets WHERE account_id = ? AND state = 'creating' AND created_at < ?", accountId, olderThan);
}

function createBucketId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

function toEntry(row: BucketRow): BucketEntry {
  return {
    name: row.name,
    bucketId: row.bucket_id,
    accountId: row.account_id,
    region: row.region,
    createdAt: row.created_at,
    shards: row.shards,
    state: row.state as BucketEntry["state"],
  };
}
