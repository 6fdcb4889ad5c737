import type { BlobId, ObjectAttributes } from "./protocol.ts";

/** What jobs and an index object say to each other, beside the calls of requests (protocol.ts). */

/** A blob as the orphan sweep finds it in R2: its name, and what its custom metadata says of it. */
export interface SweptBlob {
  readonly id: BlobId;
  readonly key: string;
  readonly uploadId?: string;
  readonly partNumber?: number;
}
/** "unknown": the index object was never created, or is being rebuilt. Its blobs are not orphans: the index was lost. */
export type SweepOutcome =
  | { readonly outcome: "ok"; readonly orphans: readonly BlobId[] }
  | { readonly outcome: "unknown" };

/**
 * One step of DeleteBucket on one index object. "gone": it was deleted. "unknown": it was never created, or is
 * being rebuilt; if the bucket exists, the index was lost, and its objects are not to be given up with it.
 */
export type SealOutcome = "sealed" | "not-empty" | "gone" | "unknown";

/** What an index object holds, for whoever looks after it. Counts end at 100,000 (statistics.ts). */
export interface IndexStatistics {
  readonly status: "open" | "sealed" | "deleted" | "restoring";
  readonly keys: number;
  /** With delete markers. */
  readonly noncurrentVersions?: number;
  readonly uploads: number;
  readonly inlineBodies: number;
  /** Of the bodies counted. */
  readonly inlineBytes: number;
  /** Changes that no exported segment holds yet. */
  readonly journalRowsWaiting: number;
  /** Bodies that wait out the recovery window. */
  readonly garbageWaiting: number;
  /** Events that their destination has not taken yet. Absent while the object runs older code. */
  readonly eventsWaiting?: number;
  /** Versions, and changes of them, that have not arrived in another bucket yet. Absent while the object runs older code. */
  readonly replicationsWaiting?: number;
  /** Of the SQLite database, in bytes; 10 GB is the platform's limit. */
  readonly databaseBytes: number;
}

/** A blob that no exported journal knows yet, as a rebuild finds it in R2. */
export interface NewerBlob extends SweptBlob {
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly storageClass: string;
  readonly ownerId: string;
  readonly attributes?: ObjectAttributes;
}
