import type { Checksum } from "../../lib/checksums.ts";
import type { Body, BodyKind, Change } from "./journal.ts";
import type { ListedObject, ObjectAttributes, ObjectRecord } from "./protocol.ts";

/** Columns that listings read, in the order of `ListedRow`. */
export const LISTED_COLUMNS = "key, sequence, version_id, size, etag, modified, storage_class, owner, checksum";
export const STORED_COLUMNS = `${LISTED_COLUMNS}, body_kind, body_id, parts, attributes`;

/** A row of `LISTED_COLUMNS`, raw: objects with named columns cost several times as much. */
export type ListedRow = readonly [
  key: string,
  sequence: number,
  versionId: string,
  size: number,
  etag: string,
  modified: number,
  storageClass: string,
  owner: string,
  checksum: string | null,
];
export type StoredRow = readonly [
  ...ListedRow,
  bodyKind: BodyKind | "marker",
  bodyId: string,
  parts: number | null,
  attributes: string,
];

/** A version with the whereabouts of its bytes. */
export interface StoredObject {
  readonly record: ObjectRecord;
  readonly body: Body;
}

/** The live current version of a key. */
export function findCurrent(sql: SqlStorage, key: string): StoredObject | undefined {
  const row = sql.exec(`SELECT ${STORED_COLUMNS} FROM objects WHERE key = ?`, key).raw().next();
  return row.done ? undefined : toStored(row.value as unknown as StoredRow);
}

/** Makes this the current version of its key. The caller has seen to the former one (succession.ts). */
export function writeCurrent(change: Change, stored: StoredObject): void {
  writeRow(change, "objects", stored);
  change.touch("objects", stored.record.key);
}

export function writeRow(change: Change, table: "objects" | "versions", { record, body }: StoredObject): void {
  change.sql.exec(
    `INSERT OR REPLACE INTO ${table} (${STORED_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    record.key,
    record.sequence,
    record.versionId,
    record.size,
    record.etag,
    record.modifiedAt,
    record.storageClass,
    record.ownerId,
    formatChecksum(record.checksum),
    body.kind,
    body.id,
    record.partsCount ?? null,
    JSON.stringify(record.attributes),
  );
}

/** Writes the attributes of a version that exists, and nothing else of it. */
export function rewriteAttributes(change: Change, { key, sequence, attributes }: ObjectRecord): void {
  const values = [JSON.stringify(attributes), key, sequence];
  const current = change.sql.exec("UPDATE objects SET attributes = ? WHERE key = ? AND sequence = ?", ...values);
  if (current.rowsWritten > 0) return change.touch("objects", key);
  change.sql.exec("UPDATE versions SET attributes = ? WHERE key = ? AND sequence = ?", ...values);
  change.touch("versions", key, sequence);
}

/** Writes the storage class of a version that exists, and nothing else of it. */
export function rewriteStorageClass(change: Change, { key, sequence }: ObjectRecord, storageClass: string): void {
  const values = [storageClass, key, sequence];
  const current = change.sql.exec("UPDATE objects SET storage_class = ? WHERE key = ? AND sequence = ?", ...values);
  if (current.rowsWritten > 0) return change.touch("objects", key);
  change.sql.exec("UPDATE versions SET storage_class = ? WHERE key = ? AND sequence = ?", ...values);
  change.touch("versions", key, sequence);
}

export function removeCurrent(change: Change, key: string): void {
  change.sql.exec("DELETE FROM objects WHERE key = ?", key);
  change.touch("objects", key);
}

/** Whether the bucket holds any version of anything. */
export function isEmpty(sql: SqlStorage): boolean {
  const { found } = sql
    .exec<{ found: number }>("SELECT EXISTS (SELECT 1 FROM objects) OR EXISTS (SELECT 1 FROM versions) AS found")
    .one();
  return found === 0;
}

export function toListed(row: ListedRow): ListedObject {
  const checksum = parseChecksum(row[8]);
  return {
    key: row[0],
    sequence: row[1],
    versionId: row[2],
    size: row[3],
    etag: row[4],
    modifiedAt: row[5],
    storageClass: row[6],
    ownerId: row[7],
    ...(checksum && { checksum }),
  };
}

export function toStored(row: StoredRow): StoredObject {
  if (row[9] === "marker") throw new Error("a delete marker has no body");
  return {
    record: {
      ...toListed(row as unknown as ListedRow),
      attributes: JSON.parse(row[12]) as ObjectAttributes,
      ...(row[11] !== null && { partsCount: row[11] }),
    },
    body: { kind: row[9], id: row[10] },
  };
}

/** `algorithm:type:value` in one column: listings return the algorithm and type, and read no JSON. */
function formatChecksum(checksum: Checksum | undefined): string | null {
  return checksum ? `${checksum.algorithm}:${checksum.type}:${checksum.value}` : null;
}

function parseChecksum(text: string | null): Checksum | undefined {
  if (text === null) return undefined;
  const [algorithm, type, value] = text.split(":");
  return { algorithm, type, value } as Checksum;
}
