import type { Agenda } from "./due.ts";
import { Change, findOutcome, readLastSequence, writeJournal } from "./journal.ts";
import type { EventContext } from "./event-record.ts";
import type { BucketConfig, IndexAddress, Refusal } from "./protocol.ts";

/** Unexported rows that are not left to wait for the interval. */
const MANY_ROWS = 1000;
/** When the alarm looks after what the sender did not manage to deliver. */
const DELIVERY_GRACE_MS = 30_000;

/** What a commit may leave to be taken elsewhere. */
export type Delivery = "outbox" | "events" | "replication";

export interface Operation {
  readonly operationId: string;
  readonly repeated: boolean;
  readonly eventContext?: EventContext;
}

export interface CommitterPorts {
  readonly storage: DurableObjectStorage;
  /** The index object that changes. */
  readonly self: IndexAddress;
  readonly agenda: Agenda;
  /** Milliseconds. */
  readonly exportInterval: number;
  readonly config: () => BucketConfig;
  /** After a commit that left something to deliver. */
  readonly sent: (what: Delivery) => void;
}

/** Carries out mutations: one transaction, one sequence number and one journal row each. */
export class Committer {
  readonly #ports: CommitterPorts;
  /**
   * Operations that came again. The first attempt may still arrive after its repetition: carried out then, it
   * would free the very blob that it brings, or commit one that was deleted when the repetition was refused.
   */
  readonly #repeated = new Set<string>();
  #sequence: number;
  #waiting = 0;

  constructor(ports: CommitterPorts) {
    this.#ports = ports;
    this.#sequence = readLastSequence(ports.storage.sql);
  }

  /**
   * A change that a caller may repeat: the first outcome is kept with it and answered again
   * (consistency rule 8). Refusals change nothing, and are decided afresh.
   */
  commit<Result>(operation: Operation, work: (change: Change) => Result): Result | Refusal {
    const { operationId, repeated } = operation;
    if (repeated) this.#noteRepeated(operationId);
    if (!this.#repeated.has(operationId)) return this.#run(operation, work, true);
    const first = findOutcome(this.#ports.storage.sql, operationId);
    if (first !== undefined) return first as Result;
    // A first attempt after its repetition was refused. The caller has that answer, and waits for no other.
    if (!repeated) return { outcome: "busy" };
    return this.#run(operation, work, true);
  }

  /** A change that is idempotent by itself. `eventContext`: where the bucket's subscribers hear of it. */
  apply<Result>(name: string, work: (change: Change) => Result, eventContext?: EventContext): Result {
    return this.#run({ operationId: name, ...(eventContext && { eventContext }) }, work, false);
  }

  /** Never goes back: rows of another index's life may be restored. */
  advanceTo(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
  }

  get sequence(): number {
    return this.#sequence;
  }

  noteExported(): void {
    this.#waiting = 0;
  }

  #noteRepeated(operationId: string): void {
    this.#repeated.add(operationId);
    const [oldest] = this.#repeated;
    if (this.#repeated.size > MANY_ROWS && oldest !== undefined) this.#repeated.delete(oldest);
  }

  #run<Result>(
    { operationId, eventContext }: Pick<Operation, "operationId" | "eventContext">,
    work: (change: Change) => Result,
    remember: boolean,
  ): Result {
    const { storage, self, config } = this.#ports;
    const change = new Change(storage.sql, self, this.#sequence + 1, Date.now(), config(), eventContext);
    const { result, last } = storage.transactionSync(() => {
      const outcome = work(change);
      if (!change.changedAnything) return { result: outcome, last: this.#sequence };
      return { result: outcome, last: writeJournal(change, operationId, remember ? outcome : undefined) };
    });
    this.#sequence = last;
    if (change.changedAnything) this.#afterCommit(change);
    return result;
  }

  #afterCommit(change: Change): void {
    const { agenda, exportInterval } = this.#ports;
    this.#waiting += 1;
    agenda.schedule("export", this.#waiting >= MANY_ROWS ? change.at : change.at + exportInterval);
    if (change.sentMessages) this.#send("outbox", change.at);
    if (change.queuedEvents) this.#send("events", change.at);
    if (change.queuedReplications) this.#send("replication", change.at);
  }

  #send(what: Delivery, at: number): void {
    this.#ports.agenda.schedule(what, at + DELIVERY_GRACE_MS);
    this.#ports.sent(what);
  }
}
