import { NULL_VERSION, readVersionSequence } from "../../lib/version-id.ts";
import type { Change } from "./journal.ts";
import { findCurrent, STORED_COLUMNS, type StoredObject, type StoredRow, toStored, writeRow } from "./objects.ts";
import type { ObjectRecord } from "./protocol.ts";
import { readCounter, writeCounter } from "./schema.ts";

/**
 * The versions of a key. The live current one is a row of `objects`; all others, and delete markers, are rows
 * of `versions`. Sequences order them: the current one has the highest of its key, and where there is none
 * the newest row of `versions` is a delete marker, unless the key has no versions at all. A replica's sequence is
 * a fraction: its id is its source's, and its place is among versions that were given theirs before (replicas.ts).
 */

export interface DeleteMarker {
  readonly sequence: number;
  readonly versionId: string;
  readonly modifiedAt: number;
  readonly latest: boolean;
}
/** `current`: it is the row of `objects`. */
export type FoundObject = { readonly found: "object"; readonly current: boolean } & StoredObject;
export type FoundMarker = { readonly found: "marker"; readonly marker: DeleteMarker };
export type FoundVersion = FoundObject | FoundMarker | { readonly found: "nothing" };

const NOTHING = { found: "nothing" } as const;
const SELECT = `SELECT ${STORED_COLUMNS} FROM versions WHERE key = ?`;

/** A version by id; without an id the current one, or the delete marker that hides it. */
export function findVersion(sql: SqlStorage, key: string, versionId: string | undefined): FoundVersion {
  const current = findCurrent(sql, key);
  if (current && (versionId === undefined || current.record.versionId === versionId)) {
    return { found: "object", current: true, ...current };
  }
  if (versionId === undefined) return read(sql, `${SELECT} ORDER BY sequence DESC LIMIT 1`, key) ?? NOTHING;
  return findNoncurrent(sql, key, versionId) ?? NOTHING;
}

/** A version, by id, that is not the live current one. */
export function findNoncurrent(sql: SqlStorage, key: string, versionId: string): FoundObject | FoundMarker | undefined {
  // The literal lets SQLite use the index of null versions.
  if (versionId === NULL_VERSION) return read(sql, `${SELECT} AND version_id = 'null'`, key);
  const sequence = readVersionSequence(versionId);
  if (sequence === undefined) return undefined;
  return (
    read(sql, `${SELECT} AND sequence = ? AND version_id = ?`, key, sequence, versionId) ??
    (hasReplicas(sql) ? read(sql, `${SELECT} AND version_id = ? AND ${IS_REPLICA}`, key, versionId) : undefined)
  );
}

/** As in the index that is made with the first replica. */
const IS_REPLICA = "sequence <> CAST(sequence AS INTEGER)";

/** Whether a replica has ever come: only then are there ids whose sequence is not that of this index. */
export function hasReplicas(sql: SqlStorage): boolean {
  return readCounter(sql, "replicas") > 0;
}

/** The same after a rebuild, which knows the rows alone. */
export function noticeReplicas(sql: SqlStorage): void {
  const [replica] = sql
    .exec(`SELECT 1 FROM objects WHERE ${IS_REPLICA} UNION ALL SELECT 1 FROM versions WHERE ${IS_REPLICA} LIMIT 1`)
    .raw();
  if (replica) expectReplicas(sql);
}

/** To be called before a replica is written. Few buckets ever have one: the index is made with the first. */
export function expectReplicas(sql: SqlStorage): void {
  if (hasReplicas(sql)) return;
  sql.exec(`CREATE INDEX IF NOT EXISTS replica_versions ON versions (key, version_id) WHERE ${IS_REPLICA}`);
  writeCounter(sql, "replicas", 1);
}

/** The highest sequence among the versions of a key; undefined where it has none. */
export function findLatestSequence(sql: SqlStorage, key: string): number | undefined {
  const { latest } = sql
    .exec<{ latest: number | null }>(
      `SELECT coalesce((SELECT sequence FROM objects WHERE key = ?1),
         (SELECT sequence FROM versions WHERE key = ?1 ORDER BY sequence DESC LIMIT 1)) AS latest`,
      key,
    )
    .one();
  return latest ?? undefined;
}

/** Copies the current version to the noncurrent ones. The caller replaces or removes the row of `objects`. */
export function keepNoncurrent(change: Change, { key, sequence }: StoredObject["record"]): void {
  change.sql.exec(`INSERT INTO versions (${STORED_COLUMNS}) SELECT ${STORED_COLUMNS} FROM objects WHERE key = ?`, key);
  change.touch("versions", key, sequence);
}

/** After its latest version was removed: the next newest becomes current, if it is an object. */
export function promoteNewest(change: Change, key: string): void {
  const [promoted] = change.sql
    .exec<{ sequence: number }>(
      `INSERT INTO objects (${STORED_COLUMNS}) SELECT ${STORED_COLUMNS} FROM versions
       WHERE key = ?1 AND body_kind <> 'marker' AND sequence = (SELECT max(sequence) FROM versions WHERE key = ?1)
       RETURNING sequence`,
      key,
    )
    .toArray();
  if (!promoted) return;
  change.touch("objects", key);
  removeNoncurrent(change, key, promoted.sequence);
}

/** A version that is not the latest of its key from the beginning. */
export function writeNoncurrent(change: Change, stored: StoredObject): void {
  writeRow(change, "versions", stored);
  change.touch("versions", stored.record.key, stored.record.sequence);
}

/** The owner of a delete marker is the account that deleted. Its row has no body. */
export function writeMarker(
  change: Change,
  {
    key,
    sequence,
    versionId,
    modifiedAt,
    ownerId,
  }: Pick<ObjectRecord, "key" | "sequence" | "versionId" | "modifiedAt" | "ownerId">,
): void {
  change.sql.exec(
    `INSERT INTO versions (${STORED_COLUMNS}) VALUES (?, ?, ?, 0, '', ?, '', ?, NULL, 'marker', '', NULL, '{}')`,
    key,
    sequence,
    versionId,
    modifiedAt,
    ownerId,
  );
  change.touch("versions", key, sequence);
}

/** Removes the row of a noncurrent version or delete marker, and leaves its body alone. */
export function removeNoncurrent(change: Change, key: string, sequence: number): void {
  change.sql.exec("DELETE FROM versions WHERE key = ? AND sequence = ?", key, sequence);
  change.touch("versions", key, sequence);
}

function read(sql: SqlStorage, query: string, ...bindings: (string | number)[]): FoundObject | FoundMarker | undefined {
  const raw = sql
    .exec(query, ...bindings)
    .raw()
    .next();
  if (raw.done) return undefined;
  const row = raw.value as unknown as StoredRow;
  if (row[9] !== "marker") return { found: "object", current: false, ...toStored(row) };
  const latest = findLatestSequence(sql, row[0]) === row[1];
  return { found: "marker", marker: { sequence: row[1], versionId: row[2], modifiedAt: row[5], latest } };
}
