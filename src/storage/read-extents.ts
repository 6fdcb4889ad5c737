import { blobKey, type BlobId, type Extent } from "../lib/blob-id.ts";
import { toR2Key } from "./encryption-key.ts";

/**
 * R2 has no such blob. The index may have moved or replaced the bytes since it was asked, so the reader
 * asks it once more (consistency rule 14) before it calls this a fault.
 */
export class MissingBlobError extends Error {
  readonly blob: BlobId;

  constructor(blob: BlobId) {
    super(`blob ${blob} is not in R2`);
    this.name = "MissingBlobError";
    this.blob = blob;
  }
}

/** Asks the index for the bytes again: their extents now, or undefined when they are no longer the same. */
export type LocateAgain = () => Promise<readonly Extent[] | undefined>;

/**
 * While one extent flows, the next is asked for, so that no time is lost between them; unless the present
 * one is so large that R2's answer would wait idle for long.
 */
const PREFETCH_WITHIN_BYTES = 16 * 1024 * 1024;

export interface ExtentOptions {
  readonly locateAgain?: LocateAgain | undefined;
  /** With which all of the blobs were put. */
  readonly encryptionKey?: Uint8Array | undefined;
}

/** The bytes of one extent, as R2 streams them. Throws MissingBlobError. */
export async function openExtent(
  bucket: R2Bucket,
  extent: Extent,
  encryptionKey?: Uint8Array,
): Promise<ReadableStream<Uint8Array>> {
  const whole = extent.length === extent.blobSize;
  const range = whole ? undefined : { range: { offset: extent.offset, length: extent.length } };
  const options = encryptionKey ? { ...range, ssecKey: toR2Key(encryptionKey) } : range;
  const object = await bucket.get(blobKey(extent.blob), options);
  if (!object) throw new MissingBlobError(extent.blob);
  return object.body;
}

/**
 * The bytes of all extents in order, as one stream of known length. The first is opened before this returns,
 * so that a missing blob is an error and not a broken answer; the others are opened as the reader gets there.
 * Several extents come out of a FixedLengthStream: on their way to `putBlob` they need `hashThrough` between.
 */
export async function readExtents(
  bucket: R2Bucket,
  extents: readonly Extent[],
  options: ExtentOptions = {},
): Promise<ReadableStream<Uint8Array>> {
  const source = new ExtentSource(bucket, extents, options);
  const first = await source.open();
  const [only, second] = source.remaining;
  if (only && !second) return first;
  const joined = new FixedLengthStream(totalLength(extents));
  void joinExtents(source, first, joined.writable);
  return joined.readable;
}

function totalLength(extents: readonly Extent[]): number {
  return extents.reduce((sum, extent) => sum + extent.length, 0);
}

/** The extents without their first `count` bytes. */
export function dropBytes(extents: readonly Extent[], count: number): Extent[] {
  const rest: Extent[] = [];
  let skip = count;
  for (const extent of extents) {
    const skipped = Math.min(skip, extent.length);
    skip -= skipped;
    if (skipped === extent.length) continue;
    rest.push({ ...extent, offset: extent.offset + skipped, length: extent.length - skipped });
  }
  return rest;
}

/** The extents still to be read, and the way to others if they have moved. */
class ExtentSource {
  remaining: readonly Extent[];
  readonly #bucket: R2Bucket;
  readonly #options: ExtentOptions;
  readonly #total: number;

  constructor(bucket: R2Bucket, extents: readonly Extent[], options: ExtentOptions) {
    this.remaining = extents;
    this.#bucket = bucket;
    this.#options = options;
    this.#total = totalLength(extents);
  }

  /** Opens the extent at `index` of those remaining; asks once for their present place when it is gone. */
  async open(index = 0): Promise<ReadableStream<Uint8Array>> {
    const extent = this.remaining[index]!;
    const { locateAgain, encryptionKey } = this.#options;
    try {
      return await openExtent(this.#bucket, extent, encryptionKey);
    } catch (error) {
      if (!(error instanceof MissingBlobError) || !locateAgain) throw error;
      const moved = await locateAgain();
      if (!moved || totalLength(moved) !== this.#total) throw error;
      const kept = this.remaining.slice(0, index);
      const position = this.#total - totalLength(this.remaining) + totalLength(kept);
      this.remaining = [...kept, ...dropBytes(moved, position)];
      return openExtent(this.#bucket, this.remaining[index]!, encryptionKey);
    }
  }

  advance(): void {
    this.remaining = this.remaining.slice(1);
  }
}

/** Pipes natively, one extent after another. A failure breaks the answer off, which its length makes visible. */
async function joinExtents(
  source: ExtentSource,
  first: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
): Promise<void> {
  let next: Promise<ReadableStream<Uint8Array>> | undefined = Promise.resolve(first);
  try {
    while (next) {
      const body: ReadableStream<Uint8Array> = await next;
      next = undefined;
      const [present, following] = source.remaining;
      if (following && present!.length <= PREFETCH_WITHIN_BYTES) next = prefetch(source);
      await body.pipeTo(writable, { preventClose: true, preventAbort: true });
      // Opening may change what remains, by position: it ends before the positions shift.
      await next;
      source.advance();
      if (following && !next) next = source.open();
    }
    await writable.close();
  } catch (error) {
    await writable.abort(error).catch(() => undefined);
    await next?.then((body) => body.cancel(error)).catch(() => undefined);
  }
}

/** A failure is not lost: it appears when the stream is awaited. */
function prefetch(source: ExtentSource): Promise<ReadableStream<Uint8Array>> {
  const opened = source.open(1);
  opened.catch(() => undefined);
  return opened;
}

/** The bytes of few and small extents. Throws MissingBlobError. */
export async function readWhole(bucket: R2Bucket, extents: readonly Extent[]): Promise<Uint8Array> {
  const stream = await readExtents(bucket, extents);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
