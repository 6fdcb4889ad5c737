import { createHash } from "node:crypto";
import { type BlobId, blobIdOfKey, blobKey, blobKeyMintedAt, blobKeyPrefix, type Extent } from "../lib/blob-id.ts";
import { type BlobOrigin, decodeOrigin } from "./blob-origin.ts";
import { BodyCache, type ReadOptions } from "./body-cache.ts";
import { putBlob, type PutOptions, type StoredBlob } from "./put-blob.ts";
import { readExtents } from "./read-extents.ts";

/** R2 deletes at most this many keys a call. */
const DELETE_BATCH = 1000;

/** A blob as the sweep of orphans sees it. */
export interface ListedBlob {
  readonly id: BlobId;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal; undefined where R2 took the body in parts. */
  readonly md5: string | undefined;
  readonly origin: BlobOrigin | undefined;
}

/** Bodies by blob id: what the services know of R2. */
export class BlobStore {
  readonly #bucket: R2Bucket;
  readonly #cache: BodyCache;

  constructor(bucket: R2Bucket, cache: BodyCache = sharedCache) {
    this.#bucket = bucket;
    this.#cache = cache;
  }

  /** Stores a body under a fresh id; see `putBlob` for what it fails with. */
  put(id: BlobId, body: ReadableStream<Uint8Array> | Uint8Array, options: PutOptions): Promise<StoredBlob> {
    return putBlob(this.#bucket, id, body, options);
  }

  /** The bytes of the extents, from the nearest place that has them; throws MissingBlobError. */
  read(extents: readonly Extent[], options: ReadOptions): Promise<ReadableStream<Uint8Array> | Uint8Array> {
    return this.#cache.read(this.#bucket, extents, options);
  }

  /** Deletes blobs that nothing refers to. Those that are gone already do no harm. */
  async delete(ids: readonly BlobId[]): Promise<void> {
    for (let start = 0; start < ids.length; start += DELETE_BATCH) {
      await this.#bucket.delete(ids.slice(start, start + DELETE_BATCH).map(blobKey));
    }
  }

  /** Deletes blobs after the answer; what fails is left to the sweep of orphans. */
  discard(ids: readonly BlobId[], defer: (work: Promise<unknown>) => void): void {
    defer(this.delete(ids).catch(() => undefined));
  }

  /** Of a blob that R2 took in parts, and has no MD5 of. Hexadecimal; reads the whole blob. */
  async computeMd5({ id, size }: Pick<ListedBlob, "id" | "size">): Promise<string> {
    const hash = createHash("md5");
    const body = await readExtents(this.#bucket, [{ blob: id, offset: 0, length: size, blobSize: size }]);
    for await (const chunk of body) hash.update(chunk);
    return hash.digest("hex");
  }

  /**
   * A page of the blobs that an index object owns, oldest first, from those minted at `from` on (milliseconds
   * since the epoch); `cursor` of one page asks for the next.
   */
  async list(
    bucketId: string,
    shard: number,
    { cursor, from = 0 }: { readonly cursor?: string | undefined; readonly from?: number } = {},
  ): Promise<{ blobs: ListedBlob[]; cursor: string | undefined }> {
    const page = await this.#bucket.list({
      prefix: blobKeyPrefix(bucketId, shard),
      include: ["customMetadata"],
      ...(cursor === undefined ? { startAfter: blobKeyMintedAt(bucketId, shard, from) } : { cursor }),
    });
    const blobs = page.objects.flatMap((object) => {
      const id = blobIdOfKey(object.key);
      return id === undefined ? [] : [describe(id, object)];
    });
    return { blobs, cursor: page.truncated ? page.cursor : undefined };
  }
}

function describe(id: BlobId, object: R2Object): ListedBlob {
  const { md5 } = object.checksums;
  return {
    id,
    size: object.size,
    md5: md5 && Buffer.from(md5).toString("hex"),
    origin: decodeOrigin(object.customMetadata),
  };
}

/** Requests of an isolate share what they have read. */
const sharedCache = new BodyCache();
