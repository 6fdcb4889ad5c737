import { createHash } from "node:crypto";
import { type BlobId, blobKey } from "../lib/blob-id.ts";
import { ByteReader } from "../lib/byte-reader.ts";
import { ServiceError } from "../lib/errors.ts";
import { hashThrough } from "../lib/hash-stream.ts";
import { type BlobOrigin, encodeOrigin } from "./blob-origin.ts";
import { toR2Key } from "./encryption-key.ts";

/** All parts of an R2 multipart upload but the last must have one size, of at least 5 MiB; one is held in memory. */
const PART_BYTES = 8 * 1024 * 1024;

export interface PutOptions {
  /** Bytes that the stream must bring; undefined when nobody knows. */
  readonly length: number | undefined;
  /** The stream is a request's own body of that length, which R2 takes without a FixedLengthStream around it. */
  readonly sized?: boolean;
  readonly origin: BlobOrigin;
  /** 256 bits with which R2 encrypts the body: it is read with the same key or not at all. */
  readonly encryptionKey?: Uint8Array | undefined;
}

export interface StoredBlob {
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly md5: string;
}

/**
 * Stores a body under a fresh blob id. Fails with what the stream failed with, or with IncompleteBody where
 * its length is not the announced one; then nothing stays in R2. The stream may be a request's or R2's body or
 * one made in JavaScript (`hashThrough`), but not the readable end of an IdentityTransformStream or its kin:
 * workerd does not pipe one such stream into another, and waits forever.
 */
export async function putBlob(
  bucket: R2Bucket,
  id: BlobId,
  body: ReadableStream<Uint8Array> | Uint8Array,
  options: PutOptions,
): Promise<StoredBlob> {
  const { encryptionKey } = options;
  if (!encryptionKey) return putBody(bucket, id, body, options);
  // Of a body that is encrypted with a key from outside R2's ETag need not be the MD5.
  const md5 = createHash("md5");
  let hashed = body;
  if (body instanceof Uint8Array) md5.update(body);
  else hashed = hashThrough(body, [md5], () => undefined);
  const { size } = await putBody(bucket, id, hashed, { ...options, sized: false });
  return { size, md5: md5.digest("hex") };
}

/** What R2 is told of a blob beside its bytes. */
interface Stated {
  readonly customMetadata: Record<string, string>;
  readonly ssecKey?: string;
}

async function putBody(
  bucket: R2Bucket,
  id: BlobId,
  body: ReadableStream<Uint8Array> | Uint8Array,
  { length, origin, sized, encryptionKey }: PutOptions,
): Promise<StoredBlob> {
  const stated: Stated = {
    customMetadata: encodeOrigin(origin),
    ...(encryptionKey && { ssecKey: toR2Key(encryptionKey) }),
  };
  if (body instanceof Uint8Array) return describe(await bucket.put(blobKey(id), body, stated));
  if (sized) return putSized(bucket, blobKey(id), body, stated);
  if (length === undefined) return putUnknownLength(bucket, blobKey(id), body, stated);
  return putKnownLength(bucket, blobKey(id), body, length, stated);
}

/** R2 checks the length itself; a body that breaks off may leave nothing behind either. */
async function putSized(
  bucket: R2Bucket,
  key: string,
  body: ReadableStream<Uint8Array>,
  stated: Stated,
): Promise<StoredBlob> {
  try {
    return describe(await bucket.put(key, body, stated));
  } catch (error) {
    await bucket.delete(key).catch(() => undefined);
    throw error;
  }
}

/** R2 computes the MD5 of a single put, and a body flows into it without entering JavaScript where nothing hashes it. */
async function putKnownLength(
  bucket: R2Bucket,
  key: string,
  body: ReadableStream<Uint8Array>,
  length: number,
  stated: Stated,
): Promise<StoredBlob> {
  const fixed = new FixedLengthStream(length);
  const [piped, put] = await Promise.allSettled([body.pipeTo(fixed.writable), bucket.put(key, fixed.readable, stated)]);
  if (piped.status === "fulfilled" && put.status === "fulfilled") return describe(put.value);
  // A body that fails its verification after the last byte is stored by then.
  await bucket.delete(key).catch(() => undefined);
  // R2 repeats the stream's error as a copy without its class; where R2 failed first, the pipe repeats R2's.
  throw piped.status === "rejected"
    ? translateError(piped.reason)
    : translateError((put as PromiseRejectedResult).reason);
}

/** R2 takes no stream without a length, so the body goes in blocks, and the MD5 of the whole is ours to compute. */
async function putUnknownLength(
  bucket: R2Bucket,
  key: string,
  body: ReadableStream<Uint8Array>,
  stated: Stated,
): Promise<StoredBlob> {
  const reader = new ByteReader(body);
  let block = await readBlock(reader);
  if (block.byteLength < PART_BYTES) return describe(await bucket.put(key, block, stated));
  const upload = await bucket.createMultipartUpload(key, stated);
  const { ssecKey } = stated;
  try {
    const md5 = createHash("md5");
    const parts: R2UploadedPart[] = [];
    let size = 0;
    while (block.byteLength > 0) {
      md5.update(block);
      size += block.byteLength;
      parts.push(await upload.uploadPart(parts.length + 1, block, ssecKey === undefined ? undefined : { ssecKey }));
      block = await readBlock(reader);
    }
    await upload.complete(parts);
    return { size, md5: md5.digest("hex") };
  } catch (error) {
    await reader.cancel(error);
    await upload.abort().catch(() => undefined);
    throw error;
  }
}

async function readBlock(reader: ByteReader): Promise<Uint8Array> {
  try {
    return await reader.readBlock(PART_BYTES);
  } catch (error) {
    throw translateError(error);
  }
}

function describe(stored: R2Object): StoredBlob {
  return { size: stored.size, md5: stored.etag };
}

/**
 * Gives an error that passed through workerd's native streams its class back (they copy it, with its own
 * properties), and what FixedLengthStream says of a wrong length S3's name.
 */
function translateError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ServiceError) return error;
  if (isServiceError(error))
    return new ServiceError(error.code, error.status, error.message, error.detail, error.headers);
  if (error instanceof TypeError && error.message.includes("FixedLengthStream")) {
    return new ServiceError(
      "IncompleteBody",
      400,
      "You did not provide the number of bytes specified by the Content-Length HTTP header",
    );
  }
  return error;
}

function isServiceError(error: Error): error is ServiceError {
  return error.name === "ServiceError" && "code" in error && "status" in error;
}
