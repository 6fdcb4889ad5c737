import { checksumHeader } from "../lib/checksums.ts";
import { confirmsRange, evaluateRead, readConditionHeaders } from "../lib/conditions.ts";
import { formatHttpDate } from "../lib/http-date.ts";
import { formatContentRange, parseRange, type RangeSpec } from "../lib/range.ts";
import type {
  Checksum,
  FoundObject,
  GetObjectCall,
  GetObjectOutcome,
  ObjectRecord,
  Refusal,
  MissingObject,
} from "../metadata/bucket/protocol.ts";
import { MissingBlobError } from "../storage/read-extents.ts";
import { attributeHeaders } from "./attributes.ts";
import type { S3Call, S3Result } from "./call.ts";
import { checkReadKey, encryptionHeaders, openBodyKey } from "./encryption.ts";
import { type CustomerKey, readReadEncryption } from "./encryption-headers.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { expirationHeader } from "./expiration-header.ts";
import { renderLockHeaders } from "./lock-headers.ts";
import { checkReadable, restoreHeader } from "./restored-headers.ts";
import { readVersionId, versionHeader } from "./version-ids.ts";

/** Query parameters that replace a response header (GetObject, "Overriding response header values"). */
const OVERRIDES = [
  "content-type",
  "content-language",
  "expires",
  "cache-control",
  "content-disposition",
  "content-encoding",
] as const;
const MAX_PART_NUMBER = 10_000;

/** GetObject: headers of the object, and its bytes or the range or part asked for. */
export async function getObject(call: S3Call): Promise<S3Result> {
  try {
    return await readObject(call);
  } catch (error) {
    // Replaced and collected since the index answered: nothing is sent yet, so the present object is read (rule 14).
    if (error instanceof MissingBlobError) return readObject(call);
    throw error;
  }
}

async function readObject(call: S3Call): Promise<S3Result> {
  const key = readReadEncryption(call.headers);
  const found = await findObject(call, true, key);
  const { object, body } = found;
  if (object.storageClass !== "STANDARD") checkReadable(object);
  const status = statusOf(found);
  const headers = objectHeaders(call, found);
  if (!body) return { status, headers };
  const length = found.span?.length ?? object.size;
  if (body.kind === "inline") return { status, headers, body: body.bytes, length };
  if (body.extents.length > call.settings.maxReads) throw tooManyReads(call, body.extents.length);
  const encryptionKey = object.attributes.encryption && (await openBodyKey(call, object, key));
  const bytes = await call.store.read(body.extents, {
    cacheable: encryptionKey === undefined,
    encryptionKey,
    defer: call.defer,
    // Bytes that R2 no longer has there may have been moved since the index answered: ask once more (rule 14).
    locateAgain: async () => {
      const again = await findObject(call, true, key);
      return again.object.sequence === object.sequence && again.body?.kind === "extents"
        ? again.body.extents
        : undefined;
    },
  });
  return { status, headers, body: bytes, length };
}

/** HeadObject: the same headers without the bytes. */
export async function headObject(call: S3Call): Promise<S3Result> {
  const found = await findObject(call, false, readReadEncryption(call.headers));
  const length = found.span?.length ?? found.object.size;
  return {
    status: statusOf(found),
    headers: { ...objectHeaders(call, found), "content-length": String(length) },
  };
}

/** The one part of an empty object is all of it: Content-Range could not describe it. */
function statusOf({ object, span }: FoundObject): number {
  return span && object.size > 0 ? 206 : 200;
}

async function findObject(call: S3Call, withBody: boolean, key: CustomerKey | undefined): Promise<FoundObject> {
  const partNumber = readPartNumber(call);
  const rangeHeader = call.headers.get("range");
  if (partNumber !== undefined && rangeHeader !== null) {
    throw s3Error("InvalidRequest", { message: "Cannot specify both Range header and partNumber query parameter" });
  }
  const range = parseRange(rangeHeader);
  let outcome = await askIndex(call, withBody, range, partNumber);
  if ("object" in outcome) call.judge(outcome.object);
  if (range && "object" in outcome && !confirmsRange(call.headers.get("if-range"), outcome.object)) {
    outcome = await askIndex(call, withBody, undefined, undefined);
    if ("object" in outcome) call.judge(outcome.object);
  }
  // Neither the bytes nor what encrypts them is needed to say that there is no such part.
  if ("object" in outcome && outcome.outcome !== "no-such-part") checkReadKey(outcome.object, key);
  switch (outcome.outcome) {
    case "ok":
      checkReadConditions(call, outcome.object);
      return outcome;
    case "range-not-satisfiable":
      // Conditions come before the range (RFC 9110 section 13.2.2).
      checkReadConditions(call, outcome.object);
      throw s3Error("InvalidRange", {
        detail: { RangeRequested: rangeHeader ?? "", ActualObjectSize: String(outcome.object.size) },
        headers: { "content-range": `bytes */${outcome.object.size}` },
      });
    case "no-such-part":
      throw s3Error("InvalidPart", { detail: { PartNumber: String(partNumber) } });
    default:
      throw missingObject(call, outcome);
  }
}

function askIndex(
  call: S3Call,
  withBody: boolean,
  range: RangeSpec | undefined,
  partNumber: number | undefined,
): Promise<Exclude<GetObjectOutcome, Refusal>> {
  const versionId = readVersionId(call);
  return call.bucket.read(call.key, (index, plain): Promise<GetObjectOutcome> => {
    const request: GetObjectCall = {
      ...plain,
      key: call.key,
      withBody,
      ...(versionId === undefined ? {} : { versionId }),
      ...(range === undefined ? {} : { range }),
      ...(partNumber === undefined ? {} : { partNumber }),
    };
    return index.getObject(request);
  });
}

/** The addressed version without its bytes, for what else is said of it, or is to be said by a PUT. */
export async function findRecord(call: S3Call, method: "GET" | "PUT" = "GET"): Promise<ObjectRecord> {
  const outcome = await askIndex(call, false, undefined, undefined);
  if (outcome.outcome === "ok") return outcome.object;
  if (outcome.outcome === "range-not-satisfiable" || outcome.outcome === "no-such-part") {
    throw new Error(`${outcome.outcome} without a range or part asked for`);
  }
  throw missingObject(call, outcome, method);
}

/** The error for an object that is not there, for a GET or HEAD, or a PUT of something about it. */
export function missingObject(call: S3Call, outcome: MissingObject, method: "GET" | "PUT" = "GET") {
  if (call.hidesMissing(call.key)) return s3Error("AccessDenied");
  if (outcome.outcome === "no-such-key") return s3Error("NoSuchKey", { detail: { Key: call.key } });
  if (outcome.outcome === "no-such-version") {
    return s3Error("NoSuchVersion", { detail: { Key: call.key, VersionId: call.query.get("versionId") ?? "" } });
  }
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": outcome.versionId };
  // Asked for by its id, a delete marker is there but cannot be read; nor can it be changed.
  if (call.query.has("versionId") || method === "PUT") {
    return s3Error("MethodNotAllowed", {
      detail: { Method: method, ResourceType: "DeleteMarker" },
      headers: { ...headers, allow: "DELETE", "last-modified": formatHttpDate(outcome.modifiedAt) },
    });
  }
  return s3Error("NoSuchKey", { detail: { Key: call.key }, headers });
}

function readPartNumber(call: S3Call): number | undefined {
  const value = call.query.get("partNumber");
  if (value === undefined) return undefined;
  const partNumber = /^\d+$/.test(value) ? Number(value) : 0;
  if (partNumber < 1 || partNumber > MAX_PART_NUMBER) {
    throw invalidArgument(
      `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
      "partNumber",
      value,
    );
  }
  return partNumber;
}

function checkReadConditions(call: S3Call, object: ObjectRecord): void {
  const decision = evaluateRead(readConditionHeaders(call.headers), object);
  if (decision === "ok") return;
  if (decision === "not-modified") {
    throw s3Error("NotModified", {
      headers: {
        etag: `"${object.etag}"`,
        "last-modified": formatHttpDate(object.modifiedAt),
        ...versionHeader(call.bucket.config, object.versionId),
        ...cacheHeaders(object),
      },
    });
  }
  throw s3Error("PreconditionFailed", {
    detail: { Condition: call.headers.has("if-match") ? "If-Match" : "If-Unmodified-Since" },
  });
}

/** What a 304 repeats of the stored headers (RFC 9110 section 15.4.5). */
function cacheHeaders(object: ObjectRecord): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of ["cache-control", "expires"]) {
    const value = object.attributes.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}

function objectHeaders(call: S3Call, found: FoundObject): Record<string, string> {
  const { object, span } = found;
  const headers: Record<string, string> = {
    ...attributeHeaders(object.attributes),
    "accept-ranges": "bytes",
    etag: `"${object.etag}"`,
    "last-modified": formatHttpDate(object.modifiedAt),
    ...encryptionHeaders(call, object.attributes.encryption),
  };
  Object.assign(headers, versionHeader(call.bucket.config, object.versionId));
  if (!call.query.has("versionId")) Object.assign(headers, expirationHeader(call.bucket.config, object));
  const { tags, lock, replication } = object.attributes;
  if (replication) headers["x-amz-replication-status"] = replication.status;
  if (lock) Object.assign(headers, renderLockHeaders(lock));
  if (tags) headers["x-amz-tagging-count"] = String(tags.length);
  if (object.storageClass !== "STANDARD") {
    headers["x-amz-storage-class"] = object.storageClass;
    Object.assign(headers, restoreHeader(object));
  }
  if (span && span.length > 0) headers["content-range"] = formatContentRange(span, object.size);
  if (call.query.has("partNumber") && object.partsCount !== undefined) {
    headers["x-amz-mp-parts-count"] = String(object.partsCount);
  }
  const checksum = checksumOf(found);
  if (checksum && call.headers.get("x-amz-checksum-mode")?.toUpperCase() === "ENABLED") {
    headers[checksumHeader(checksum.algorithm)] = checksum.value;
    headers["x-amz-checksum-type"] = checksum.type;
  }
  return { ...headers, ...readOverrides(call) };
}

/**
 * The checksum of what is sent: the object's, or the part's with the type of the object's. Of a range there is
 * none: the object's would make clients verify the wrong bytes.
 */
function checksumOf({ object, span, partChecksum }: FoundObject): Checksum | undefined {
  if (object.checksum && partChecksum !== undefined) return { ...object.checksum, value: partChecksum };
  const whole = !span || span.length === object.size;
  return whole ? object.checksum : undefined;
}

function readOverrides(call: S3Call): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const name of OVERRIDES) {
    const value = call.query.get(`response-${name}`);
    if (value === undefined) continue;
    if (call.identity.kind === "anonymous") {
      throw s3Error("InvalidRequest", {
        message: "Request specific response headers cannot be used for anonymous GET requests.",
      });
    }
    // eslint-disable-next-line no-control-regex -- a control character would end the header
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value))
      throw invalidArgument("The header value is not valid.", `response-${name}`, value);
    overrides[name] = value;
  }
  return overrides;
}

/** More blobs than one request may read. */
export function tooManyReads(call: S3Call, reads: number) {
  return s3Error("InvalidRequest", {
    message: `This read needs ${reads} blobs and the deployment's plan allows ${call.settings.maxReads} in one request. Read it in ranges.`,
  });
}
