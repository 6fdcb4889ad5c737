import { type ChecksumAlgorithm, checksumHeader, createChecksum } from "../../lib/checksums.ts";
import { hashThrough } from "../../lib/hash-stream.ts";
import type { BlobOrigin } from "../../storage/blob-origin.ts";
import { refuseUnsupportedHeaders } from "../attributes.ts";
import type { S3Call, S3Result } from "../call.ts";
import { encryptionHeaders } from "../encryption.ts";
import { readUploadLength, type StoredBody, storeBody } from "../upload-body.ts";
import { readExpectedChecksum } from "../upload-checksum.ts";
import {
  checksumTypeMismatch,
  commitPart,
  partOrigin,
  preflightPart,
  readPartNumber,
  type StoredPart,
} from "./parts.ts";
import { readUploadId, type UploadId } from "./upload-id.ts";

/** UploadPart: the body becomes a blob, and the blob a part. */
export async function uploadPart(call: S3Call): Promise<S3Result> {
  refuseUnsupportedHeaders(call.headers);
  const partNumber = readPartNumber(call);
  const upload = readUploadId(call);
  const sent = readExpectedChecksum(call)?.algorithm;
  checkAlgorithm(upload, sent);
  const encryption = await preflightPart(call, upload, readUploadLength(call));
  const origin = partOrigin(call, upload, partNumber);
  const body = await storePart(call, upload, sent !== undefined, origin, encryption?.key);
  if (body.location.kind !== "blob") throw new Error("the body of a part was not stored as a blob");
  const part: StoredPart = {
    partNumber,
    size: body.size,
    md5: body.md5,
    blob: body.location.blob,
    ...(upload.checksum && body.checksum && { checksum: body.checksum.value }),
    checked: body.checksum !== undefined,
  };
  await commitPart(call, upload, part);
  return {
    headers: {
      etag: `"${body.md5}"`,
      ...encryptionHeaders(call, encryption?.record),
      ...(body.checksum && { [checksumHeader(body.checksum.algorithm)]: body.checksum.value }),
    },
  };
}

/**
 * The parts of an upload with a checksum carry it in the upload's algorithm; only with FULL_OBJECT they may
 * leave it to the store. Where the upload has none, S3 takes any, verifies it and forgets it.
 */
function checkAlgorithm({ checksum }: UploadId, sent: ChecksumAlgorithm | undefined): void {
  if (!checksum || sent === checksum.algorithm) return;
  if (sent === undefined && checksum.type === "FULL_OBJECT") return;
  throw checksumTypeMismatch(checksum.algorithm, sent);
}

/** Stores the body; computes the checksum of a FULL_OBJECT upload that the client did not send. */
async function storePart(
  call: S3Call,
  { checksum }: UploadId,
  checksumSent: boolean,
  origin: BlobOrigin,
  encryptionKey: Uint8Array | undefined,
): Promise<StoredBody> {
  if (!checksum || checksumSent) return storeBody(call, false, origin, encryptionKey);
  const hash = createChecksum(checksum.algorithm);
  const { stream, length, trailerNames, trailers } = call.payload;
  const payload = { stream: stream && hashThrough(stream, [hash], () => {}), length, trailerNames, trailers };
  const body = await storeBody({ ...call, payload }, false, origin, encryptionKey);
  return { ...body, checksum: { ...checksum, value: await hash.digestBase64() } };
}
