import { allowsChecksumType, type ChecksumType, defaultChecksumType } from "../../lib/checksums.ts";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { element } from "../../lib/xml.ts";
import { withAcl } from "../../metadata/bucket/object-acl.ts";
import { readWrittenRights } from "../acl/write-acl.ts";
import { readAttributes, readStorageClass, refuseUnsupportedHeaders } from "../attributes.ts";
import type { S3Call, S3Result } from "../call.ts";
import { checkDefaultEncryption, chooseEncryption, encryptionHeaders } from "../encryption.ts";
import { s3Error } from "../errors.ts";
import { missingObjectLock } from "../lock-headers.ts";
import { ANONYMOUS_OWNER } from "../owner.ts";
import { readAlgorithmName } from "../upload-checksum.ts";
import { mintUploadId, type UploadChecksum } from "./upload-id.ts";

/** CreateMultipartUpload: records what the object will be; its bytes come by part. */
export async function createMultipartUpload(call: S3Call): Promise<S3Result> {
  refuseUnsupportedHeaders(call.headers);
  const { ownerId, acl } = await readWrittenRights(call);
  const initiatorId = call.identity.kind === "account" ? call.identity.account.id : ANONYMOUS_OWNER;
  const checksum = readUploadChecksum(call.headers);
  const encryption = await chooseEncryption(call);
  const upload = {
    uploadId: mintUploadId(checksum, encryption !== undefined),
    key: call.key,
    initiatorId,
    ...(ownerId !== initiatorId && { ownerId }),
    storageClass: readStorageClass(call.headers),
    attributes: {
      ...withAcl(readAttributes(call.headers), acl),
      ...(encryption && { encryption: encryption.record }),
    },
    ...(checksum && { checksumAlgorithm: checksum.algorithm, checksumType: checksum.type }),
  };
  const { outcome } = await call.bucket.mutate(call.key, call.requestId, (index, plain) => {
    checkDefaultEncryption(call, encryption);
    return index.createUpload({ ...plain, upload });
  });
  if (outcome === "no-object-lock") throw missingObjectLock();
  return {
    headers: {
      ...encryptionHeaders(call, encryption?.record),
      ...(checksum && {
        "x-amz-checksum-algorithm": checksum.algorithm,
        "x-amz-checksum-type": checksum.type,
      }),
    },
    xml: element(
      "InitiateMultipartUploadResult",
      element("Bucket", call.bucketName),
      element("Key", call.key),
      element("UploadId", upload.uploadId),
    ),
  };
}

/**
 * `x-amz-checksum-algorithm` and `x-amz-checksum-type`. Which go together: User Guide, "Checking object
 * integrity", "Full object and composite checksum types".
 */
function readUploadChecksum(headers: HeaderFields): UploadChecksum | undefined {
  const algorithm = readAlgorithmName(headers.get("x-amz-checksum-algorithm"), "x-amz-checksum-algorithm");
  const type = readChecksumType(headers);
  if (!algorithm) {
    if (type === undefined) return undefined;
    throw s3Error("InvalidRequest", {
      message: "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    });
  }
  if (type !== undefined && !allowsChecksumType(algorithm, type)) {
    throw s3Error("InvalidRequest", {
      message: `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    });
  }
  return { algorithm, type: type ?? defaultChecksumType(algorithm) };
}

/** `x-amz-checksum-type`, of CreateMultipartUpload and CompleteMultipartUpload. */
export function readChecksumType(headers: HeaderFields): ChecksumType | undefined {
  const value = headers.get("x-amz-checksum-type");
  if (value === null || value === "") return undefined;
  const type = value.toUpperCase();
  if (type === "COMPOSITE" || type === "FULL_OBJECT") return type;
  throw s3Error("InvalidRequest", { message: "Value for x-amz-checksum-type header is invalid." });
}
