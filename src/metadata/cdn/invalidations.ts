import { foldRecords } from "./folding.ts";
import { newCdnId } from "./ids.ts";
import type {
  Invalidation,
  InvalidationOutcome,
  InvalidationPage,
  InvalidationRecord,
  InvalidationRequest,
} from "./protocol.ts";

/** Above either of these the older half of the records is folded. */
const MAX_RECORDS = 6_000;
const MAX_CHARACTERS = 1024 * 1024;
/** The store of a location keeps nothing longer than a year: no record needs to be older. A month is for the clocks. */
const KEPT_MS = 396 * 86_400_000;

interface Row extends Record<string, SqlStorageValue> {
  number: number;
  record: string;
}

/** Adds one, under the next number. The same request again gets the first one's answer. */
export function createInvalidation(sql: SqlStorage, request: InvalidationRequest, now: number): InvalidationOutcome {
  const known = findByReference(sql, request.callerReference);
  if (known)
    return isSameRequest(known, request) ? { outcome: "ok", invalidation: known } : { outcome: "already-exists" };
  const invalidation: Invalidation = {
    id: newCdnId("I"),
    callerReference: request.callerReference,
    paths: request.paths,
    tags: request.tags ?? [],
    soft: request.soft ?? false,
    createdAt: now,
  };
  const { last_number: number } = sql
    .exec<{ last_number: number }>(
      "UPDATE state SET last_number = last_number + 1, revision = revision + 1 RETURNING last_number",
    )
    .one();
  sql.exec(
    "INSERT INTO invalidations (number, id, caller_reference, created_at, record) VALUES (?, ?, ?, ?, ?)",
    number,
    invalidation.id,
    invalidation.callerReference,
    now,
    JSON.stringify(invalidation),
  );
  pruneRecords(sql, now);
  foldOldRecords(sql);
  return { outcome: "ok", invalidation };
}

export function findInvalidation(sql: SqlStorage, id: string): Invalidation | undefined {
  const [row] = sql.exec<Row>("SELECT number, record FROM invalidations WHERE id = ?", id);
  return row && readInvalidation(row);
}

/** Newest first, from the one after `afterId` on; from the newest where that is unknown. */
export function listInvalidations(sql: SqlStorage, afterId: string | undefined, limit: number): InvalidationPage {
  const items = sql
    .exec<{ id: string; createdAt: number }>(
      `SELECT id, created_at AS createdAt FROM invalidations
       WHERE number < COALESCE((SELECT number FROM invalidations WHERE id = ?), 9007199254740991)
       ORDER BY number DESC LIMIT ?`,
      afterId ?? null,
      limit + 1,
    )
    .toArray();
  return { items: items.slice(0, limit), truncated: items.length > limit };
}

/** All that counts for answering, in ascending order. */
export function listRecords(sql: SqlStorage): InvalidationRecord[] {
  const state = readFolded(sql);
  return [...state.folded, ...listUnfolded(sql, state.foldedThrough)];
}

function listUnfolded(sql: SqlStorage, after: number): InvalidationRecord[] {
  return sql
    .exec<Row>("SELECT number, record FROM invalidations WHERE number > ? ORDER BY number", after)
    .toArray()
    .map((row) => toRecord(row.number, readInvalidation(row)));
}

/** A record that is too long all by itself is folded as it comes. */
function foldOldRecords(sql: SqlStorage): void {
  const { folded, foldedThrough } = readFolded(sql);
  const { records, characters } = sql
    .exec<{ records: number; characters: number | null }>(
      "SELECT COUNT(*) AS records, SUM(LENGTH(record)) AS characters FROM invalidations WHERE number > ?",
      foldedThrough,
    )
    .one();
  if (records <= MAX_RECORDS && (characters ?? 0) <= MAX_CHARACTERS) return;
  const old = listUnfolded(sql, foldedThrough).slice(0, Math.ceil(records / 2));
  sql.exec(
    "UPDATE state SET folded_through = ?, folded = ?",
    old.at(-1)!.number,
    JSON.stringify(foldRecords([...folded, ...old])),
  );
  foldOldRecords(sql);
}

function pruneRecords(sql: SqlStorage, now: number): void {
  sql.exec("DELETE FROM invalidations WHERE created_at < ?", now - KEPT_MS);
  const { folded } = readFolded(sql);
  const kept = folded.filter((record) => record.at >= now - KEPT_MS);
  if (kept.length < folded.length) sql.exec("UPDATE state SET folded = ?", JSON.stringify(kept));
}

function readFolded(sql: SqlStorage): { folded: readonly InvalidationRecord[]; foldedThrough: number } {
  const state = sql.exec<{ folded: string; folded_through: number }>("SELECT folded, folded_through FROM state").one();
  return { folded: JSON.parse(state.folded) as InvalidationRecord[], foldedThrough: state.folded_through };
}

function findByReference(sql: SqlStorage, callerReference: string): Invalidation | undefined {
  const [row] = sql.exec<Row>("SELECT number, record FROM invalidations WHERE caller_reference = ?", callerReference);
  return row && readInvalidation(row);
}

function readInvalidation(row: Row): Invalidation {
  return JSON.parse(row.record) as Invalidation;
}

function toRecord(number: number, { paths, tags, soft, createdAt }: Invalidation): InvalidationRecord {
  return { number, paths, ...(tags.length > 0 && { tags }), ...(soft && { soft }), at: createdAt };
}

/** The order of paths does not matter. */
function isSameRequest(known: Invalidation, request: InvalidationRequest): boolean {
  return (
    isSameSet(known.paths, request.paths) &&
    isSameSet(known.tags, request.tags ?? []) &&
    known.soft === (request.soft ?? false)
  );
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const names = new Set(other);
  return one.length === other.length && one.every((name) => names.has(name));
}
