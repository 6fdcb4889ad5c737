import type { Span } from "../../lib/range.ts";
import type { Change } from "./journal.ts";
import type { ChecksumAlgorithm, Extent, PartExtent } from "./protocol.ts";

/** Parts a row: 10,000 parts are 40 rows, and a range reads few of them. */
const PARTS_A_CHUNK = 256;

/** A part as stored. A blob is always used whole, so its length is the part's. */
type StoredPart = readonly [
  partNumber: number,
  blob: string,
  size: number,
  checksum?: string,
  checksumAlgorithm?: ChecksumAlgorithm,
];

/** One part of a manifest, and where its bytes are in the whole. */
export interface FoundPart {
  readonly part: PartExtent;
  readonly span: Span;
}

export function writeManifest(change: Change, id: string, parts: readonly PartExtent[]): void {
  let offset = 0;
  for (let first = 0; first < parts.length; first += PARTS_A_CHUNK) {
    const chunk = parts.slice(first, first + PARTS_A_CHUNK);
    const length = chunk.reduce((sum, part) => sum + part.size, 0);
    change.sql.exec(
      "INSERT INTO manifests (id, first_part, offset, length, parts) VALUES (?, ?, ?, ?, ?)",
      id,
      chunk[0]?.partNumber ?? 0,
      offset,
      length,
      JSON.stringify(chunk.map(toStored)),
    );
    offset += length;
  }
  change.touch("manifests", id);
}

export function manifestExists(sql: SqlStorage, id: string): boolean {
  return sql.exec("SELECT 1 FROM manifests WHERE id = ? LIMIT 1", id).raw().next().done !== true;
}

/** Where the bytes of `span` are, reading only the chunks that it overlaps. */
export function readExtents(sql: SqlStorage, id: string, span: Span): Extent[] {
  const end = span.offset + span.length;
  const chunks = sql.exec<{ offset: number; parts: string }>(
    "SELECT offset, parts FROM manifests WHERE id = ? AND offset < ? AND offset + length > ? ORDER BY first_part",
    id,
    end,
    span.offset,
  );
  const extents: Extent[] = [];
  for (const chunk of chunks) {
    let start = chunk.offset;
    for (const [, blob, size] of parseParts(chunk.parts)) {
      const from = Math.max(span.offset, start);
      const to = Math.min(end, start + size);
      if (from < to) extents.push({ blob, offset: from - start, length: to - from, blobSize: size });
      start += size;
    }
  }
  return extents;
}

/** One part, by the number under which it was uploaded; undefined where there is no such part. */
export function findPart(sql: SqlStorage, id: string, partNumber: number): FoundPart | undefined {
  const row = sql
    .exec<{ offset: number; parts: string }>(
      "SELECT offset, parts FROM manifests WHERE id = ? AND first_part <= ? ORDER BY first_part DESC LIMIT 1",
      id,
      partNumber,
    )
    .next();
  if (row.done) return undefined;
  let offset = row.value.offset;
  for (const stored of parseParts(row.value.parts)) {
    const part = toPartExtent(stored);
    if (part.partNumber === partNumber) return { part, span: { offset, length: part.size } };
    offset += part.size;
  }
  return undefined;
}

/** Parts after `afterPartNumber` in order, at most `limit`. */
export function readParts(
  sql: SqlStorage,
  id: string,
  afterPartNumber = 0,
  limit = Number.POSITIVE_INFINITY,
): PartExtent[] {
  // The last chunk that begins at or before the wanted part may still hold it.
  const chunks = sql.exec<{ parts: string }>(
    `SELECT parts FROM manifests WHERE id = ?1 AND first_part >= coalesce(
       (SELECT max(first_part) FROM manifests WHERE id = ?1 AND first_part <= ?2), 0) ORDER BY first_part`,
    id,
    afterPartNumber,
  );
  const found: PartExtent[] = [];
  for (const chunk of chunks) {
    for (const part of parseParts(chunk.parts)) {
      if (part[0] <= afterPartNumber) continue;
      if (found.length >= limit) return found;
      found.push(toPartExtent(part));
    }
  }
  return found;
}

/** Whether the manifest has this blob as this part. */
export function manifestHolds(sql: SqlStorage, id: string, partNumber: number, blob: string): boolean {
  return readParts(sql, id, partNumber - 1, 1).some((part) => part.partNumber === partNumber && part.blob === blob);
}

function toStored(part: PartExtent): StoredPart {
  const { partNumber, blob, size, checksum, checksumAlgorithm } = part;
  if (checksum === undefined) return [partNumber, blob, size];
  if (checksumAlgorithm === undefined) return [partNumber, blob, size, checksum];
  return [partNumber, blob, size, checksum, checksumAlgorithm];
}

function toPartExtent([partNumber, blob, size, checksum, checksumAlgorithm]: StoredPart): PartExtent {
  return {
    partNumber,
    blob,
    size,
    ...(checksum !== undefined && { checksum }),
    ...(checksumAlgorithm !== undefined && { checksumAlgorithm }),
  };
}

function parseParts(json: string): readonly StoredPart[] {
  return JSON.parse(json) as readonly StoredPart[];
}
