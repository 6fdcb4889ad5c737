import { resolveRange, type Span } from "../../lib/range.ts";
import { locateBody } from "./bodies.ts";
import { findPart, readParts } from "./manifests.ts";
import type { StoredObject } from "./objects.ts";
import type {
  GetObjectCall,
  GetObjectOutcome,
  ListObjectPartsCall,
  ListObjectPartsOutcome,
  MissingObject,
  ObjectRecord,
  PartExtent,
} from "./protocol.ts";
import { findVersion, type FoundVersion } from "./versions.ts";

/** GetObject and HeadObject: the version, the resolved range, and where its bytes are. */
export function getObject(sql: SqlStorage, call: GetObjectCall): GetObjectOutcome {
  const version = findVersion(sql, call.key, call.versionId);
  if (version.found !== "object") return describeAbsence(version, call.versionId);
  const { record, body } = version;
  const selection = select(sql, version, call);
  if (selection === "unsatisfiable") return { outcome: "range-not-satisfiable", object: record };
  if (selection === "no-such-part") return { outcome: "no-such-part", object: record };
  const { span } = selection;
  return {
    outcome: "ok",
    object: record,
    ...selection,
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
  const parts = found.slice(0, call.limit).map((part) => {
    const checksum = comparableChecksum(part, record);
    return { partNumber: part.partNumber, size: part.size, ...(checksum !== undefined && { checksum }) };
  });
  return { outcome: "ok", object: record, parts, truncated: found.length > parts.length };
}

export function describeAbsence(
  version: Exclude<FoundVersion, { found: "object" }>,
  versionId: string | undefined,
): MissingObject {
  if (version.found === "marker") {
    const { sequence: _sequence, ...marker } = version.marker;
    return { outcome: "delete-marker", ...marker };
  }
  return { outcome: versionId === undefined ? "no-such-key" : "no-such-version" };
}

/** What of the object is wanted: no span for all of it. */
interface Selection {
  readonly span?: Span;
  readonly partChecksum?: string;
}

function select(
  sql: SqlStorage,
  object: StoredObject,
  { partNumber, range }: GetObjectCall,
): Selection | "unsatisfiable" | "no-such-part" {
  const { record } = object;
  if (partNumber !== undefined) return selectPart(sql, object, partNumber) ?? "no-such-part";
  if (range === undefined) return {};
  // S3 answers readers of tails (of Parquet files, say) with the whole of nothing.
  if (record.size === 0 && "suffix" in range && range.suffix > 0) return {};
  const span = resolveRange(range, record.size);
  return span ? { span } : "unsatisfiable";
}

function selectPart(sql: SqlStorage, { record, body }: StoredObject, partNumber: number): Selection | undefined {
  if (record.partsCount !== undefined) {
    const found = findPart(sql, body.id, partNumber);
    if (!found) return undefined;
    const partChecksum = comparableChecksum(found.part, record);
    return { span: found.span, ...(partChecksum !== undefined && { partChecksum }) };
  }
  // An object that was put in one piece counts as its own only part.
  if (partNumber !== 1) return undefined;
  return { span: { offset: 0, length: record.size } };
}

/** The checksum of a part, unless the object's is of another algorithm, as a copy's may be. */
function comparableChecksum({ checksum, checksumAlgorithm }: PartExtent, record: ObjectRecord): string | undefined {
  return checksumAlgorithm === record.checksum?.algorithm ? checksum : undefined;
}
