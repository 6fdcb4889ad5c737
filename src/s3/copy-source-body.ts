import type { ChecksumHasher } from "../lib/checksums.ts";
import { findFailedCondition, readConditionHeaders } from "../lib/conditions.ts";
import { hashThrough } from "../lib/hash-stream.ts";
import type { FoundObject, GetObjectOutcome, Refusal } from "../metadata/bucket/protocol.ts";
import type { S3Call } from "./call.ts";
import type { CopySource } from "./copy-source.ts";
import { checkReadKey, openBodyKey } from "./encryption.ts";
import { readSourceKey } from "./encryption-headers.ts";
import { s3Error } from "./errors.ts";
import { checkReadable } from "./restored-headers.ts";
import { tooManyReads } from "./get-object.ts";

export const RANGE_HEADER = "x-amz-copy-source-range";
/** Of bytes that one request moves; as of a part that is uploaded. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** Zero-based offsets of the first and last bytes. */
export interface CopyRange {
  readonly first: number;
  readonly last: number;
}

/** The source, its conditions met, and where the wanted bytes are. */
export async function findSource(call: S3Call, source: CopySource, range: CopyRange | undefined): Promise<FoundObject> {
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
  checkReadKey(object, readSourceKey(call.headers));
  const condition = findFailedCondition(readConditionHeaders(call.headers, "x-amz-copy-source-"), object);
  if (condition !== undefined) throw failedSourceCondition("x-amz-copy-source-", condition);
  // A GET would be answered with what there is; a part is copied as asked or not at all.
  const wanted = range && range.last - range.first + 1;
  if (outcome.outcome !== "ok" || (wanted !== undefined && outcome.span?.length !== wanted)) {
    throw s3Error("InvalidRange", {
      detail: { RangeRequested: call.headers.get(RANGE_HEADER) ?? "", ActualObjectSize: String(object.size) },
    });
  }
  return outcome;
}

type Missing = Exclude<GetObjectOutcome, { outcome: "ok" | "range-not-satisfiable" | Refusal["outcome"] }>;

function missingSource({ key, versionId }: CopySource, outcome: Missing) {
  if (outcome.outcome === "no-such-version") {
    return s3Error("NoSuchVersion", { detail: { Key: key, VersionId: versionId ?? "" } });
  }
  return outcome.outcome === "delete-marker"
    ? markedSource(key, versionId)
    : s3Error("NoSuchKey", { detail: { Key: key } });
}

/** A delete marker has nothing to copy: it is as if nothing were there, unless it was asked for. */
export function markedSource(key: string, versionId: string | undefined) {
  if (versionId !== undefined) {
    return s3Error("InvalidRequest", {
      message: "The source of a copy request may not specifically refer to a delete marker by version id.",
    });
  }
  return s3Error("NoSuchKey", { detail: { Key: key } });
}

/** A body, at hand or on its way. */
export type Bytes = ReadableStream<Uint8Array> | Uint8Array;

export async function openSource(
  call: S3Call,
  source: CopySource,
  range: CopyRange | undefined,
  { object, body }: FoundObject,
): Promise<Bytes> {
  checkReadable(object);
  if (!body) throw new Error("the index answered a read without a body");
  if (body.kind === "inline") return body.bytes;
  if (body.extents.length > call.settings.maxReads) throw tooManyReads(call, body.extents.length);
  return call.store.read(body.extents, {
    encryptionKey: await openBodyKey(call, object, readSourceKey(call.headers)),
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

/**
 * Streams go through JavaScript even when nothing is to be computed: workerd cannot pipe the joined bytes of
 * several blobs, which come out of a FixedLengthStream, into the one that R2 wants.
 */
export function measure(bytes: Bytes, hashes: readonly ChecksumHasher[]): Bytes {
  if (!(bytes instanceof Uint8Array)) return hashThrough(bytes, hashes, () => {});
  for (const hash of hashes) hash.update(bytes);
  return bytes;
}

export function checkCopiedSize(size: number): void {
  if (size <= MAX_COPY_BYTES) return;
  throw s3Error("InvalidRequest", {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_COPY_BYTES}`,
  });
}

/** `prefix`: of the headers in which the conditions on the source were. */
export function failedSourceCondition(prefix: "x-amz-copy-source-" | "x-amz-rename-source-", condition: string) {
  return s3Error("PreconditionFailed", { detail: { Condition: `${prefix}${condition}` } });
}
