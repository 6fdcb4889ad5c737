import type { Env } from "../../env.ts";
import { BlobStore } from "../../storage/blob-store.ts";
import { deleteSegments, listSegments, putSegment } from "../../storage/journal-segments.ts";
import type { Admission } from "./admission.ts";
import type { Committer } from "./committer.ts";
import { forgetCompletions } from "./completion.ts";
import type { Agenda, Duty } from "./due.ts";
import type { EventDelivery } from "./events.ts";
import { collectGarbage, enterGarbage, nextGarbage } from "./garbage.ts";
import {
  claimStep,
  type InventoryClaim,
  type InventoryClaimCall,
  type InventoryClock,
  nextInventory,
  takeDueSteps,
} from "./inventory.ts";
import { forgetOldRows, hasUnexported } from "./journal.ts";
import { describeLifecycle, endWalk, hasLifecycle, nextLifecycle, walkPage } from "./lifecycle.ts";
import { deliverMessages, hasMessages, type Message, type PinConfirmation } from "./outbox.ts";
import { packBodies } from "./packing.ts";
import {
  confirmPin,
  type CopyRef,
  type CopyStatus,
  forgetRefusals,
  listPending,
  PENDING_MS,
  type PendingPin,
  releasePin,
} from "./pins.ts";
import type { BucketConfig, IndexAddress } from "./protocol.ts";
import { countSegment, endRefresh, refreshPage } from "./refresh.ts";
import { writeCounter } from "./schema.ts";
import { buildSegment } from "./segments.ts";
import { requeuePending } from "./replicate.ts";
import type { ReplicaCall, ReplicaOutcome } from "./replicas.ts";
import type { Replication } from "./replication.ts";
import { readExportInterval, readLifecycleDay, readPackBytes, readRecoveryWindow } from "./settings.ts";
import { noticeReplicas } from "./versions.ts";

/** A failed duty is tried again after this long. */
export const RETRY_MS = 30_000;
/** How often what was remembered for repeated calls is looked through. */
const FORGET_INTERVAL_MS = 15 * 60_000;

/** Between two pages of a refresh, so that requests come through. */
const REFRESH_PAUSE_MS = 1000;
/** Between two pages of a lifecycle walk. */
const LIFECYCLE_PAUSE_MS = 50;
/** Between two packs. */
const PACK_PAUSE_MS = 1000;

/** What index objects say to each other. */
export interface PeerIndex {
  confirmPin(copyId: string): Promise<void>;
  releasePin(copyId: string): Promise<void>;
  copyStatus(copy: CopyRef): Promise<CopyStatus>;
  putReplica(call: ReplicaCall): Promise<ReplicaOutcome>;
  applyConfig(config: BucketConfig): Promise<boolean>;
}

export interface DutyPorts {
  readonly storage: DurableObjectStorage;
  readonly env: Env;
  readonly self: IndexAddress;
  readonly agenda: Agenda;
  readonly admission: Admission;
  readonly committer: Committer;
  readonly events: EventDelivery;
  readonly replication: Replication;
  /** Lets work go on after the alarm. */
  readonly defer: (work: Promise<unknown>) => void;
  readonly peer: (address: IndexAddress) => PeerIndex;
}

/** What an index object does by itself, each answering when it is due again. */
export class Duties {
  readonly #ports: DutyPorts;
  readonly #sql: SqlStorage;
  #delivering = false;
  #outboxGrew = false;

  constructor(ports: DutyPorts) {
    this.#ports = ports;
    this.#sql = ports.storage.sql;
  }

  async perform(duty: Duty, now: number): Promise<number | undefined> {
    const perform: Record<Duty, (now: number) => Promise<number | undefined>> = {
      export: () => this.#exportJournal(),
      garbage: () => this.#collectGarbage(now),
      pins: () => this.#settlePins(now),
      outbox: () => this.#emptyOutbox(now),
      events: async () => this.#deliverEvents(now),
      replication: async () => this.#replicate(now),
      forget: () => this.#forget(now),
      configuration: () => this.spreadConfig(),
      refresh: () => this.#refreshJournal(),
      journal: () => this.#deleteJournal(),
      pack: () => this.#packBodies(),
      lifecycle: async () => this.#walkLifecycle(now),
      inventory: () => this.#dueInventory(now),
    };
    return perform[duty](now);
  }

  /** Sends what waits in the outbox. Throws when something could not be sent. */
  async deliver(): Promise<void> {
    this.#outboxGrew = true;
    // Each commit asks for a delivery: one at a time, or every message would be sent by many of them.
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#outboxGrew) {
        this.#outboxGrew = false;
        if (await deliverMessages(this.#sql, (message) => this.#send(message))) this.#outboxGrew = true;
      }
    } finally {
      this.#delivering = false;
    }
  }

  async #send({ kind, payload }: Message): Promise<void> {
    if (kind !== "confirm-pin") throw new Error(`no delivery for messages of kind ${kind}`);
    const { owner, copyId } = payload as PinConfirmation;
    await this.#ports.peer(owner).confirmPin(copyId);
  }

  /**
   * Writes the journal to R2, segment by segment. What the rows freed becomes garbage in the transaction
   * that notes them as exported. A deleted bucket is exported no more, but its garbage is still collected.
   */
  async #exportJournal(): Promise<number | undefined> {
    const { storage, env, agenda, admission, committer } = this.#ports;
    const { config, shard, status } = admission.knownState;
    const window = readRecoveryWindow(env);
    let segment;
    do {
      committer.noteExported();
      segment = buildSegment(this.#sql, config, shard, Date.now());
      if (!segment) break;
      const { covered, last, text } = segment;
      if (status !== "deleted") await putSegment(env.BLOBS, this.#ports.self, segment, text);
      storage.transactionSync(() => {
        writeCounter(this.#sql, "exported", last);
        if (countSegment(this.#sql, text.length)) agenda.schedule("refresh", Date.now() + REFRESH_PAUSE_MS);
        for (const row of covered) {
          for (const freed of row.freed) enterGarbage(this.#sql, freed, row.at + window);
        }
      });
    } while (segment.full);
    agenda.schedule("forget", Date.now() + FORGET_INTERVAL_MS);
    if (this.#isOverfull()) agenda.schedule("pack", Date.now() + PACK_PAUSE_MS);
    const due = nextGarbage(this.#sql);
    if (due !== undefined) agenda.schedule("garbage", due);
    return hasUnexported(this.#sql) ? Date.now() + readExportInterval(env) : undefined;
  }

  /**
   * Writes the configuration to the other index objects of the bucket (consistency rule 17). Due again at once
   * when it has changed meanwhile: that change's own Worker may have died.
   */
  async spreadConfig(): Promise<number | undefined> {
    const { config } = this.#ports.admission.knownState;
    const others = Array.from({ length: config.shards - 1 }, (_, position) => position + 1);
    await Promise.all(
      others.map((shard) => this.#ports.peer({ bucketId: config.bucketId, shard }).applyConfig(config)),
    );
    const { revision } = this.#ports.admission.knownState.config;
    return revision === config.revision ? undefined : Date.now();
  }

  /** One page at a time; when the last is exported, what came before is deleted. */
  async #refreshJournal(): Promise<number | undefined> {
    const { storage, env, agenda, committer } = this.#ports;
    const pending = committer.apply("refresh", refreshPage) || hasUnexported(this.#sql);
    if (pending) {
      agenda.schedule("export", Date.now());
      return Date.now() + REFRESH_PAUSE_MS;
    }
    const segments = await listSegments(env.BLOBS, this.#ports.self);
    const start = storage.transactionSync(() => endRefresh(this.#sql)) ?? 0;
    await deleteSegments(
      env.BLOBS,
      this.#ports.self,
      segments.filter((segment) => segment.last <= start),
    );
    return undefined;
  }

  /** Of a bucket that was deleted a recovery window ago. */
  async #deleteJournal(): Promise<undefined> {
    const { env } = this.#ports;
    await deleteSegments(env.BLOBS, this.#ports.self, await listSegments(env.BLOBS, this.#ports.self));
  }

  /** One pack at a time, while the index is too large. */
  async #packBodies(): Promise<number | undefined> {
    const { env, self, committer } = this.#ports;
    if (!this.#isOverfull()) return undefined;
    const more = await packBodies({ sql: this.#sql, self, committer, store: new BlobStore(env.BLOBS) });
    return more && this.#isOverfull() ? Date.now() + PACK_PAUSE_MS : undefined;
  }

  /** After a rebuild: what was on its way to other buckets goes again, and what came from them is found. */
  resumeReplication(): void {
    noticeReplicas(this.#sql);
    this.#ports.committer.apply("replicate-again", requeuePending);
  }

  /** Has what is configured by the day looked at on the next, unless a walk or a report is under way. */
  scheduleDaily(): void {
    const { admission, agenda } = this.#ports;
    const { documents } = admission.knownState.config;
    if (hasLifecycle(documents?.lifecycle)) agenda.schedule("lifecycle", this.#nextLifecycle(Date.now()));
    const inventory = this.#nextInventory(Date.now());
    if (inventory !== undefined) agenda.schedule("inventory", inventory);
  }

  #walkLifecycle(now: number): number | undefined {
    const { env, admission, committer } = this.#ports;
    const { config, status } = admission.knownState;
    const rules = config.documents?.lifecycle;
    if (!hasLifecycle(rules)) {
      endWalk(this.#sql);
      return undefined;
    }
    const dayMs = readLifecycleDay(env);
    if (status !== "open") return status === "deleted" ? undefined : this.#nextLifecycle(now);
    const more = committer.apply("lifecycle", (change) => walkPage(change, rules, dayMs), describeLifecycle());
    return more ? Date.now() + LIFECYCLE_PAUSE_MS : this.#nextLifecycle(now);
  }

  #nextLifecycle(now: number): number {
    const { env, self } = this.#ports;
    return nextLifecycle(`${self.bucketId}/${self.shard}`, now, readLifecycleDay(env));
  }

  /** Wakes jobs for what is to be written. */
  async #dueInventory(now: number): Promise<number | undefined> {
    const { env, admission, self } = this.#ports;
    const { config, status } = admission.knownState;
    if (status === "deleted") return undefined;
    const steps = takeDueSteps(this.#sql, config.documents, this.#inventoryClock(now));
    for (const { id, step } of steps) {
      await env.BACKGROUND.send({ kind: "write-inventory", bucketId: self.bucketId, id, step });
    }
    return this.#nextInventory(now);
  }

  /** Undefined where the step is not to be taken. */
  claimInventory(call: InventoryClaimCall): InventoryClaim | undefined {
    const { config, status } = this.#ports.admission.knownState;
    return status === "open" ? claimStep(this.#sql, config, call, this.#inventoryClock(Date.now())) : undefined;
  }

  /** Of the whole bucket; undefined on other index objects than the first. */
  #nextInventory(now: number): number | undefined {
    const { admission, self } = this.#ports;
    const { documents } = admission.knownState.config;
    return self.shard === 0 ? nextInventory(this.#sql, documents, this.#inventoryClock(now)) : undefined;
  }

  #inventoryClock(now: number): InventoryClock {
    const { env, self } = this.#ports;
    return { now, dayMs: readLifecycleDay(env), name: `${self.bucketId}/inventory` };
  }

  #isOverfull(): boolean {
    const { env, admission } = this.#ports;
    return admission.knownState.status === "open" && this.#sql.databaseSize > readPackBytes(env);
  }

  async #collectGarbage(now: number): Promise<number | undefined> {
    const store = new BlobStore(this.#ports.env.BLOBS);
    await collectGarbage(this.#sql, now, {
      deleteBlobs: (ids) => store.delete(ids),
      releasePin: ({ owner, copyId }) => this.#ports.peer(owner).releasePin(copyId),
    });
    return nextGarbage(this.#sql);
  }

  /** Asks about the pins that nobody confirmed: the Worker between the two commits may have died. */
  async #settlePins(now: number): Promise<number | undefined> {
    for (const pin of listPending(this.#sql)) {
      if (pin.at + PENDING_MS > now) break;
      await this.#settlePin(pin);
    }
    const next = listPending(this.#sql)[0];
    return next && Math.max(next.at, now) + PENDING_MS;
  }

  /** Leaves the pin as it is where its destination does not know: the others must not wait for that one. */
  async #settlePin({ copyId, destination }: PendingPin): Promise<void> {
    const { self, peer, committer } = this.#ports;
    const status = await peer(destination)
      .copyStatus({ copyId, owner: self })
      .catch((): CopyStatus => "unknown");
    if (status === "unknown") return;
    committer.apply(`settle/${copyId}`, (change) =>
      status === "committed" ? confirmPin(change, copyId) : releasePin(change, copyId),
    );
  }

  async #emptyOutbox(now: number): Promise<number | undefined> {
    await this.deliver();
    return hasMessages(this.#sql) ? now + RETRY_MS : undefined;
  }

  /** Not awaited: a destination that does not answer must not keep the other duties waiting. */
  #deliverEvents(now: number): number | undefined {
    const { events, defer } = this.#ports;
    defer(events.deliverAll());
    return events.hasEvents ? now + RETRY_MS : undefined;
  }

  /** Not awaited, for the same reason. */
  #replicate(now: number): number | undefined {
    const { replication, defer } = this.#ports;
    defer(replication.replicateAll());
    return replication.hasRows ? now + RETRY_MS : undefined;
  }

  async #forget(now: number): Promise<number | undefined> {
    forgetOldRows(this.#sql, now);
    forgetCompletions(this.#sql, now);
    forgetRefusals(this.#sql, now);
    return isAnythingRemembered(this.#sql) ? now + FORGET_INTERVAL_MS : undefined;
  }
}

function isAnythingRemembered(sql: SqlStorage): boolean {
  const { found } = sql
    .exec<{ found: number }>(
      `SELECT EXISTS (SELECT 1 FROM journal) OR EXISTS (SELECT 1 FROM completed_uploads)
       OR EXISTS (SELECT 1 FROM refused_copies) AS found`,
    )
    .one();
  return found === 1;
}
