import { mintBlobId } from "../../lib/blob-id.ts";
import { checksumElement, type ChecksumHasher, createChecksum } from "../../lib/checksums.ts";
import { evaluateSource, readConditionHeaders } from "../../lib/conditions.ts";
import { hashThrough } from "../../lib/hash-stream.ts";
import { element } from "../../lib/xml.ts";
import type { FoundObject, GetObjectOutcome } from "../../metadata/bucket/protocol.ts";
import { refuseUnsupportedHeaders } from "../attributes.ts";
import type { S3Call, S3Result } from "../call.ts";
import { checkExpectedOwner, checkKey } from "../checks.ts";
import { type CopySource, readCopySource } from "../copy-source.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { tooManyReads } from "../get-object.ts";
import { commitPart, partOrigin, preflightPart, readPartNumber } from "./parts.ts";
import { readUploadId, type UploadId } from "./upload-id.ts";

/** As of a part that is uploaded. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;
const RANGE_HEADER = "x-amz-copy-source-range";

/** UploadPartCopy: bytes of an object that exists become a part. They are moved as a stream, from blob to blob. */
export async function uploadPartCopy(call: S3Call): Promise<S3Result> {
  checkKey(call.key);
  refuseUnsupportedHeaders(call.headers);
  const partNumber = readPartNumber(call);
  const upload = readUploadId(call);
  const source = readCopySource(call);
  checkExpectedOwner(call, "x-amz-source-expected-bucket-owner", call.bucketNamed(source.bucketName).config.accountId);
  const range = readCopyRange(call);
  const found = await findSource(call, source, range);
  const { object } = found;
  const size = found.span?.length ?? object.size;
  if (size > MAX_COPY_BYTES) throw sourceTooLarge();
  await preflightPart(call, upload, size);
  const bytes = await openSource(call, source, range, found);
  const stored = await storeCopy(call, bytes, size, upload, partNumber);
  const modifiedAt = await commitPart(call, upload, { partNumber, size, ...stored });
  return {
    headers: {
      "x-amz-server-side-encryption": "AES256",
      ...(object.versionId !== "null" && { "x-amz-copy-source-version-id": object.versionId }),
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

interface CopyRange {
  readonly first: number;
  readonly last: number;
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

/** The source, its conditions met, and where the wanted bytes are. */
async function findSource(call: S3Call, source: CopySource, range: CopyRange | undefined): Promise<FoundObject> {
  const { key, versionId } = source;
  const outcome = await call.bucketNamed(source.bucketName).read(key, (index, plain): Promise<GetObjectOutcome> =>
    index.getObject({
      ...plain,
      key,
      withBody: true,
      ...(versionId !== undefined && { versionId }),
      ...(range && { range }),
    }),
  );
  if (outcome.outcome !== "ok" && outcome.outcome !== "range-not-satisfiable") throw missingSource(source, outcome);
  const { object } = outcome;
  if (evaluateSource(readConditionHeaders(call.headers, "x-amz-copy-source-"), object) !== "ok") {
    throw s3Error("PreconditionFailed", { detail: { Condition: "x-amz-copy-source-If" } });
  }
  // A GET would be answered with what there is; a part is copied as asked or not at all.
  const wanted = range && range.last - range.first + 1;
  if (outcome.outcome !== "ok" || (wanted !== undefined && outcome.span?.length !== wanted)) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${object.size}`,
      RANGE_HEADER,
      call.headers.get(RANGE_HEADER) ?? "",
    );
  }
  return outcome;
}

type Missing = Exclude<GetObjectOutcome, { outcome: "ok" | "stale" | "gone" | "range-not-satisfiable" }>;

function missingSource({ key, versionId }: CopySource, outcome: Missing) {
  if (outcome.outcome === "no-such-version") {
    return s3Error("NoSuchVersion", { detail: { Key: key, VersionId: versionId ?? "" } });
  }
  if (outcome.outcome === "delete-marker" && versionId !== undefined) {
    return s3Error("InvalidRequest", {
      message: "The source of a copy request may not specifically refer to a delete marker by version id.",
    });
  }
  return s3Error("NoSuchKey", { detail: { Key: key } });
}

type Bytes = ReadableStream<Uint8Array> | Uint8Array;

async function openSource(
  call: S3Call,
  source: CopySource,
  range: CopyRange | undefined,
  { object, body }: FoundObject,
): Promise<Bytes> {
  if (!body) throw new Error("the index answered a read without a body");
  if (body.kind === "inline") return body.bytes;
  if (body.extents.length > call.settings.maxReads) throw tooManyReads(call, body.extents.length);
  return call.store.read(body.extents, {
    // Copied once, and seldom read where it is copied from.
    cacheable: false,
    defer: call.defer,
    locateAgain: async () => {
      const again = await findSource(call, source, range);
      return again.object.sequence === object.sequence && again.body?.kind === "extents"
        ? again.body.extents
        : undefined;
    },
  });
}

/** Moves the bytes into a blob of the destination. */
async function storeCopy(call: S3Call, bytes: Bytes, length: number, upload: UploadId, partNumber: number) {
  const blob = mintBlobId(call.bucket.config.bucketId, call.bucket.shardOf(call.key));
  const hash = upload.checksum && createChecksum(upload.checksum.algorithm);
  const measured = measure(bytes, hash ? [hash] : []);
  const { md5 } = await call.store.put(blob, measured, { length, origin: partOrigin(call, upload, partNumber) });
  return { blob, md5, ...(hash && { checksum: await hash.digestBase64() }) };
}

/**
 * Streams go through JavaScript even when nothing is to be computed: workerd cannot pipe the joined bytes of
 * several blobs, which come out of a FixedLengthStream, into the one that R2 wants.
 */
function measure(bytes: Bytes, hashes: readonly ChecksumHasher[]): Bytes {
  if (!(bytes instanceof Uint8Array)) return hashThrough(bytes, hashes, () => {});
  for (const hash of hashes) hash.update(bytes);
  return bytes;
}

function sourceTooLarge() {
  return s3Error("InvalidRequest", {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_COPY_BYTES}`,
  });
}
