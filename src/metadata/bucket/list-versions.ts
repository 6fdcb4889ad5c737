import { belowEnd, CommonPrefix, type Position, startAfter, walk } from "./listing.ts";
import { NULL_VERSION, readPosition, readVersionSequence } from "../../lib/version-id.ts";
import { LISTED_COLUMNS, type ListedRow, toListed } from "./objects.ts";
import type { Call, ListedObject, Outcome } from "./protocol.ts";
import { findLatestSequence, findVersion, hasReplicas } from "./versions.ts";

/** ListObjectVersions, of one index object. */
export interface ListVersionsCall extends Call {
  readonly prefix: string;
  readonly delimiter: string;
  /** Exclusive position: after this version of this key, or after all versions of the key when `versionId` is absent. */
  readonly afterKey: string;
  readonly afterVersionId?: string;
  readonly limit: number;
}
export type ListedVersion = ListedObject & { readonly latest: boolean; readonly deleteMarker: boolean };
export type VersionEntry = { readonly key: string; readonly version: ListedVersion } | { readonly prefix: string };
export type ListVersionsOutcome = Outcome<{ readonly entries: readonly VersionEntry[]; readonly truncated: boolean }>;

type VersionRow = readonly [...ListedRow, bodyKind: string];

const COLUMNS = `${LISTED_COLUMNS}, body_kind`;

/** A page of ListObjectVersions: keys in order, the versions of each from the newest. */
export function listVersions(sql: SqlStorage, call: ListVersionsCall): ListVersionsOutcome {
  const { prefix, delimiter, limit } = call;
  const start = findStart(sql, call);
  if (!start) return { outcome: "ok", entries: [], truncated: false };
  const page = walk<VersionRow>({
    prefix,
    delimiter,
    limit,
    start,
    keyOf: (row) => row[0],
    tieOf: (row) => row[1],
    scan: (from, end, rows) => scanVersions(sql, from, end, rows),
  });
  // Of a key that the page begins amid, the latest version has usually been left behind.
  let latest = start.tie === undefined ? undefined : { key: start.key, sequence: findLatestSequence(sql, start.key) };
  const entries = page.entries.map((entry): VersionEntry => {
    if (entry instanceof CommonPrefix) return { prefix: entry.prefix };
    const [key, sequence] = entry;
    if (latest?.key !== key) latest = { key, sequence };
    const listed = toListed(entry as unknown as ListedRow);
    return { key, version: { ...listed, latest: latest.sequence === sequence, deleteMarker: entry[9] === "marker" } };
  });
  return { outcome: "ok", entries, truncated: page.truncated };
}

function findStart(sql: SqlStorage, call: ListVersionsCall): Position | undefined {
  const start = startAfter(call.prefix, call.delimiter, call.afterKey);
  if (!start || start.inclusive || call.afterVersionId === undefined) return start;
  const sequence = findMarkerSequence(sql, call.afterKey, call.afterVersionId);
  return sequence === undefined ? start : { ...start, tie: sequence };
}

/** The version that a page ended with may be gone; its id still says where it was. */
function findMarkerSequence(sql: SqlStorage, key: string, versionId: string): number | undefined {
  const position = readPosition(versionId);
  if (position !== undefined) return position;
  if (versionId !== NULL_VERSION && !hasReplicas(sql)) return readVersionSequence(versionId);
  const version = findVersion(sql, key, versionId);
  if (version.found === "nothing") return versionId === NULL_VERSION ? undefined : readVersionSequence(versionId);
  return version.found === "object" ? version.record.sequence : version.marker.sequence;
}

function scanVersions(sql: SqlStorage, from: Position, end: string | undefined, limit: number): VersionRow[] {
  const rest = from.tie === undefined ? [] : readRest(sql, from.key, from.tie, limit);
  if (rest.length >= limit) return rest;
  const where = `WHERE key ${from.inclusive ? ">=" : ">"} ?1 AND ${belowEnd(end)}`;
  // SQLite merges the two in order of their primary keys; it sorts nothing.
  const merged = sql.exec(
    `SELECT ${COLUMNS} FROM objects ${where} UNION ALL SELECT ${COLUMNS} FROM versions ${where}
     ORDER BY key, sequence DESC LIMIT ?3`,
    from.key,
    end ?? null,
    limit - rest.length,
  );
  return [...rest, ...(merged.raw() as unknown as Iterable<VersionRow>)];
}

/** What is left of a key. Its current version is among it if a newer one was deleted since the last page. */
function readRest(sql: SqlStorage, key: string, after: string | number, limit: number): VersionRow[] {
  const rest = sql.exec(
    `SELECT ${COLUMNS} FROM objects WHERE key = ?1 AND sequence < ?2
     UNION ALL SELECT ${COLUMNS} FROM versions WHERE key = ?1 AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3`,
    key,
    after,
    limit,
  );
  return [...rest.raw()] as unknown as VersionRow[];
}
