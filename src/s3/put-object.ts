import { checksumHeader } from "../lib/checksums.ts";
import { parseEntityTags } from "../lib/conditions.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { withAcl } from "../metadata/bucket/object-acl.ts";
import type { ObjectRecord, WriteConditions, WriteRefusal } from "../metadata/bucket/protocol.ts";
import { readAttributes, readStorageClass, refuseUnsupportedHeaders } from "./attributes.ts";
import type { S3Call, S3Result } from "./call.ts";
import { checkDefaultEncryption, chooseEncryption, encryptionHeaders } from "./encryption.ts";
import { readWrittenRights } from "./acl/write-acl.ts";
import { notImplementedHeader, s3Error } from "./errors.ts";
import { expirationHeader } from "./expiration-header.ts";
import { missingObjectLock, protectedByLock } from "./lock-headers.ts";
import { INLINE_LIMIT, readUploadLength, storeBody } from "./upload-body.ts";
import { readExpectedChecksum } from "./upload-checksum.ts";

/** Larger bodies are announced to the index first, so that they are not sent only to be refused (rule 6). */
export const PREFLIGHT_BYTES = 8 * 1024 ** 2;

/** PutObject: the body becomes the key's current version in one commit. */
export async function putObject(call: S3Call): Promise<S3Result> {
  refuseUnsupportedHeaders(call.headers);
  const { ownerId, acl } = await readWrittenRights(call);
  const encryption = await chooseEncryption(call);
  const chosenBy = call.bucket.config.revision;
  const attributes = {
    ...withAcl(readAttributes(call.headers), acl),
    ...(encryption && { encryption: encryption.record }),
  };
  const locks = attributes.lock !== undefined;
  if (locks) requireIntegrity(call);
  const storageClass = readStorageClass(call.headers);
  const conditions = readWriteConditions(call.headers);
  await preflight(call, conditions, locks);
  const body = await storeBody(
    call,
    !encryption,
    { key: call.key, storageClass, ownerId, attributes },
    encryption?.key,
  );
  const object = {
    key: call.key,
    size: body.size,
    etag: body.md5,
    storageClass,
    ownerId,
    attributes,
    ...(body.checksum ? { checksum: body.checksum } : {}),
  };
  const commit = call.bucket.mutate(call.key, call.requestId, (index, plain) => {
    if (plain.revision !== chosenBy) checkDefaultEncryption(call, encryption);
    return index.putObject({ ...plain, object, body: body.location, conditions });
  });
  // A client that hangs up now does not leave the blob without its row (rule 9).
  call.defer(commit);
  const outcome = await commit;
  if (outcome.outcome === "ok") {
    return {
      headers: { ...writtenHeaders(call, outcome.object), ...expirationHeader(call.bucket.config, outcome.object) },
    };
  }
  if (body.location.kind === "blob") call.store.discard([body.location.blob], call.defer);
  throw refusedWrite(call, outcome);
}

/** S3 locks no bytes that may have been damaged on their way. */
function requireIntegrity(call: S3Call): void {
  if (readExpectedChecksum(call) || call.headers.has("content-md5")) return;
  throw s3Error("InvalidRequest", {
    message:
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
  });
}

async function preflight(call: S3Call, conditions: WriteConditions, locks: boolean): Promise<void> {
  const length = readUploadLength(call);
  const conditional = conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined;
  const large = length === undefined || length > PREFLIGHT_BYTES;
  if (!large && !(conditional && length > INLINE_LIMIT)) return;
  const outcome = await call.bucket.read(call.key, (index, plain) =>
    index.checkWrite({ ...plain, key: call.key, conditions, ...(locks && { locks }) }),
  );
  if (outcome.outcome === "no-such-upload") throw s3Error("NoSuchUpload");
  if (outcome.outcome !== "ok") throw refusedWrite(call, outcome);
}

/** `If-Match` and `If-None-Match`, one of them, each with ETags or `*`; S3 knows no other conditions on a write. */
export function readWriteConditions(headers: HeaderFields): WriteConditions {
  for (const name of ["if-modified-since", "if-unmodified-since"]) {
    if (headers.has(name)) throw notImplementedHeader(name);
  }
  const ifMatch = headers.get("if-match");
  const ifNoneMatch = headers.get("if-none-match");
  if (ifMatch !== null && ifNoneMatch !== null) throw notImplementedHeader("If-Match and If-None-Match together");
  return {
    ...(ifMatch === null ? {} : { ifMatch: parseEntityTags(ifMatch) }),
    ...(ifNoneMatch === null ? {} : { ifNoneMatch: parseEntityTags(ifNoneMatch, "weak") }),
  };
}

/** The error for a write that the index refused. */
export function refusedWrite(call: S3Call, refusal: WriteRefusal) {
  if (refusal.outcome === "precondition-failed") {
    return s3Error("PreconditionFailed", {
      detail: { Condition: call.headers.has("if-match") ? "If-Match" : "If-None-Match" },
    });
  }
  if (refusal.outcome === "no-such-key") return s3Error("NoSuchKey", { detail: { Key: call.key } });
  if (refusal.outcome === "locked") return protectedByLock();
  if (refusal.outcome === "no-object-lock") return missingObjectLock();
  // Minted too long ago to be referred to safely (rule 5), or for a bucket that had the name before.
  return s3Error("ServiceUnavailable", { message: "The bytes can no longer be committed. Please send them again." });
}

/** Response headers of a committed write. */
export function writtenHeaders(call: S3Call, object: ObjectRecord): Record<string, string> {
  const headers: Record<string, string> = {
    etag: `"${object.etag}"`,
    ...encryptionHeaders(call, object.attributes.encryption),
  };
  if (object.versionId !== "null") headers["x-amz-version-id"] = object.versionId;
  if (object.checksum) {
    headers[checksumHeader(object.checksum.algorithm)] = object.checksum.value;
    headers["x-amz-checksum-type"] = object.checksum.type;
  }
  return headers;
}
