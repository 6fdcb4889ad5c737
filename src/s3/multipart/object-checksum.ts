import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, checksumHeader, isChecksumValue } from "../../lib/checksums.ts";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { s3Error } from "../errors.ts";
import { checksumMismatch } from "../upload-checksum.ts";
import { checksumTypeMismatch } from "./parts.ts";
import type { UploadId } from "./upload-id.ts";

/** With an upload that was created without an algorithm, S3 passes over these, and refuses the newer ones. */
const PASSED_OVER: ReadonlySet<ChecksumAlgorithm> = new Set(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]);

/**
 * The checksum of the whole object that comes with CompleteMultipartUpload: there `x-amz-checksum-*` speaks of
 * the object, not of the request's body. A composite one is answered with its number of parts, sent or not.
 */
export function readObjectChecksum(
  headers: HeaderFields,
  { checksum }: UploadId,
  partsCount: number,
): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const sent = CHECKSUM_ALGORITHMS.filter((algorithm) => headers.has(checksumHeader(algorithm)));
  const [algorithm] = sent;
  if (algorithm === undefined) return undefined;
  if (sent.length > 1) {
    throw s3Error("InvalidRequest", {
      message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    });
  }
  if (!checksum && PASSED_OVER.has(algorithm)) return undefined;
  if (checksum?.algorithm !== algorithm) throw checksumTypeMismatch(checksum?.algorithm, algorithm);
  const value = headers.get(checksumHeader(algorithm))!.trim();
  const [digest, count] = checksum.type === "COMPOSITE" ? splitComposite(value) : [value];
  if (!isChecksumValue(algorithm, digest)) throw checksumMismatch(algorithm);
  return { algorithm, value: checksum.type === "COMPOSITE" ? `${digest}-${count ?? partsCount}` : digest };
}

/** `digest-parts`, or the digest alone. Base64 has no hyphen. */
function splitComposite(value: string): [digest: string, count?: string] {
  const match = /^(.*)-(\d+)$/.exec(value);
  return match ? [match[1]!, match[2]!] : [value];
}
