import { mintBlobId } from "../../lib/blob-id.ts";
import { checksumElement, createChecksum } from "../../lib/checksums.ts";
import { element } from "../../lib/xml.ts";
import { refuseUnsupportedHeaders } from "../attributes.ts";
import type { S3Call, S3Result } from "../call.ts";
import { checkExpectedOwner } from "../checks.ts";
import {
  type Bytes,
  checkCopiedSize,
  type CopyRange,
  findSource,
  measure,
  openSource,
  RANGE_HEADER,
} from "../copy-source-body.ts";
import { readCopySource } from "../copy-source.ts";
import { encryptionHeaders } from "../encryption.ts";
import { invalidArgument } from "../errors.ts";
import { versionHeader } from "../version-ids.ts";
import { commitPart, partOrigin, preflightPart, readPartNumber } from "./parts.ts";
import { readUploadId, type UploadId } from "./upload-id.ts";

/** UploadPartCopy: bytes of an object that exists become a part. They are moved as a stream, from blob to blob. */
export async function uploadPartCopy(call: S3Call): Promise<S3Result> {
  refuseUnsupportedHeaders(call.headers);
  const partNumber = readPartNumber(call);
  const upload = readUploadId(call);
  const source = readCopySource(call);
  checkExpectedOwner(call, "x-amz-source-expected-bucket-owner", call.bucketNamed(source.bucketName).config.accountId);
  const range = readCopyRange(call);
  const found = await findSource(call, source, range);
  const { object } = found;
  const size = found.span?.length ?? object.size;
  checkCopiedSize(size);
  const encryption = await preflightPart(call, upload, size);
  const bytes = await openSource(call, source, range, found);
  const stored = await storeCopy(call, { bytes, length: size, encryptionKey: encryption?.key }, upload, partNumber);
  const modifiedAt = await commitPart(call, upload, { partNumber, size, ...stored });
  return {
    headers: {
      ...encryptionHeaders(call, encryption?.record),
      ...versionHeader(call.bucketNamed(source.bucketName).config, object.versionId, "x-amz-copy-source-version-id"),
    },
    xml: element(
      "CopyPartResult",
      element("LastModified", new Date(modifiedAt).toISOString()),
      element("ETag", `"${stored.md5}"`),
      upload.checksum &&
        stored.checksum !== undefined &&
        element(checksumElement(upload.checksum.algorithm), stored.checksum),
    ),
  };
}

/** `bytes=first-last`, with both ends: no other form of a range is taken here. */
function readCopyRange(call: S3Call): CopyRange | undefined {
  const header = call.headers.get(RANGE_HEADER);
  if (header === null) return undefined;
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header.trim());
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match && first <= last) return { first, last };
  throw invalidArgument(
    `The ${RANGE_HEADER} value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy`,
    RANGE_HEADER,
    header,
  );
}

interface CopiedBytes {
  readonly bytes: Bytes;
  readonly length: number;
  /** Of the part that they become. */
  readonly encryptionKey: Uint8Array | undefined;
}

/** Moves the bytes into a blob of the destination. */
async function storeCopy(call: S3Call, copied: CopiedBytes, upload: UploadId, partNumber: number) {
  const { bytes, length, encryptionKey } = copied;
  const blob = mintBlobId(call.bucket.config.bucketId, call.bucket.shardOf(call.key));
  const hash = upload.checksum && createChecksum(upload.checksum.algorithm);
  const measured = measure(bytes, hash ? [hash] : []);
  const { md5 } = await call.store.put(blob, measured, {
    length,
    encryptionKey,
    origin: partOrigin(call, upload, partNumber),
  });
  return { blob, md5, ...(hash && { checksum: await hash.digestBase64() }) };
}
