import type { ChecksumAlgorithm } from "../../lib/checksums.ts";
import type { BlobId, PutPartOutcome } from "../../metadata/bucket/protocol.ts";
import type { BlobOrigin } from "../../storage/blob-origin.ts";
import type { S3Call } from "../call.ts";
import { type BodyEncryption, openUploadEncryption } from "../encryption.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { ownerOfWrites } from "../owner.ts";
import { PREFLIGHT_BYTES } from "../put-object.ts";
import { noSuchUpload, type UploadId } from "./upload-id.ts";

export const MAX_PART_NUMBER = 10_000;

/** A part whose bytes are stored and not yet referred to. */
export interface StoredPart {
  readonly partNumber: number;
  readonly size: number;
  /** MD5 in hexadecimal: the part's ETag. */
  readonly md5: string;
  readonly blob: BlobId;
  /** Base64, in the algorithm that the upload was created with. */
  readonly checksum?: string;
  /** A checksum came with it. */
  readonly checked?: boolean;
}

/** The `partNumber` of an upload. */
export function readPartNumber(call: S3Call): number {
  const value = call.query.get("partNumber") ?? "";
  const partNumber = /^\d+$/.test(value) ? Number(value) : 0;
  if (partNumber >= 1 && partNumber <= MAX_PART_NUMBER) return partNumber;
  throw invalidArgument(
    `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
    "partNumber",
    value,
  );
}

/**
 * A large part asks for its upload first, so that it is not sent only to be refused (consistency rule 6), and so
 * does one that is to be encrypted: answers how.
 */
export async function preflightPart(
  call: S3Call,
  upload: UploadId,
  size: number | undefined,
): Promise<BodyEncryption | undefined> {
  if (!upload.encrypted && size !== undefined && size <= PREFLIGHT_BYTES) return openUploadEncryption(call, undefined);
  const { key } = call;
  const outcome = await call.bucket.read(key, (index, plain) =>
    index.checkWrite({ ...plain, key, conditions: {}, uploadId: upload.id }),
  );
  if (outcome.outcome !== "ok") throw noSuchUpload(upload.id);
  return openUploadEncryption(call, outcome.encryption);
}

/** What the blob of a part says about itself; its upload's record knows the rest. */
export function partOrigin(call: S3Call, upload: UploadId, partNumber: number): BlobOrigin {
  return {
    key: call.key,
    ownerId: ownerOfWrites(call),
    storageClass: "STANDARD",
    uploadId: upload.id,
    partNumber,
    ...(upload.encrypted && { encrypted: true }),
  };
}

/**
 * Makes a stored part one of the upload's, in place of an earlier one of its number. Answers the time of it in
 * milliseconds since the epoch. Throws NoSuchUpload, or ServiceUnavailable when storing took over a day.
 */
export async function commitPart(call: S3Call, upload: UploadId, part: StoredPart): Promise<number> {
  const { algorithm } = upload.checksum ?? {};
  const commit = call.bucket.mutate(call.key, call.requestId, (index, plain): Promise<PutPartOutcome> =>
    index.putPart({
      ...plain,
      key: call.key,
      uploadId: upload.id,
      partNumber: part.partNumber,
      size: part.size,
      etag: part.md5,
      blob: part.blob,
      ...(algorithm && part.checksum !== undefined && { checksum: { algorithm, value: part.checksum } }),
      // Decides whether the completion needs the key again (complete-upload.ts).
      ...(upload.encrypted && part.checked && { checked: true }),
    }),
  );
  // A client that hangs up now does not leave the blob without its row (rule 9).
  call.defer(commit);
  const outcome = await commit;
  if (outcome.outcome === "ok") return outcome.modifiedAt;
  call.store.discard([part.blob], call.defer);
  if (outcome.outcome === "no-such-upload") throw noSuchUpload(upload.id);
  throw s3Error("ServiceUnavailable", { message: "The bytes can no longer be committed. Please send them again." });
}

/** S3's words for a checksum in another algorithm than the upload's; `undefined` for none. */
export function checksumTypeMismatch(expected: ChecksumAlgorithm | undefined, actual: ChecksumAlgorithm | undefined) {
  return s3Error("InvalidRequest", {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${nameOf(expected)}, actual checksum Type: ${nameOf(actual)}`,
  });
}

function nameOf(algorithm: ChecksumAlgorithm | undefined): string {
  return algorithm?.toLowerCase() ?? "null";
}
