import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { evaluateWrite } from "../../lib/conditions.ts";
import { readWhole } from "../../storage/read-extents.ts";
import { Admission } from "./admission.ts";
import { CommitTurn } from "./commit-turn.ts";
import type { Delivery } from "./committer.ts";
import type { ChangeConfigCall, ConfigOutcome } from "./config.ts";
import { completeUpload, computeChecksum, planCompletion } from "./completion.ts";
import { deleteObject, type DeleteObjectsCall, type DeleteObjectsOutcome } from "./deletes.ts";
import { Agenda } from "./due.ts";
import { RETRY_MS } from "./duties.ts";
import type { IndexApiImplementation } from "./index-api.ts";
import * as inventory from "./inventory.ts";
import { type InventoryPage, type InventoryPageCall, readInventoryPage } from "./inventory-page.ts";
import type { Change } from "./journal.ts";
import { createLife, type Life, type Outlets } from "./life.ts";
import { dropLooseRows } from "./loose-rows.ts";
import { listObjects } from "./list-objects.ts";
import { type ListUploadsCall, listUploads } from "./list-uploads.ts";
import { listVersions, type ListVersionsCall } from "./list-versions.ts";
import { setObjectLock, type SetObjectLockCall } from "./object-lock.ts";
import { setObjectAcl, type SetObjectAclCall } from "./object-acl.ts";
import { setObjectTags, type SetObjectTagsCall } from "./object-tags.ts";
import { findCurrent } from "./objects.ts";
import {
  confirmPin,
  type CopyRef,
  type CopyStatus,
  findPacked,
  PENDING_MS,
  type PinCall,
  type PinOutcome,
  pinObject,
  releasePin,
  settleCopy,
} from "./pins.ts";
import type * as protocol from "./protocol.ts";
import { putReplica, type ReplicaCall, type ReplicaOutcome } from "./replicas.ts";
import { restoreObject, type RestoreObjectCall } from "./restored.ts";
import { getObject, listObjectParts } from "./reads.ts";
import { raiseSequence, restoreBlob, restoreLines } from "./restore.ts";
import { readRecoveryWindow } from "./settings.ts";
import { indexStub } from "./shards.ts";
import { readStatistics } from "./statistics.ts";
import { sweepBlobs } from "./sweep.ts";
import type { IndexStatistics, NewerBlob, SealOutcome, SweepOutcome, SweptBlob } from "./upkeep.ts";
import { abortUpload, checkUpload, createUpload, dropUploads, listParts, putPart } from "./uploads.ts";
import { copyObject, putObject } from "./writes.ts";

/**
 * The index of a bucket, or of one of its shards: which keys exist, and where their bytes are. A façade over
 * query functions. Every call of the Worker passes admission (does this object serve the bucket, and did the
 * caller decide by its configuration?); every change is one transaction with one journal row.
 */
export class BucketIndex extends DurableObject<Env> implements IndexApiImplementation {
  readonly #sql: SqlStorage;
  readonly #agenda: Agenda;
  readonly #commitTurn = new CommitTurn();
  readonly #admission: Admission;
  readonly #outlets: Outlets;
  #life: Life | undefined;

  constructor(ctx: DurableObjectState, env: Env, outlets: Outlets) {
    super(ctx, env);
    this.#outlets = outlets;
    this.#sql = ctx.storage.sql;
    this.#agenda = new Agenda(ctx.storage);
    this.#admission = new Admission(this.#sql, (bucketId) => indexStub(env, bucketId, 0));
    if (this.#admission.state) this.#begin();
  }

  // Objects

  getObject(call: protocol.GetObjectCall) {
    return this.#read(call, () => getObject(this.#sql, call));
  }

  checkWrite(call: protocol.CheckWriteCall) {
    return this.#read(call, (): protocol.CheckWriteOutcome => {
      if (call.uploadId !== undefined) return checkUpload(this.#sql, call, call.uploadId);
      if (call.locks && !this.#admission.knownState.config.documents?.objectLock) return { outcome: "no-object-lock" };
      return { outcome: evaluateWrite(call.conditions, findCurrent(this.#sql, call.key)?.record) };
    });
  }

  putObject(call: protocol.PutObjectCall) {
    return this.#mutate(call, (change) => putObject(change, call));
  }

  deleteObjects(call: DeleteObjectsCall) {
    return this.#mutate(call, (change): DeleteObjectsOutcome => {
      return { outcome: "ok", results: call.items.map((item) => deleteObject(change, item, call)) };
    });
  }

  copyObject(call: protocol.CopyObjectCall) {
    return this.#mutate(call, (change) => copyObject(change, call));
  }

  setObjectAcl(call: SetObjectAclCall) {
    return this.#mutate(call, (change) => setObjectAcl(change, call));
  }

  restoreObject(call: RestoreObjectCall) {
    return this.#mutate(call, (change) => restoreObject(change, call));
  }

  setObjectTags(call: SetObjectTagsCall) {
    return this.#mutate(call, (change) => setObjectTags(change, call));
  }

  setObjectLock(call: SetObjectLockCall) {
    return this.#mutate(call, (change) => setObjectLock(change, call));
  }

  listObjects(call: protocol.ListObjectsCall) {
    return this.#read(call, () => listObjects(this.#sql, call));
  }

  listVersions(call: ListVersionsCall) {
    return this.#read(call, () => listVersions(this.#sql, call));
  }

  listObjectParts(call: protocol.ListObjectPartsCall) {
    return this.#read(call, () => listObjectParts(this.#sql, call));
  }

  // Multipart uploads

  createUpload(call: protocol.CreateUploadCall) {
    return this.#mutate(call, (change) => createUpload(change, call));
  }

  putPart(call: protocol.PutPartCall) {
    return this.#mutate(call, (change) => putPart(change, call));
  }

  /** The checksum is computed before the transaction, because digests are promises; the parts are checked again in it. */
  async completeUpload(call: protocol.CompleteUploadCall): Promise<protocol.CompleteUploadOutcome> {
    const plan = await this.#read(call, () => planCompletion(this.#sql, call));
    if (plan.outcome === "done") return plan.answer;
    if (plan.outcome !== "planned") return plan;
    const checksum = await computeChecksum(plan);
    return this.#mutate(call, (change) => completeUpload(change, call, checksum));
  }

  abortUpload(call: protocol.AbortUploadCall) {
    return this.#mutate(call, (change) => abortUpload(change, call));
  }

  listParts(call: protocol.ListPartsCall) {
    return this.#read(call, () => listParts(this.#sql, call));
  }

  listUploads(call: ListUploadsCall) {
    return this.#read(call, () => listUploads(this.#sql, call));
  }

  // Copies across index objects. After the pin they talk among themselves, also when a bucket is deleted.

  async pin(call: PinCall): Promise<PinOutcome> {
    const refusal = await this.#admission.admit(call);
    if (refusal) return refusal;
    this.#agenda.schedule("pins", Date.now() + PENDING_MS);
    const packed = findPacked(this.#sql, call);
    const read = packed && { id: packed.id, bytes: await readWhole(this.env.BLOBS, packed.extents) };
    const outcome = this.#alive.committer.apply(call.operationId, (change) => pinObject(change, call, read));
    // Requests go on while R2 is read: what was read may not be the source any more.
    return outcome ?? this.pin(call);
  }

  /** A version of another bucket, which decided by this one's configuration; it is looked at again. */
  async putReplica(call: ReplicaCall): Promise<ReplicaOutcome> {
    await this.#commitTurn.next();
    const revision = this.#admission.state?.config.revision ?? 0;
    const refusal = await this.#admission.admit({ revision });
    return refusal ?? this.#alive.committer.apply("replica", (change) => putReplica(change, call), call.eventContext);
  }

  confirmPin(copyId: string): void {
    this.#assertPinsKnown();
    this.#life?.committer.apply(`confirm/${copyId}`, (change) => confirmPin(change, copyId));
  }

  releasePin(copyId: string): void {
    this.#assertPinsKnown();
    this.#life?.committer.apply(`release/${copyId}`, (change) => releasePin(change, copyId));
  }

  copyStatus(copy: CopyRef): CopyStatus {
    if (!this.#life || this.#isRestoring) return "unknown";
    this.#agenda.schedule("forget", Date.now() + RETRY_MS);
    return settleCopy(this.#sql, copy, Date.now());
  }

  // The bucket's life and configuration. Each step may be repeated.

  create(config: protocol.BucketConfig, shard: number): boolean {
    const created = this.#admission.create(config, shard);
    if (created) this.#begin();
    return created;
  }

  readConfig(): protocol.BucketConfig | undefined {
    return this.#admission.state?.config;
  }

  checkConfig(call: protocol.Call) {
    return this.#read(call, (): ConfigOutcome => ({ outcome: "ok" }));
  }

  /**
   * On the first shard: in force everywhere when this answers "ok". A change that was made from another
   * configuration than the present one is refused as "stale", so that of two at once none is lost.
   */
  async changeConfig(call: ChangeConfigCall): Promise<ConfigOutcome> {
    const refusal = (await this.#admission.admit(call)) ?? this.#admission.replaceConfig(call);
    if (refusal) return refusal;
    this.#alive.committer.apply("configuration", (change) => change.note());
    this.#agenda.schedule("configuration", Date.now() + RETRY_MS);
    this.#alive.duties.scheduleDaily();
    this.#agenda.set("configuration", await this.#alive.duties.spreadConfig());
    return { outcome: "ok" };
  }

  applyConfig(config: protocol.BucketConfig): boolean {
    const applied = this.#admission.applyConfig(config);
    if (applied) this.#alive.duties.scheduleDaily();
    return applied;
  }

  seal(): SealOutcome {
    return this.#admission.seal();
  }

  unseal(): void {
    this.#admission.unseal();
  }

  settleSeal(): "open" | "deleted" {
    return this.#admission.settleSeal();
  }

  /** False when the seal has run out, or was taken back. What is left of the bucket is then freed. */
  commitDelete(): boolean {
    if (!this.#admission.commitDelete()) return false;
    while (this.#alive.committer.apply("delete-bucket", dropUploads)) continue;
    this.#agenda.schedule("journal", Date.now() + readRecoveryWindow(this.env));
    return true;
  }

  // Housekeeping

  /** Finds blobs that nothing references and makes them garbage. */
  sweepBlobs(blobs: readonly SweptBlob[]): SweepOutcome {
    // An index that is being rebuilt does not know its blobs yet.
    if (!this.#life || this.#isRestoring) return { outcome: "unknown" };
    const now = Date.now();
    const due = now + readRecoveryWindow(this.env);
    const orphans = this.ctx.storage.transactionSync(() => sweepBlobs(this.#sql, blobs, now, due));
    if (orphans.length > 0) this.#agenda.schedule("garbage", due);
    return { outcome: "ok", orphans };
  }

  /** Undefined where no bucket was created. */
  readStatistics(): IndexStatistics | undefined {
    const state = this.#admission.state;
    return state && { status: state.status, ...readStatistics(this.#sql) };
  }

  // Inventory reports: their steps on the first index object, what they tell on each.

  claimInventory(call: inventory.InventoryClaimCall): inventory.InventoryClaim | undefined {
    return this.#life?.duties.claimInventory(call);
  }

  endInventory(step: inventory.InventoryStep, next?: inventory.InventoryRun): void {
    if (this.#life) inventory.endStep(this.#sql, step, next);
  }

  releaseInventory(step: inventory.InventoryStep): void {
    if (this.#life) inventory.releaseStep(this.#sql, step);
  }

  readInventory(call: InventoryPageCall): InventoryPage {
    if (!this.#life || this.#isRestoring) throw new Error("this index object serves no bucket");
    return readInventoryPage(this.#sql, call);
  }

  /** Begins a rebuild, or begins it again; false where an index is in service. */
  beginRestore(config: protocol.BucketConfig, shard: number): boolean {
    const status = this.#admission.state?.status;
    if (status !== undefined && status !== "restoring") return false;
    this.#admission.setRestoring(config, shard, true);
    this.#begin();
    return true;
  }

  /** Lines of the exported segments, oldest segment first. */
  restoreLines(lines: readonly string[]): void {
    this.#assertRestoring();
    this.ctx.storage.transactionSync(() => restoreLines(this.#sql, lines));
  }

  /** Blobs minted after the last export, oldest first; answers how many were taken. After the lines. */
  restoreBlobs(blobs: readonly NewerBlob[]): number {
    this.#assertRestoring();
    const { committer } = this.#alive;
    committer.advanceTo(this.ctx.storage.transactionSync(() => raiseSequence(this.#sql)));
    return blobs.filter((blob) => committer.apply("restore", (change) => restoreBlob(change, blob))).length;
  }

  /** Ends a rebuild: the index serves again. */
  finishRestore(): void {
    this.#assertRestoring();
    const { config, shard } = this.#admission.knownState;
    this.#alive.committer.advanceTo(this.ctx.storage.transactionSync(() => raiseSequence(this.#sql)));
    this.ctx.storage.transactionSync(() => dropLooseRows(this.#sql));
    this.#agenda.schedule("pins", Date.now());
    this.#admission.setRestoring(config, shard, false);
    this.#alive.duties.resumeReplication();
  }

  override async alarm(): Promise<void> {
    // An alarm that throws is repeated a few times and then dropped: nothing may escape.
    const now = Date.now();
    for (const duty of this.#life ? this.#agenda.list(now) : []) {
      try {
        this.#agenda.set(duty, await this.#alive.duties.perform(duty, now));
      } catch (error) {
        console.error(`index ${String(this.ctx.id)} failed at ${duty}`, error);
        this.#agenda.set(duty, Date.now() + RETRY_MS);
      }
    }
    this.#agenda.rearm();
  }

  #begin(): void {
    if (this.#life) return;
    const { storage } = this.ctx;
    const [agenda, admission, env] = [this.#agenda, this.#admission, this.env];
    agenda.load(Date.now());
    const life = createLife({
      storage,
      env,
      agenda,
      admission,
      outlets: this.#outlets,
      sent: (what) => this.#deliverSoon(what),
      pin: (call) => this.pin(call),
      defer: (work) => this.ctx.waitUntil(work),
    });
    const { duties, events, replication } = life;
    this.#life = life;
    duties.scheduleDaily();
    // Left over by a crash: the alarm would come half a minute later.
    if (events.hasEvents) this.#deliverSoon("events");
    if (replication.hasRows) this.#deliverSoon("replication");
  }

  /** After the commit; what fails is left to the alarm. */
  #deliverSoon(what: Delivery): void {
    const { duties, events, replication } = this.#alive;
    const deliveries: Record<Delivery, () => Promise<unknown>> = {
      events: () => events.deliverAll(),
      replication: () => replication.replicateAll(),
      outbox: () => duties.deliver().catch(() => undefined),
    };
    this.ctx.waitUntil(deliveries[what]());
  }

  async #read<Answer>(call: protocol.Call, answer: () => Answer): Promise<Answer | protocol.Refusal> {
    return (await this.#admission.admit(call)) ?? answer();
  }

  async #mutate<Answer>(call: protocol.Mutation, work: (change: Change) => Answer): Promise<Answer | protocol.Refusal> {
    await this.#commitTurn.next();
    return (await this.#admission.admit(call)) ?? this.#alive.committer.commit(call, work);
  }

  /** The pin may be among the rows that are still to be restored: the caller tries again. */
  #assertPinsKnown(): void {
    if (this.#isRestoring) throw new Error("this index object is being rebuilt");
  }

  #assertRestoring(): void {
    if (!this.#isRestoring) throw new Error("this index object is not being rebuilt");
  }

  get #isRestoring(): boolean {
    return this.#admission.state?.status === "restoring";
  }

  get #alive(): Life {
    if (!this.#life) throw new Error("this index object was never created");
    return this.#life;
  }
}
