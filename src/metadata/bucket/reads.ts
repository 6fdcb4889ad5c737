import { resolveRange, type Span } from "../../lib/range.ts";
import { locateBody } from "./bodies.ts";
import { findPartSpan, readParts } from "./manifests.ts";
import { findVersion, type FoundVersion, type StoredObject } from "./objects.ts";
import type {
  GetObjectCall,
  GetObjectOutcome,
  ListObjectPartsCall,
  ListObjectPartsOutcome,
  MissingObject,
} from "./protocol.ts";

/** GetObject and HeadObject: the version, the resolved range, and where its bytes are. */
export function getObject(sql: SqlStorage, call: GetObjectCall): GetObjectOutcome {
  const version = findVersion(sql, call.key, call.versionId);
  if (version.found !== "object") return describeAbsence(version, call.versionId);
  const { record, body } = version;
  const span = selectSpan(sql, version, call);
  if (span === "unsatisfiable") return { outcome: "range-not-satisfiable", object: record };
  if (span === "no-such-part") return { outcome: "no-such-part", object: record };
  return {
    outcome: "ok",
    object: record,
    ...(span && { span }),
    ...(call.withBody && { body: locateBody(sql, body, record.size, span ?? { offset: 0, length: record.size }) }),
  };
}

/** The parts of an object (GetObjectAttributes); none unless it was made by multipart upload. */
export function listObjectParts(sql: SqlStorage, call: ListObjectPartsCall): ListObjectPartsOutcome {
  const version = findVersion(sql, call.key, call.versionId);
  if (version.found !== "object") return describeAbsence(version, call.versionId);
  const { record, body } = version;
  if (record.partsCount === undefined) return { outcome: "ok", object: record, parts: [], truncated: false };
  const found = readParts(sql, body.id, call.afterPartNumber, call.limit + 1);
  const parts = found
    .slice(0, call.limit)
    .map(({ partNumber, size, checksum }) => ({ partNumber, size, ...(checksum !== undefined && { checksum }) }));
  return { outcome: "ok", object: record, parts, truncated: found.length > parts.length };
}

function describeAbsence(
  version: Exclude<FoundVersion, { found: "object" }>,
  versionId: string | undefined,
): MissingObject {
  if (version.found === "marker") return { outcome: "delete-marker", ...version.marker };
  return { outcome: versionId === undefined ? "no-such-key" : "no-such-version" };
}

function selectSpan(
  sql: SqlStorage,
  { record, body }: StoredObject,
  call: GetObjectCall,
): Span | undefined | "unsatisfiable" | "no-such-part" {
  if (call.partNumber !== undefined) {
    if (record.partsCount !== undefined) return findPartSpan(sql, body.id, call.partNumber) ?? "no-such-part";
    // An object that was put in one piece counts as its own only part.
    return call.partNumber === 1 ? { offset: 0, length: record.size } : "no-such-part";
  }
  if (call.range === undefined) return undefined;
  // S3 answers readers of tails (of Parquet files, say) with the whole of nothing.
  if (record.size === 0 && "suffix" in call.range && call.range.suffix > 0) return undefined;
  return resolveRange(call.range, record.size) ?? "unsatisfiable";
}
