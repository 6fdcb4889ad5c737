import type { BlobId, ObjectAttributes } from "./protocol.ts";

/** What jobs and an index object say to each other, beside the calls of requests (protocol.ts). */

/** A blob as the orphan sweep finds it in R2: its name, and what its custom metadata says of it. */
export interface SweptBlob {
  readonly id: BlobId;
  readonly key: string;
  readonly uploadId?: string;
  readonly partNumber?: number;
}
/** "unknown": no such index object was ever created. Its blobs are not orphans: the index may have been lost. */
export type SweepOutcome =
  | { readonly outcome: "ok"; readonly orphans: readonly BlobId[] }
  | { readonly outcome: "unknown" };

/** One step of DeleteBucket on one index object. */
export type SealOutcome = "sealed" | "not-empty" | "gone";

/** A blob that no exported journal knows yet, as a rebuild finds it in R2. */
export interface NewerBlob extends SweptBlob {
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly storageClass: string;
  readonly ownerId: string;
  readonly attributes?: ObjectAttributes;
}
