/**
 * What the Worker and an index object say to each other. Plain values only: they cross RPC,
 * and an object may run code one version older than its caller for minutes after a deploy,
 * so fields are only ever added, and optional.
 */

import type { BlobId, Extent } from "../../lib/blob-id.ts";
import type { Checksum, ChecksumAlgorithm } from "../../lib/checksums.ts";
import type { ReadConditions, WriteConditions } from "../../lib/conditions.ts";
import type { ObjectEncryption } from "../../lib/object-encryption.ts";
import type { RangeSpec, Span } from "../../lib/range.ts";
import type { Acl, BucketDocuments, ObjectLock, Tag } from "./documents.ts";
import type { EventContext } from "./event-record.ts";

export type { BlobId, Checksum, ChecksumAlgorithm, Extent, RangeSpec, ReadConditions, Span, WriteConditions };

/** Configuration of a bucket, held by each of its index objects. */
export interface BucketConfig {
  /** Random and never reused: a name that is deleted and created again is another id. */
  readonly bucketId: string;
  /** Grows by one with each change; compared on every call. */
  readonly revision: number;
  readonly name: string;
  /** The owning account. */
  readonly accountId: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** How many index objects share the 1,024 slots. */
  readonly shards: number;
  /** What is configured of it. */
  readonly documents?: BucketDocuments;
}

/** Answers that any call may get instead of its own. */
export type Refusal =
  /** The caller decided by an old configuration: decide again by this one. */
  | { readonly outcome: "stale"; readonly config: BucketConfig }
  /** The bucket was deleted, or never existed under this id. */
  | { readonly outcome: "gone" }
  /** It is being decided whether the bucket is deleted, or the index is being rebuilt: ask again. */
  | { readonly outcome: "busy" };

export type Outcome<T> = Refusal | ({ readonly outcome: "ok" } & T);
export type OutcomeOr<T, Other extends string> = Outcome<T> | { readonly outcome: Other };

export interface Call {
  /** The configuration revision by which the caller decided. */
  readonly revision: number;
}

export interface Mutation extends Call {
  /** Names this change. A call repeated with the same id gets the first outcome. */
  readonly operationId: string;
  /** True when an earlier attempt may have arrived: only then is the journal searched for the id. */
  readonly repeated: boolean;
  /** Set where the bucket notifies anybody. */
  readonly eventContext?: EventContext;
}

/** What a client said of an object; replaced as a whole. */
export interface ObjectAttributes {
  /** Response headers by lower-case name: content-type, cache-control, content-disposition, … */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata by lower-case name, without the `x-amz-meta-` prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their keys; absent where there are none. */
  readonly tags?: readonly Tag[];
  /** Of this version alone: a copy has its own. */
  readonly lock?: ObjectLock;
  /** Of this version alone, like the lock. Absent: everything to its owner. */
  readonly acl?: Acl;
  /** Of an archived version: until when it can be read, in milliseconds since the epoch. It may have passed. */
  readonly restoredUntil?: number;
  /** Of its bytes: they are read with a key of their own. Absent: R2's encryption alone (SSE-S3). */
  readonly encryption?: ObjectEncryption;
  /** Of a version that is replicated, or is a replica. */
  readonly replication?: ReplicationState;
}

/** How far a version is on its way to other buckets. */
export interface ReplicationState {
  readonly status: "PENDING" | "COMPLETED" | "FAILED" | "REPLICA";
  /** The sequence, at the source, of the change that is or was replicated last. */
  readonly change: number;
  /** Ids of the rules by which it goes; of a replica none. */
  readonly rules?: readonly string[];
}

/** A version of an object, without its bytes. */
export interface ObjectRecord {
  readonly key: string;
  /** Position in the index's sequence: orders versions, never a clock. */
  readonly sequence: number;
  /** `null` (the word) of what was written while versioning was off or suspended. */
  readonly versionId: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  readonly storageClass: string;
  /** The account that wrote it. */
  readonly ownerId: string;
  readonly checksum?: Checksum;
  readonly attributes: ObjectAttributes;
  /** Number of parts, of an object made by multipart upload. */
  readonly partsCount?: number;
}

/** Where the bytes asked for are. */
export type BodyLocation =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "extents"; readonly extents: readonly Extent[] };

export interface GetObjectCall extends Call {
  readonly key: string;
  readonly versionId?: string;
  readonly range?: RangeSpec;
  readonly partNumber?: number;
  /** False for HeadObject and the like: no bytes, no extents. */
  readonly withBody: boolean;
}

export interface FoundObject {
  readonly object: ObjectRecord;
  /** The resolved range or part; absent when the whole object was asked for. */
  readonly span?: Span;
  /** Of the part that was asked for, Base64 in the algorithm of the object's checksum; where it is known. */
  readonly partChecksum?: string;
  readonly body?: BodyLocation;
}

export type MissingObject =
  | { readonly outcome: "no-such-key" }
  | { readonly outcome: "no-such-version" }
  | {
      readonly outcome: "delete-marker";
      readonly versionId: string;
      readonly modifiedAt: number;
      readonly latest: boolean;
    };

export type GetObjectOutcome =
  | Outcome<FoundObject>
  | MissingObject
  | { readonly outcome: "range-not-satisfiable"; readonly object: ObjectRecord }
  | { readonly outcome: "no-such-part"; readonly object: ObjectRecord };

/** A new version to commit. */
export interface NewObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly storageClass: string;
  readonly ownerId: string;
  readonly checksum?: Checksum;
  readonly attributes: ObjectAttributes;
}

export type NewBody =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "blob"; readonly blob: BlobId }
  | BorrowedBody;

/** An index object by what names it. */
export interface IndexAddress {
  readonly bucketId: string;
  readonly shard: number;
}

/** Bytes that another index object holds and has pinned for this copy. */
export interface BorrowedBody {
  readonly kind: "borrowed";
  readonly copyId: string;
  /** Who holds the pin: confirmed there after the commit, released there in the end. */
  readonly owner: IndexAddress;
  /** The index object that the pin was made for; no other may commit the body. */
  readonly destination?: IndexAddress;
  readonly extents: readonly PartExtent[];
  readonly multipart: boolean;
}

/** One part of a manifest. */
export interface PartExtent {
  readonly partNumber: number;
  readonly blob: BlobId;
  readonly size: number;
  readonly checksum?: string;
  /** Of `checksum`. A copy may have got a checksum of another algorithm than its parts have. */
  readonly checksumAlgorithm?: ChecksumAlgorithm;
}

export interface Committed {
  readonly object: ObjectRecord;
}

export type WriteRefusal =
  | { readonly outcome: "precondition-failed" }
  /** If-Match on a key that does not exist. */
  | { readonly outcome: "no-such-key" }
  /** Object lock keeps the version that would be replaced. */
  | { readonly outcome: "locked" }
  /** The object is to be locked, in a bucket without object lock. */
  | { readonly outcome: "no-object-lock" }
  /** The blob was minted more than 24 hours ago or for another index object, or the copy was already refused. */
  | { readonly outcome: "expired" };

export interface PutObjectCall extends Mutation {
  readonly object: NewObject;
  readonly body: NewBody;
  readonly conditions: WriteConditions;
}
export type PutObjectOutcome = Outcome<Committed> | WriteRefusal;

export interface CheckWriteCall extends Call {
  readonly key: string;
  readonly conditions: WriteConditions;
  /** Set for a part and for a completion: the upload must exist. */
  readonly uploadId?: string;
  /** Asks whether parts of the upload came with checksums. */
  readonly completes?: boolean;
  /** The write will ask for a lock. */
  readonly locks?: boolean;
}
export type CheckWriteOutcome =
  /** Of the upload that was asked for; `checked`: parts of it came with checksums. */
  | Outcome<{ readonly encryption?: ObjectEncryption; readonly checked?: boolean }>
  | WriteRefusal
  | { readonly outcome: "no-such-upload" };

/** CopyObject and RenameObject inside one index object: a new row on the same bytes. */
export interface CopyObjectCall extends Mutation {
  readonly sourceKey: string;
  readonly sourceVersionId?: string;
  readonly sourceConditions: ReadConditions;
  /** Refuses a source that has a key of its own, whose copy has other bytes, and one that is archived. */
  readonly plainOnly?: boolean;
  readonly key: string;
  readonly conditions: WriteConditions;
  readonly ownerId: string;
  /** Absent: keep the source's. */
  readonly storageClass?: string;
  /** Absent: keep the source's (`x-amz-metadata-directive: COPY`). Tags in them do not count. */
  readonly attributes?: ObjectAttributes;
  /** Of the copy; the source's is never taken over. A renamed object keeps its own. */
  readonly redirect?: string;
  /** Absent: keep the source's (`x-amz-tagging-directive: COPY`). */
  readonly tags?: readonly Tag[];
  /** Absent: keep the source's. */
  readonly checksum?: Checksum;
  /** Of the copy; the source's is never taken over. */
  readonly lock?: ObjectLock;
  /** The same. */
  readonly acl?: Acl;
  /** RenameObject: the source disappears in the same transaction. */
  readonly removeSource?: boolean;
}
export type SourceRefusal =
  | { readonly outcome: "no-such-source" }
  | { readonly outcome: "no-such-source-version" }
  | { readonly outcome: "source-delete-marker" }
  /** The condition by its header's name, without a prefix. */
  | { readonly outcome: "source-precondition-failed"; readonly condition?: string }
  | { readonly outcome: "source-encrypted" }
  | { readonly outcome: "source-archived" };
export type CopyObjectOutcome = Outcome<Committed & { readonly source: ObjectRecord }> | WriteRefusal | SourceRefusal;

export interface ListObjectsCall extends Call {
  readonly prefix: string;
  readonly delimiter: string;
  /** Exclusive: a key, or a common prefix (everything below it is skipped). Empty for the beginning. */
  readonly after: string;
  /** Entries wanted; one more may be returned to say that there are more. */
  readonly limit: number;
}
/** Without attributes: listings do not read them. */
export type ListedObject = Omit<ObjectRecord, "attributes" | "partsCount">;
export type ListEntry = { readonly key: string; readonly object: ListedObject } | { readonly prefix: string };
export type ListObjectsOutcome = Outcome<{
  /** In the order of their UTF-8 bytes. */
  readonly entries: readonly ListEntry[];
  readonly truncated: boolean;
}>;

/** A multipart upload in progress. */
export interface UploadRecord {
  readonly uploadId: string;
  readonly key: string;
  readonly initiatedAt: number;
  readonly initiatorId: string;
  /** Whose the object will be where ACLs count; absent: the initiator's. */
  readonly ownerId?: string;
  readonly storageClass: string;
  readonly attributes: ObjectAttributes;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: "COMPOSITE" | "FULL_OBJECT";
}
export interface CreateUploadCall extends Mutation {
  readonly upload: Omit<UploadRecord, "initiatedAt">;
}
export type CreateUploadOutcome = OutcomeOr<{ readonly upload: UploadRecord }, "no-object-lock">;

export interface PutPartCall extends Mutation {
  readonly key: string;
  readonly uploadId: string;
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  readonly blob: BlobId;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
  /** It came with a checksum that the upload, created without, does not keep. */
  readonly checked?: boolean;
}
export type PutPartOutcome =
  | Outcome<{ readonly modifiedAt: number }>
  | { readonly outcome: "no-such-upload" }
  | { readonly outcome: "expired" };

export interface CompletedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}
export interface CompleteUploadCall extends Mutation {
  readonly key: string;
  readonly uploadId: string;
  readonly parts: readonly CompletedPart[];
  readonly conditions: WriteConditions;
  /** Checksum of the whole object as the client says (`x-amz-checksum-*`), compared with the computed one. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
  readonly checksumType?: "COMPOSITE" | "FULL_OBJECT";
  /** `x-amz-mp-object-size`. */
  readonly size?: number;
  /** Absent: as the upload says. */
  readonly ownerId?: string;
}
export type CompleteUploadOutcome =
  | Outcome<Committed>
  | WriteRefusal
  | { readonly outcome: "no-such-upload" }
  | { readonly outcome: "invalid-part"; readonly partNumber: number; readonly etag: string }
  | { readonly outcome: "invalid-part-order" }
  | { readonly outcome: "entity-too-small"; readonly partNumber: number; readonly etag: string; readonly size: number }
  | { readonly outcome: "entity-too-large" }
  | { readonly outcome: "size-mismatch"; readonly size: number }
  | { readonly outcome: "checksum-mismatch"; readonly algorithm: ChecksumAlgorithm }
  | {
      readonly outcome: "checksum-type-mismatch";
      readonly algorithm: ChecksumAlgorithm;
      readonly type: "COMPOSITE" | "FULL_OBJECT";
    };

export interface AbortUploadCall extends Mutation {
  readonly key: string;
  readonly uploadId: string;
}
export type AbortUploadOutcome = Outcome<object> | { readonly outcome: "no-such-upload" };

export interface ListPartsCall extends Call {
  readonly key: string;
  readonly uploadId: string;
  /** Exclusive. */
  readonly afterPartNumber: number;
  readonly limit: number;
}
export interface ListedPart {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly checksum?: string;
}
export type ListPartsOutcome =
  | Outcome<{ readonly upload: UploadRecord; readonly parts: readonly ListedPart[]; readonly truncated: boolean }>
  | { readonly outcome: "no-such-upload" };

/** The parts of a completed object (GetObjectAttributes). */
export interface ListObjectPartsCall extends Call {
  readonly key: string;
  readonly versionId?: string;
  readonly afterPartNumber: number;
  readonly limit: number;
}
export type ListObjectPartsOutcome =
  | Outcome<{
      readonly object: ObjectRecord;
      readonly parts: readonly { readonly partNumber: number; readonly size: number; readonly checksum?: string }[];
      readonly truncated: boolean;
    }>
  | MissingObject;
