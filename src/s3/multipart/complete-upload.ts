import { aclsCount } from "../../auth/policy/bucket-documents.ts";
import { checksumElement } from "../../lib/checksums.ts";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { element, malformedXml, type XmlNode } from "../../lib/xml.ts";
import type {
  CompleteUploadCall,
  CompleteUploadOutcome,
  ObjectRecord,
  Refusal,
} from "../../metadata/bucket/protocol.ts";
import type { S3Call, S3Result } from "../call.ts";
import { checkCompletionKey, encryptionHeaders } from "../encryption.ts";
import { s3Error } from "../errors.ts";
import { expirationHeader } from "../expiration-header.ts";
import { objectUrl } from "../object-url.ts";
import { readWriteConditions, refusedWrite, writtenHeaders } from "../put-object.ts";
import { checksumMismatch } from "../upload-checksum.ts";
import { parseXmlBody, readBoundedBody } from "../xml-body.ts";
import { parseCompletedParts } from "./completed-parts.ts";
import { readChecksumType } from "./create-upload.ts";
import { readObjectChecksum } from "./object-checksum.ts";
import { noSuchUpload, readUploadId, type UploadId } from "./upload-id.ts";

/** Holds 10,000 parts with the longest checksums, indented. */
const MAX_BODY_BYTES = 4 * 1024 ** 2;
/** Every part but the last. */
const MIN_PART_BYTES = 5 * 1024 ** 2;

/** CompleteMultipartUpload: the listed parts become the object, in one commit. Repeated, it answers the same again. */
export async function completeMultipartUpload(call: S3Call): Promise<S3Result> {
  const upload = readUploadId(call);
  const conditions = readWriteConditions(call.headers);
  const type = readChecksumType(call.headers);
  const size = readObjectSize(call.headers);
  const parts = parseCompletedParts(await readPartList(call), upload);
  const checksum = readObjectChecksum(call.headers, upload, parts.length);
  await checkKey(call, upload);
  const request: Omit<CompleteUploadCall, "revision" | "operationId" | "repeated"> = {
    key: call.key,
    uploadId: upload.id,
    parts,
    conditions,
    ...(checksum && { checksum }),
    ...(upload.checksum && type !== undefined && { checksumType: type }),
    ...(size !== undefined && { size }),
    // Where ACLs are off, everything belongs to the bucket's owner.
    ...(!aclsCount(call.bucket.config) && { ownerId: call.bucket.config.accountId }),
  };
  const commit = call.bucket.mutate(call.key, call.requestId, (index, plain): Promise<CompleteUploadOutcome> =>
    index.completeUpload({ ...plain, ...request }),
  );
  call.defer(commit);
  const outcome = await commit;
  if (outcome.outcome !== "ok") throw refusedCompletion(call, upload, outcome, size);
  return completed(call, outcome.object);
}

/** What encrypts an upload only the index knows. The key has to come again where checksums are in play. */
async function checkKey(call: S3Call, upload: UploadId): Promise<void> {
  if (!upload.encrypted) return;
  const { key } = call;
  const found = await call.bucket.read(key, (index, plain) =>
    index.checkWrite({ ...plain, key, conditions: {}, uploadId: upload.id, completes: true }),
  );
  // A completion that is repeated finds no upload any more, and its answer in the index.
  if (found.outcome !== "ok") return;
  checkCompletionKey(call.headers, found.encryption, upload.checksum !== undefined || found.checked === true);
}

async function readPartList(call: S3Call): Promise<XmlNode> {
  const body = await readBoundedBody(call, MAX_BODY_BYTES);
  // A list without parts; everywhere else S3 says that the body is missing.
  if (body.length === 0) throw malformedXml();
  return parseXmlBody(body);
}

function completed(call: S3Call, object: ObjectRecord): S3Result {
  const { checksum } = object;
  // Whole and composite checksums are elements of this answer, not headers.
  const { "x-amz-version-id": versionId } = writtenHeaders(call, object);
  return {
    headers: {
      ...encryptionHeaders(call, object.attributes.encryption),
      ...(versionId !== undefined && { "x-amz-version-id": versionId }),
      ...expirationHeader(call.bucket.config, object),
    },
    xml: element(
      "CompleteMultipartUploadResult",
      element("Location", objectUrl(call, call.key)),
      element("Bucket", call.bucketName),
      element("Key", call.key),
      element("ETag", `"${object.etag}"`),
      checksum && [
        element(checksumElement(checksum.algorithm), checksum.value),
        element("ChecksumType", checksum.type),
      ],
    ),
  };
}

/** `x-amz-mp-object-size`: how many bytes the parts must be together. */
function readObjectSize(headers: HeaderFields): number | undefined {
  const value = headers.get("x-amz-mp-object-size");
  if (value === null || value === "") return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw s3Error("InvalidRequest", {
    message: /^-\d+$/.test(value)
      ? `Value for x-amz-mp-object-size header is less than zero: '${value}'`
      : "Value for x-amz-mp-object-size header is invalid.",
  });
}

type Refused = Exclude<CompleteUploadOutcome, { outcome: "ok" | Refusal["outcome"] }>;

function refusedCompletion(call: S3Call, { id }: UploadId, refusal: Refused, size: number | undefined) {
  switch (refusal.outcome) {
    case "no-such-upload":
      return noSuchUpload(id);
    case "invalid-part":
      return s3Error("InvalidPart", {
        detail: { UploadId: id, PartNumber: String(refusal.partNumber), ETag: refusal.etag },
      });
    case "invalid-part-order":
      return s3Error("InvalidPartOrder", { detail: { UploadId: id } });
    case "entity-too-small":
      return s3Error("EntityTooSmall", {
        detail: {
          ProposedSize: String(refusal.size),
          MinSizeAllowed: String(MIN_PART_BYTES),
          PartNumber: String(refusal.partNumber),
          ETag: refusal.etag,
        },
      });
    case "entity-too-large":
      return s3Error("EntityTooLarge");
    case "size-mismatch":
      return s3Error("InvalidRequest", {
        message: `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${refusal.size}`,
      });
    case "checksum-mismatch":
      return checksumMismatch(refusal.algorithm);
    case "checksum-type-mismatch":
      return s3Error("InvalidRequest", {
        message: `The upload was created using the ${refusal.type} checksum mode. The complete request must use the same checksum mode.`,
      });
    default:
      return refusedWrite(call, refusal);
  }
}
