import type { BucketConfig, Call, Outcome } from "./protocol.ts";

/** A seal that nobody acts upon opens by itself: the Worker that set it may have died. */
export const SEAL_MS = 30_000;

/**
 * open: serves. sealed: refuses everything while a deletion is decided. deleted: a tombstone that frees
 * what is left. restoring: refuses everything until the rows of a rebuild are in.
 */
export type Status = "open" | "sealed" | "deleted" | "restoring";

/** What an index object knows of its bucket. */
export interface BucketState {
  readonly config: BucketConfig;
  /** Which of the bucket's index objects this is. */
  readonly shard: number;
  readonly status: Status;
  /** sealed: when the seal ends. deleted: since when. Milliseconds since the epoch. */
  readonly until: number;
}

/** A new configuration, made from the one of the call's revision; its own revision is the next. */
export interface ChangeConfigCall extends Call {
  readonly config: BucketConfig;
}
export type ConfigOutcome = Outcome<object>;

export function readState(sql: SqlStorage): BucketState | undefined {
  const row = sql
    .exec<{ config: string; shard: number; status: Status; until: number }>(
      "SELECT config, shard, status, until FROM bucket",
    )
    .next();
  if (row.done) return undefined;
  const { config, shard, status, until } = row.value;
  return { config: JSON.parse(config) as BucketConfig, shard, status, until };
}

export function writeState(sql: SqlStorage, { config, shard, status, until }: BucketState): void {
  sql.exec(
    "INSERT OR REPLACE INTO bucket (id, config, shard, status, until) VALUES (0, ?, ?, ?, ?)",
    JSON.stringify(config),
    shard,
    status,
    until,
  );
}
