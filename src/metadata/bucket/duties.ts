import type { Env } from "../../env.ts";
import { BlobStore } from "../../storage/blob-store.ts";
import { deleteSegments, listSegments, putSegment } from "../../storage/journal-segments.ts";
import type { Admission } from "./admission.ts";
import type { Committer } from "./committer.ts";
import { forgetCompletions } from "./completion.ts";
import type { Agenda, Duty } from "./due.ts";
import { collectGarbage, enterGarbage, nextGarbage } from "./garbage.ts";
import { forgetOldRows, hasUnexported } from "./journal.ts";
import { deliverMessages, hasMessages, type Message, type PinConfirmation } from "./outbox.ts";
import { confirmPin, forgetRefusals, listPending, PENDING_MS, releasePin } from "./pins.ts";
import type { BucketConfig, CopyRef, CopyStatus, IndexAddress } from "./protocol.ts";
import { countSegment, endRefresh, refreshPage } from "./refresh.ts";
import { writeCounter } from "./schema.ts";
import { buildSegment } from "./segments.ts";
import { readExportInterval, readRecoveryWindow } from "./settings.ts";

/** A failed duty is tried again after this long. */
export const RETRY_MS = 30_000;
/** How often what was remembered for repeated calls is looked through. */
const FORGET_INTERVAL_MS = 15 * 60_000;

/** Between two pages of a refresh, so that requests come through. */
const REFRESH_PAUSE_MS = 1000;

/** What index objects say to each other. */
export interface PeerIndex {
  confirmPin(copyId: string): Promise<void>;
  releasePin(copyId: string): Promise<void>;
  copyStatus(copy: CopyRef): Promise<CopyStatus>;
  applyConfig(config: BucketConfig): Promise<boolean>;
}

export interface DutyPorts {
  readonly storage: DurableObjectStorage;
  readonly env: Env;
  readonly agenda: Agenda;
  readonly admission: Admission;
  readonly committer: Committer;
  readonly peer: (address: IndexAddress) => PeerIndex;
}

/** What an index object does by itself, each answering when it is due again. */
export class Duties {
  readonly #ports: DutyPorts;
  readonly #sql: SqlStorage;

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
      forget: () => this.#forget(now),
      configuration: () => this.spreadConfig(),
      refresh: () => this.#refreshJournal(),
      journal: () => this.#deleteJournal(),
    };
    return perform[duty](now);
  }

  /** Sends what waits in the outbox. */
  async deliver(): Promise<void> {
    await deliverMessages(this.#sql, (message) => this.#send(message));
  }

  get self(): IndexAddress {
    const { config, shard } = this.#ports.admission.knownState;
    return { bucketId: config.bucketId, shard };
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
      if (status !== "deleted") await putSegment(env.BLOBS, this.self, segment, text);
      storage.transactionSync(() => {
        writeCounter(this.#sql, "exported", last);
        if (countSegment(this.#sql, text.length)) agenda.schedule("refresh", Date.now() + REFRESH_PAUSE_MS);
        for (const row of covered) {
          for (const freed of row.freed) enterGarbage(this.#sql, freed, row.at + window);
        }
      });
    } while (segment.full);
    agenda.schedule("forget", Date.now() + FORGET_INTERVAL_MS);
    const due = nextGarbage(this.#sql);
    if (due !== undefined) agenda.schedule("garbage", due);
    return hasUnexported(this.#sql) ? Date.now() + readExportInterval(env) : undefined;
  }

  /** Writes the configuration to the other index objects of the bucket (consistency rule 17). */
  async spreadConfig(): Promise<undefined> {
    const { config } = this.#ports.admission.knownState;
    const others = Array.from({ length: config.shards - 1 }, (_, position) => position + 1);
    await Promise.all(
      others.map((shard) => this.#ports.peer({ bucketId: config.bucketId, shard }).applyConfig(config)),
    );
  }

  /** One page at a time; when the last is exported, what came before is deleted. */
  async #refreshJournal(): Promise<number | undefined> {
    const { storage, env, agenda, committer } = this.#ports;
    const pending = committer.apply("refresh", refreshPage) || hasUnexported(this.#sql);
    if (pending) {
      agenda.schedule("export", Date.now());
      return Date.now() + REFRESH_PAUSE_MS;
    }
    const segments = await listSegments(env.BLOBS, this.self);
    const start = storage.transactionSync(() => endRefresh(this.#sql)) ?? 0;
    await deleteSegments(
      env.BLOBS,
      this.self,
      segments.filter((segment) => segment.last <= start),
    );
    return undefined;
  }

  /** Of a bucket that was deleted a recovery window ago. */
  async #deleteJournal(): Promise<undefined> {
    const { env } = this.#ports;
    await deleteSegments(env.BLOBS, this.self, await listSegments(env.BLOBS, this.self));
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
    for (const { copyId, destination, at } of listPending(this.#sql)) {
      if (at + PENDING_MS > now) break;
      const status = await this.#ports.peer(destination).copyStatus({ copyId, owner: this.self });
      this.#ports.committer.apply(`settle/${copyId}`, (change) =>
        status === "committed" ? confirmPin(change, copyId) : releasePin(change, copyId),
      );
    }
    const next = listPending(this.#sql)[0];
    return next && next.at + PENDING_MS;
  }

  async #emptyOutbox(now: number): Promise<number | undefined> {
    await this.deliver();
    return hasMessages(this.#sql) ? now : undefined;
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
