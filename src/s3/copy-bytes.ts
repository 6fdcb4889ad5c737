import { mintBlobId } from "../lib/blob-id.ts";
import { type ChecksumAlgorithm, type Checksum, createChecksum } from "../lib/checksums.ts";
import type { FoundObject, NewObject } from "../metadata/bucket/protocol.ts";
import type { BlobId } from "../lib/blob-id.ts";
import type { S3Call } from "./call.ts";
import { checkCopiedSize, measure, openSource } from "./copy-source-body.ts";
import type { CopySource } from "./copy-source.ts";

/** The object that a copy with bytes of its own becomes; `etag`, size and checksum follow from the bytes. */
export type CopiedObject = Omit<NewObject, "etag" | "size" | "checksum">;

interface MovedCopy {
  readonly object: NewObject;
  readonly blob: BlobId;
}

/**
 * Moves the bytes of a copy's source into a blob of the destination, as a stream: for copies that are encrypted
 * in another way than their source, which cannot share its bytes.
 */
export async function moveBytes(
  call: S3Call,
  source: CopySource,
  found: FoundObject,
  copied: CopiedObject,
  how: { readonly encryptionKey: Uint8Array | undefined; readonly algorithm: ChecksumAlgorithm | undefined },
): Promise<MovedCopy> {
  const { size, checksum: known } = found.object;
  checkCopiedSize(size);
  const algorithm = how.algorithm ?? known?.algorithm;
  const keeps = known?.type === "FULL_OBJECT" && known.algorithm === algorithm;
  const hash = algorithm && !keeps ? createChecksum(algorithm) : undefined;
  const bytes = await openSource(call, source, undefined, found);
  const blob = mintBlobId(call.bucket.config.bucketId, call.bucket.shardOf(call.key));
  const { key, ownerId, storageClass, attributes } = copied;
  const { md5 } = await call.store.put(blob, measure(bytes, hash ? [hash] : []), {
    length: size,
    origin: { key, ownerId, storageClass, attributes },
    encryptionKey: how.encryptionKey,
  });
  const computed: Checksum | undefined =
    algorithm && hash ? { algorithm, type: "FULL_OBJECT", value: await hash.digestBase64() } : known;
  return { object: { ...copied, size, etag: md5, ...(computed && { checksum: computed }) }, blob };
}
