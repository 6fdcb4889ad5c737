import { createHash } from "node:crypto";
import { type BlobId, mintBlobId } from "../lib/blob-id.ts";
import { createChecksum } from "../lib/checksums.ts";
import type { Checksum } from "../lib/checksums.ts";
import { hashThrough } from "../lib/hash-stream.ts";
import type { Payload } from "../lib/payload.ts";
import type { BlobOrigin } from "../storage/blob-origin.ts";
import type { S3Call } from "./call.ts";
import { notImplementedHeader, s3Error } from "./errors.ts";
import { readingBody } from "./lost-body.ts";
import {
  type ExpectedChecksum,
  readContentMd5,
  readExpectedChecksum,
  verifyChecksum,
  verifyContentMd5,
} from "./upload-checksum.ts";

/** Largest body of one PutObject or UploadPart. */
export const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;
/** Bodies up to this size live in the index row (docs/decisions, "Small bodies live in the row"). */
export const INLINE_LIMIT = 4096;

/** A body that was read, verified and put where the index can refer to it. */
export interface StoredBody {
  readonly size: number;
  readonly md5: string;
  readonly checksum?: Checksum;
  readonly location:
    | { readonly kind: "inline"; readonly bytes: Uint8Array }
    | { readonly kind: "blob"; readonly blob: BlobId };
}

/** The length of the upload in bytes; undefined when it is sent in chunks of HTTP. */
export function readUploadLength(call: S3Call): number | undefined {
  const { length } = call.payload;
  const coding = call.headers.get("transfer-encoding");
  // `gzip, chunked`: the platform removes the chunks and leaves the rest, which nobody here would decode.
  if (coding !== null && coding.trim().toLowerCase() !== "chunked") throw notImplementedHeader("Transfer-Encoding");
  const announced = call.headers.has("content-length") || coding !== null;
  if (!announced) throw s3Error("MissingContentLength");
  if (length !== undefined && length > MAX_UPLOAD_BYTES) {
    throw s3Error("EntityTooLarge", {
      detail: { ProposedSize: String(length), MaxSizeAllowed: String(MAX_UPLOAD_BYTES) },
    });
  }
  return length;
}

/**
 * Streams the payload to its place. Small ones come back as bytes for the index row (`inline`), others
 * go to R2 under a fresh blob id. Whatever fails (hash, signature of a chunk, length) fails the whole
 * body: nothing refers to it yet, so nothing becomes visible. What has an `encryptionKey` is never inline.
 */
export async function storeBody(
  call: S3Call,
  inline: boolean,
  origin: BlobOrigin,
  encryptionKey?: Uint8Array,
): Promise<StoredBody> {
  const length = readUploadLength(call);
  const expected = readExpectedChecksum(call);
  const contentMd5 = readContentMd5(call.headers);
  if (inline && length !== undefined && length <= INLINE_LIMIT) {
    return holdInline(await readingBody(readAll(call.payload, length)), expected, contentMd5);
  }
  const hash = expected && createChecksum(expected.algorithm);
  let computed: string | undefined;
  const stream = call.payload.stream ?? emptyStream();
  const verified = hash
    ? hashThrough(stream, [hash], async () => {
        computed = await hash.digestBase64();
        verifyChecksum(expected, computed);
      })
    : stream;
  const { bucketId } = call.bucket.config;
  const blob = mintBlobId(bucketId, call.bucket.shardOf(call.key));
  const sized = call.payload.sized === true && verified === call.payload.stream;
  const stored = await readingBody(call.store.put(blob, verified, { length, sized, origin, encryptionKey }));
  try {
    verifyContentMd5(contentMd5, stored.md5);
  } catch (error) {
    call.store.discard([blob], call.defer);
    throw error;
  }
  const checksum = expected && computed !== undefined ? fullObject(expected, computed) : undefined;
  return { size: stored.size, md5: stored.md5, location: { kind: "blob", blob }, ...(checksum ? { checksum } : {}) };
}

async function holdInline(
  bytes: Uint8Array,
  expected: ExpectedChecksum | undefined,
  contentMd5: string | undefined,
): Promise<StoredBody> {
  const md5 = createHash("md5").update(bytes).digest("hex");
  verifyContentMd5(contentMd5, md5);
  const body = { size: bytes.length, md5, location: { kind: "inline", bytes } } as const;
  if (!expected) return body;
  const hash = createChecksum(expected.algorithm);
  hash.update(bytes);
  const computed = await hash.digestBase64();
  verifyChecksum(expected, computed);
  return { ...body, checksum: fullObject(expected, computed) };
}

function fullObject(expected: ExpectedChecksum, value: string): Checksum {
  return { algorithm: expected.algorithm, type: "FULL_OBJECT", value };
}

/** Reads a body that is known to be small. */
async function readAll(payload: Payload, length: number): Promise<Uint8Array> {
  if (!payload.stream) {
    if (length > 0) throw s3Error("IncompleteBody");
    return new Uint8Array(0);
  }
  // The framing of HTTP bounds it. The platform collects a body at a third of what reading it chunk by chunk costs.
  if (payload.sized) {
    const bytes = new Uint8Array(await new Response(payload.stream).arrayBuffer());
    verifyStoredSize(length, bytes.length);
    return bytes;
  }
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of payload.stream) {
    if (filled + chunk.length > length) throw s3Error("IncompleteBody");
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  verifyStoredSize(length, filled);
  return bytes;
}

function verifyStoredSize(announced: number | undefined, actual: number): void {
  if (announced !== undefined && announced !== actual) throw s3Error("IncompleteBody");
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
