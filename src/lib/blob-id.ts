import { UUID, uuidv7 } from "uuidv7";

/**
 * Names of blobs: `bucketId/shard/uuidv7`. The first two say which index object owns the blob,
 * the UUID (RFC 9562 section 5.7) when the name was minted. Both are read without asking anybody:
 * the sweep groups blobs by owner, and a commit refuses a name that is too old.
 */

/** `bucketId/shard/uuidv7`. */
export type BlobId = string;

/** Bytes of one blob: `length` bytes from `offset`. */
export interface Extent {
  readonly blob: BlobId;
  readonly offset: number;
  readonly length: number;
  /** The blob's whole length, so that a cache knows whether the extent is all of it. */
  readonly blobSize: number;
}

/** Whose blob it is, and when its name was minted. */
interface BlobName {
  readonly bucketId: string;
  readonly shard: number;
  /** Milliseconds since the epoch. */
  readonly mintedAt: number;
}

/** The prefix of every blob's key in R2, beside which other kinds of objects live. */
const KEY_PREFIX = "b/";

/** A UUIDv7 begins with 48 bits of Unix time in milliseconds. */
const TIME_STAMP_HEX_DIGITS = 12;

/** A fresh name for a blob that the index object `shard` of the bucket will own. */
export function mintBlobId(bucketId: string, shard: number): BlobId {
  return `${bucketId}/${shard}/${uuidv7()}`;
}

/** Reads a blob's name; undefined where the text is not one. */
function parseBlobId(id: BlobId): BlobName | undefined {
  const [bucketId, shard, uuid, ...rest] = id.split("/");
  if (!bucketId || shard === undefined || uuid === undefined || rest.length > 0) return undefined;
  if (!/^\d{1,4}$/.test(shard)) return undefined;
  const mintedAt = readTimeStamp(uuid);
  return mintedAt === undefined ? undefined : { bucketId, shard: Number(shard), mintedAt };
}

/** When the name was minted, in milliseconds since the epoch; undefined where the text is not a blob's name. */
export function blobMintedAt(id: BlobId): number | undefined {
  return parseBlobId(id)?.mintedAt;
}

/** Whether the index object `shard` of the bucket owns the blob. */
export function isBlobOf(id: BlobId, bucketId: string, shard: number): boolean {
  return id.startsWith(`${bucketId}/${shard}/`);
}

/** The blob's key in R2. */
export function blobKey(id: BlobId): string {
  return KEY_PREFIX + id;
}

/** The name of the blob under this key of R2; undefined for keys of other things. */
export function blobIdOfKey(key: string): BlobId | undefined {
  if (!key.startsWith(KEY_PREFIX)) return undefined;
  const id = key.slice(KEY_PREFIX.length);
  return parseBlobId(id) === undefined ? undefined : id;
}

/** The prefix of the keys of all blobs that one index object owns; of the whole bucket without `shard`. */
export function blobKeyPrefix(bucketId: string, shard?: number): string {
  return shard === undefined ? `${KEY_PREFIX}${bucketId}/` : `${KEY_PREFIX}${bucketId}/${shard}/`;
}

/** Keys of the index object's blobs that were minted at `time` (milliseconds since the epoch) or later sort after this. */
export function blobKeyMintedAt(bucketId: string, shard: number, time: number): string {
  const digits = Math.floor(time).toString(16).padStart(TIME_STAMP_HEX_DIGITS, "0");
  return `${blobKeyPrefix(bucketId, shard)}${digits.slice(0, 8)}-${digits.slice(8)}`;
}

function readTimeStamp(uuid: string): number | undefined {
  try {
    const parsed = UUID.parse(uuid);
    if (parsed.getVersion() !== 7) return undefined;
    return Number.parseInt(parsed.toHex().slice(0, TIME_STAMP_HEX_DIGITS), 16);
  } catch {
    return undefined;
  }
}
