/**
 * What the Worker and the Registry say to each other. Plain values only, as in `../bucket/protocol.ts`:
 * expected outcomes are values, and fields are only ever added.
 */

import type { PublicAccessBlock } from "../bucket/documents.ts";

export interface BucketEntry {
  readonly name: string;
  /** 128 random bits in hexadecimal, never reused: names the bucket's index objects (consistency rule 1). */
  readonly bucketId: string;
  readonly accountId: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** How many index objects share the bucket's 1,024 slots. */
  readonly shards: number;
  /**
   * `creating`: the name is taken, the index objects may not exist yet. `deleting`: all index objects are sealed
   * and empty, and the first decides now. For clients there is no such bucket; a crash in between is settled by
   * a job.
   */
  readonly state: "creating" | "active" | "deleting";
}

export interface NewBucket {
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly shards: number;
}

export type ReserveBucketOutcome =
  /** The caller creates the index objects under `bucket.bucketId`, then activates. Also for an own reservation that is resumed. */
  | { readonly outcome: "created"; readonly bucket: BucketEntry }
  | { readonly outcome: "exists-owned"; readonly bucket: BucketEntry }
  | { readonly outcome: "exists-other" }
  /** An own bucket of this name is being deleted: OperationAborted. */
  | { readonly outcome: "deleting" }
  | { readonly outcome: "too-many-buckets" }
  /** The account was removed meanwhile. */
  | { readonly outcome: "no-such-account" };

export interface ListBucketsCall {
  readonly accountId: string;
  readonly prefix?: string;
  /** Exclusive: the last name of the page before. */
  readonly after?: string;
  readonly limit: number;
  readonly region?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Pass as `after` for the next page; absent on the last. */
  readonly next?: string;
}

export interface AccountRecord {
  /** Twelve digits. */
  readonly id: string;
  readonly canonicalId: string;
  /** How the administrator calls it. Not unique. */
  readonly name: string;
  /** What S3 answers as the owner's DisplayName. */
  readonly displayName: string;
  /** Empty when none was given. */
  readonly email: string;
  readonly root: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** What is blocked in all of its buckets, beside what each of them blocks. */
  readonly publicAccessBlock?: PublicAccessBlock;
}

export interface NewAccount {
  readonly name: string;
  readonly displayName: string;
  /** 64 random hexadecimal digits when absent. */
  readonly canonicalId?: string;
  readonly email?: string;
}

export type KeyStatus = "Active" | "Inactive";

export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly accountId: string;
  readonly status: KeyStatus;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The id was given by the administrator and carries no tag of this deployment. */
  readonly imported: boolean;
  /** Unique id of the user whose key it is. Absent: the account's own. */
  readonly userId?: string;
}

/** A key as the Worker hands it in: the Registry never sees a secret in clear. */
export interface NewAccessKey {
  readonly accessKeyId: string;
  readonly sealedSecret: string;
  readonly imported: boolean;
  /** Unique id of the user whose key it is to be. */
  readonly userId?: string;
}

export interface FoundAccessKey {
  readonly key: AccessKeyRecord;
  readonly sealedSecret: string;
  readonly account: AccountRecord;
}

export type CreateAccountOutcome =
  | { readonly outcome: "ok"; readonly account: AccountRecord; readonly key: AccessKeyRecord }
  /** Another account or key has it already. */
  | { readonly outcome: "exists"; readonly what: "canonicalId" | "email" | "accessKeyId" }
  | { readonly outcome: "too-many-keys" };

export type CreateKeyOutcome =
  | { readonly outcome: "ok"; readonly key: AccessKeyRecord }
  | { readonly outcome: "exists" }
  | { readonly outcome: "too-many-keys" }
  /** No such account; for a rotation, no such key. */
  | { readonly outcome: "not-found" };

export type RemoveAccountOutcome =
  | { readonly outcome: "ok"; readonly accessKeyIds: readonly string[] }
  | { readonly outcome: "not-found" }
  | { readonly outcome: "is-root" }
  | { readonly outcome: "owns-buckets"; readonly buckets: number };

/** Who did what, from where. */
export interface AuditEvent {
  readonly requestId: string;
  /** Empty for anonymous callers. */
  readonly accountId: string;
  readonly accessKeyId: string;
  /** The client's address, as far as the platform tells it. */
  readonly source: string;
  /** The operation's name. */
  readonly action: string;
  /** What it was applied to: an account id, a key id, or both. */
  readonly target: string;
}

export interface AuditRecord extends AuditEvent {
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `Success`, the error's code, or `Started` when the call never got to say. */
  readonly outcome: string;
}

/** Index objects whose blobs are to be looked through for orphans. */
export interface SweepTarget {
  readonly bucketId: string;
  readonly shards: number;
  /** Of a bucket that was deleted: forgotten after the sweep. */
  readonly deleted: boolean;
}

/** How far the rebuild of an index object has come. */
export interface RebuildProgress {
  readonly bucketName: string;
  /**
   * `in-service`: there was nothing to rebuild, the index works. `failed`: see `complaint`; the index stays
   * closed, and the rebuild can be begun again.
   */
  readonly state: "waiting" | "journal" | "blobs" | "done" | "in-service" | "failed";
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly segments: number;
  readonly lines: number;
  /** When the last segment was made: what came later is not in the journal. Absent where there is no journal. */
  readonly exportedAt?: number;
  /** The last segment that was restored. */
  readonly segment?: { readonly first: number; readonly last: number };
  /** Blobs that are newer than the journal. */
  readonly blobsFound: number;
  /** Those of them that became objects, or parts of uploads. */
  readonly blobsCommitted: number;
  /** Where the listing of blobs goes on. */
  readonly blobCursor?: string;
  readonly complaint?: string;
}

export interface RebuildRecord {
  readonly bucketId: string;
  readonly shard: number;
  /** The step that is next. */
  readonly step: number;
  readonly finished: boolean;
  readonly progress: RebuildProgress;
}

export type ClaimOutcome =
  | { readonly outcome: "ok"; readonly progress: RebuildProgress }
  /** Somebody works on it, at most until then. */
  | { readonly outcome: "busy"; readonly until: number }
  /** The step is done, or the rebuild has ended. */
  | { readonly outcome: "superseded" };

/** The calls that the Worker makes on the Registry; see `IndexApi` for why stubs are seen through an interface. */
export interface RegistryApi {
  reserveBucket(bucket: NewBucket): Promise<ReserveBucketOutcome>;
  /** False when the reservation is no longer there: another request replaced or removed it. */
  activateBucket(name: string, bucketId: string): Promise<boolean>;
  /** The last thing before the decision, when every index object is sealed and empty. False when there is no such bucket any more. */
  markBucketDeleting(name: string, bucketId: string): Promise<boolean>;
  unmarkBucketDeleting(name: string, bucketId: string): Promise<boolean>;
  /** Frees the name. Also gives a reservation back. */
  removeBucket(name: string, bucketId: string): Promise<boolean>;
  findBucket(name: string): Promise<BucketEntry | undefined>;
  /** In name order; the active ones. */
  listBuckets(call: ListBucketsCall): Promise<Page<BucketEntry>>;

  /** Gives back the reservations made before `before`, at most `limit`. */
  dropReservations(before: number, limit: number): Promise<readonly BucketEntry[]>;
  /** Buckets that have been `deleting` since before `before`, at most `limit`. */
  listDeletions(before: number, limit: number): Promise<readonly BucketEntry[]>;
  /** Buckets whose daily sweep is due, and those deleted 8 days ago; at most `limit`, each once a day. */
  takeSweeps(limit: number): Promise<readonly SweepTarget[]>;
  forgetDeletedBucket(bucketId: string): Promise<void>;

  /** False while a rebuild of this index object is under way. */
  beginRebuild(bucketId: string, shard: number, progress: RebuildProgress): Promise<boolean>;
  claimRebuildStep(bucketId: string, shard: number, step: number): Promise<ClaimOutcome>;
  /** False when the step was not this worker's any more. */
  endRebuildStep(record: RebuildRecord): Promise<boolean>;
  releaseRebuildStep(bucketId: string, shard: number, step: number): Promise<void>;
  listRebuilds(bucketId: string): Promise<readonly RebuildRecord[]>;
  /** Those whose next message must have been lost. */
  listStalledRebuilds(limit: number): Promise<readonly RebuildRecord[]>;

  findRootAccount(): Promise<AccountRecord>;
  findAccount(id: string): Promise<AccountRecord | undefined>;
  findAccountByCanonicalId(canonicalId: string): Promise<AccountRecord | undefined>;
  /** In any case of letters. */
  findAccountByEmail(email: string): Promise<AccountRecord | undefined>;
  listAccounts(after: string, limit: number): Promise<Page<AccountRecord>>;
  createAccount(account: NewAccount, key: NewAccessKey): Promise<CreateAccountOutcome>;
  removeAccount(id: string): Promise<RemoveAccountOutcome>;
  /** Undefined: takes it away. */
  setPublicAccessBlock(accountId: string, block: PublicAccessBlock | undefined): Promise<void>;

  findAccessKey(accessKeyId: string): Promise<FoundAccessKey | undefined>;
  /** The account's own, or those of a user of it. */
  listAccessKeys(accountId: string, userId?: string): Promise<readonly AccessKeyRecord[]>;
  listImportedKeyIds(): Promise<readonly string[]>;
  createAccessKey(accountId: string, key: NewAccessKey): Promise<CreateKeyOutcome>;
  setAccessKeyStatus(accountId: string, accessKeyId: string, status: KeyStatus): Promise<AccessKeyRecord | undefined>;
  /** Adds `key` and sets the old one Inactive, in one step. */
  rotateAccessKey(accountId: string, accessKeyId: string, key: NewAccessKey): Promise<CreateKeyOutcome>;
  removeAccessKey(accountId: string, accessKeyId: string): Promise<boolean>;

  /** Returns the record's number for `endAudit`. */
  beginAudit(event: AuditEvent): Promise<number>;
  endAudit(sequence: number, outcome: string, target: string): Promise<void>;
  /** Newest first. `before` is a sequence number, exclusive. */
  listAudit(before: number | undefined, limit: number): Promise<Page<AuditRecord>>;
}
