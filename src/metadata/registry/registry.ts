import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import type { PublicAccessBlock } from "../bucket/documents.ts";
import type { Implementation } from "../implementation.ts";
import * as accessKeys from "./access-keys.ts";
import * as accounts from "./accounts.ts";
import * as audit from "./audit.ts";
import * as buckets from "./buckets.ts";
import type * as protocol from "./protocol.ts";
import * as rebuilds from "./rebuilds.ts";
import { migrate } from "./schema.ts";
import * as sweeps from "./sweeps.ts";

/**
 * The names that must be unique in the deployment: accounts, access keys, buckets. One object, named
 * `registry`, read through the caches of `directory.ts`. Every method is one synchronous step, so that
 * none sees another's half; those that write more than one row run in a transaction.
 */
export class Registry extends DurableObject<Env> implements Implementation<protocol.RegistryApi> {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    migrate(this.#storage);
    accounts.ensureRootAccount(this.#sql, env.VERGE_MASTER_KEY);
  }

  reserveBucket(bucket: protocol.NewBucket): protocol.ReserveBucketOutcome {
    if (!accounts.findAccount(this.#sql, bucket.accountId)) return { outcome: "no-such-account" };
    return buckets.reserveBucket(this.#sql, bucket);
  }

  activateBucket(name: string, bucketId: string): boolean {
    return buckets.changeBucketState(this.#sql, name, bucketId, "creating", "active");
  }

  markBucketDeleting(name: string, bucketId: string): boolean {
    return buckets.changeBucketState(this.#sql, name, bucketId, "active", "deleting");
  }

  unmarkBucketDeleting(name: string, bucketId: string): boolean {
    return buckets.changeBucketState(this.#sql, name, bucketId, "deleting", "active");
  }

  removeBucket(name: string, bucketId: string): boolean {
    return this.#storage.transactionSync(() => buckets.removeBucket(this.#sql, name, bucketId));
  }

  findBucket(name: string): protocol.BucketEntry | undefined {
    return buckets.findBucket(this.#sql, name);
  }

  listBuckets(call: protocol.ListBucketsCall): protocol.Page<protocol.BucketEntry> {
    return buckets.listBuckets(this.#sql, call);
  }

  dropReservations(before: number, limit: number): readonly protocol.BucketEntry[] {
    return buckets.dropReservations(this.#sql, before, limit);
  }

  listDeletions(before: number, limit: number): readonly protocol.BucketEntry[] {
    return buckets.listDeletions(this.#sql, before, limit);
  }

  takeSweeps(limit: number): readonly protocol.SweepTarget[] {
    return this.#storage.transactionSync(() => sweeps.takeSweeps(this.#sql, Date.now(), limit));
  }

  forgetDeletedBucket(bucketId: string): void {
    sweeps.forgetDeletedBucket(this.#sql, bucketId);
  }

  beginRebuild(bucketId: string, shard: number, progress: protocol.RebuildProgress): boolean {
    return rebuilds.beginRebuild(this.#sql, bucketId, shard, progress, Date.now());
  }

  claimRebuildStep(bucketId: string, shard: number, step: number): protocol.ClaimOutcome {
    return rebuilds.claimRebuildStep(this.#sql, bucketId, shard, step, Date.now());
  }

  endRebuildStep(record: protocol.RebuildRecord): boolean {
    return rebuilds.endRebuildStep(this.#sql, record, Date.now());
  }

  releaseRebuildStep(bucketId: string, shard: number, step: number): void {
    rebuilds.releaseRebuildStep(this.#sql, bucketId, shard, step);
  }

  listRebuilds(bucketId: string): readonly protocol.RebuildRecord[] {
    return rebuilds.listRebuilds(this.#sql, bucketId);
  }

  listStalledRebuilds(limit: number): readonly protocol.RebuildRecord[] {
    return rebuilds.listStalledRebuilds(this.#sql, Date.now(), limit);
  }

  findRootAccount(): protocol.AccountRecord {
    return accounts.findRootAccount(this.#sql);
  }

  findAccount(id: string): protocol.AccountRecord | undefined {
    return accounts.findAccount(this.#sql, id);
  }

  findAccountByCanonicalId(canonicalId: string): protocol.AccountRecord | undefined {
    return accounts.findAccountByCanonicalId(this.#sql, canonicalId);
  }

  findAccountByEmail(email: string): protocol.AccountRecord | undefined {
    return accounts.findAccountByEmail(this.#sql, email);
  }

  listAccounts(after: string, limit: number): protocol.Page<protocol.AccountRecord> {
    return accounts.listAccounts(this.#sql, after, limit);
  }

  createAccount(account: protocol.NewAccount, key: protocol.NewAccessKey): protocol.CreateAccountOutcome {
    // The key first, as far as it can fail: a refused one must not leave an account behind.
    if (accessKeys.findAccessKey(this.#sql, key.accessKeyId)) return { outcome: "exists", what: "accessKeyId" };
    return this.#storage.transactionSync(() => {
      const created = accounts.createAccount(this.#sql, account);
      if ("taken" in created) return { outcome: "exists", what: created.taken };
      const added = accessKeys.createAccessKey(this.#sql, created.account.id, key);
      if (added.outcome === "ok") return { outcome: "ok", account: created.account, key: added.key };
      accounts.removeAccount(this.#sql, created.account.id);
      return { outcome: "too-many-keys" };
    });
  }

  removeAccount(id: string): protocol.RemoveAccountOutcome {
    return this.#storage.transactionSync(() => accounts.removeAccount(this.#sql, id));
  }

  setPublicAccessBlock(accountId: string, block: PublicAccessBlock | undefined): void {
    accounts.setPublicAccessBlock(this.#sql, accountId, block);
  }

  findAccessKey(accessKeyId: string): protocol.FoundAccessKey | undefined {
    return accessKeys.findAccessKey(this.#sql, accessKeyId);
  }

  listAccessKeys(accountId: string, userId?: string): readonly protocol.AccessKeyRecord[] {
    return accessKeys.listAccessKeys(this.#sql, accountId, userId);
  }

  listImportedKeyIds(): readonly string[] {
    return accessKeys.listImportedKeyIds(this.#sql);
  }

  createAccessKey(accountId: string, key: protocol.NewAccessKey): protocol.CreateKeyOutcome {
    return accessKeys.createAccessKey(this.#sql, accountId, key);
  }

  setAccessKeyStatus(
    accountId: string,
    accessKeyId: string,
    status: protocol.KeyStatus,
  ): protocol.AccessKeyRecord | undefined {
    return accessKeys.setAccessKeyStatus(this.#sql, accountId, accessKeyId, status);
  }

  rotateAccessKey(accountId: string, accessKeyId: string, key: protocol.NewAccessKey): protocol.CreateKeyOutcome {
    return this.#storage.transactionSync(() => accessKeys.rotateAccessKey(this.#sql, accountId, accessKeyId, key));
  }

  removeAccessKey(accountId: string, accessKeyId: string): boolean {
    return accessKeys.removeAccessKey(this.#sql, accountId, accessKeyId);
  }

  beginAudit(event: protocol.AuditEvent): number {
    return this.#storage.transactionSync(() => audit.beginAudit(this.#sql, event));
  }

  endAudit(sequence: number, outcome: string, target: string): void {
    audit.endAudit(this.#sql, sequence, outcome, target);
  }

  listAudit(before: number | undefined, limit: number): protocol.Page<protocol.AuditRecord> {
    return audit.listAudit(this.#sql, before, limit);
  }
}
