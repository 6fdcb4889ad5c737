import { blobKey, type Extent } from "../lib/blob-id.ts";
import { BodyMemory, Sightings } from "./body-memory.ts";
import { type LocateAgain, MissingBlobError, openExtent, readExtents } from "./read-extents.ts";

/**
 * Bodies never change, so once the index has named them they may come from anywhere: this isolate's memory,
 * the location's cache, R2 (architecture, decision 1).
 *
 * Throughput of one Worker on Miniflare, two cores, requests a second:
 *
 *                      64 KB     1 MB     8 MB
 *   R2, streamed       1,190      410      153
 *   R2, into a buffer    910      415      115
 *   location's cache   1,410      490      215
 *   memory             4,200      770      213
 *   cache, a miss      1,600 to 2,500
 *
 * Hence: memory up to 1 MB, where it is worth most; above that the location's cache, which streams natively
 * and is as fast as memory there, at none of the isolate's 128 MB. The first read within the window streams
 * from R2 and asks no cache: a body that is read once, as by a backup, pays nothing for the others and pushes
 * nothing out. From the second read on a body counts as hot.
 */

const MEMORY_BYTES = 24 * 1024 * 1024;
const MEMORY_BODY_BYTES = 1024 * 1024;
/** Filling reads the body a second time in the background, which must end within waitUntil's 30 s. */
const LOCATION_BODY_BYTES = 64 * 1024 * 1024;
const HOT_WINDOW_MS = 10 * 60 * 1000;
/** About 100 bytes each. */
const SIGHTINGS = 20_000;

export interface ReadOptions {
  /** False for bodies that must not lie anywhere but in R2 (SSE-C and KMS, consistency rule 11). */
  readonly cacheable: boolean;
  /** With which the body was put; such a body is never cacheable. */
  readonly encryptionKey?: Uint8Array | undefined;
  /** Lets a fill go on after the answer. */
  defer(work: Promise<unknown>): void;
  /** Asked once when R2 has lost sight of a blob. */
  readonly locateAgain?: LocateAgain;
}

/** Caches of one isolate. */
export class BodyCache {
  readonly #memory = new BodyMemory(MEMORY_BYTES);
  readonly #sightings = new Sightings(SIGHTINGS, HOT_WINDOW_MS);

  /**
   * The bytes of the extents in order: as bytes where they are at hand, otherwise as a stream of known length.
   * Throws MissingBlobError.
   */
  async read(
    bucket: R2Bucket,
    extents: readonly Extent[],
    options: ReadOptions,
  ): Promise<ReadableStream<Uint8Array> | Uint8Array> {
    const [extent, second] = extents;
    if (!extent) return new Uint8Array(0);
    if (second || !options.cacheable) return readExtents(bucket, extents, options);
    const known = this.#memory.get(extent.blob);
    if (known) return known.subarray(extent.offset, extent.offset + extent.length);
    const sighting = this.#sightings.note(extent.blob, Date.now());
    const whole = extent.length === extent.blobSize;
    if (sighting && whole && extent.blobSize <= MEMORY_BODY_BYTES) return this.#readHotSmall(bucket, extent, options);
    if (sighting && whole && extent.blobSize <= LOCATION_BODY_BYTES) {
      const cached = await matchLocation(extent);
      if (cached) return cached.body!;
      if (!sighting.offered) options.defer(fillLocation(bucket, extent));
      sighting.offered = true;
    }
    return readExtents(bucket, extents, options);
  }

  /** Takes a hot body into memory; it is small enough to be awaited whole. */
  async #readHotSmall(bucket: R2Bucket, extent: Extent, options: ReadOptions): Promise<Uint8Array> {
    const cached = await matchLocation(extent);
    const stream = cached?.body ?? (await readExtents(bucket, [extent], options));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    this.#memory.set(extent.blob, bytes);
    if (!cached) options.defer(keepInLocation(extent, bytes));
    return bytes;
  }
}

/** Under a host that no request can have, so that nothing but this file reads the entries. */
function locationUrl(extent: Extent): string {
  return `https://blobs.verge.invalid/${blobKey(extent.blob)}`;
}

/** The Cache API may answer with less than was put; a body of another length counts as none. Never fails. */
async function matchLocation(extent: Extent): Promise<Response | undefined> {
  try {
    const cached = await caches.default.match(locationUrl(extent));
    if (!cached?.body) return undefined;
    if (cached.headers.get("content-length") === String(extent.blobSize)) return cached;
    await cached.body.cancel();
    return undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads the body once more for the cache: a tee would hold in memory whatever the slower of two readers has
 * not taken. A failure leaves the cache as it was. Never fails.
 */
async function fillLocation(bucket: R2Bucket, extent: Extent): Promise<void> {
  try {
    await keepInLocation(extent, await openExtent(bucket, extent));
  } catch (error) {
    if (!(error instanceof MissingBlobError)) throw error;
  }
}

/** A plain 200 for a year: whatever else the Cache API makes of headers must not matter. Never fails. */
async function keepInLocation(extent: Extent, body: Uint8Array | ReadableStream<Uint8Array>): Promise<void> {
  const headers = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-type": "application/octet-stream",
    "content-length": String(extent.blobSize),
  };
  await caches.default.put(locationUrl(extent), new Response(body, { headers })).catch(() => undefined);
}
