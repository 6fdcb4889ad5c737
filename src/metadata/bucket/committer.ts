import type { Agenda } from "./due.ts";
import { Change, findOutcome, readLastSequence, writeJournal } from "./journal.ts";
import type { IndexAddress, Refusal } from "./protocol.ts";

/** Unexported rows that are not left to wait for the interval. */
const MANY_ROWS = 1000;
/** When the alarm looks after messages that the sender did not manage to deliver. */
const OUTBOX_GRACE_MS = 30_000;

export interface Operation {
  readonly operationId: string;
  readonly repeated: boolean;
}

/** Carries out mutations: one transaction, one sequence number and one journal row each. */
export class Committer {
  readonly #storage: DurableObjectStorage;
  readonly #self: IndexAddress;
  readonly #agenda: Agenda;
  readonly #exportInterval: number;
  readonly #sent: () => void;
  /**
   * Operations that came again. The first attempt may still arrive after its repetition: carried out then, it
   * would free the very blob that it brings, or commit one that was deleted when the repetition was refused.
   */
  readonly #repeated = new Set<string>();
  #sequence: number;
  #waiting = 0;

  /** `exportInterval` in milliseconds; `sent` is called after a commit that put messages in the outbox. */
  constructor(
    storage: DurableObjectStorage,
    self: IndexAddress,
    agenda: Agenda,
    exportInterval: number,
    sent: () => void,
  ) {
    this.#storage = storage;
    this.#self = self;
    this.#agenda = agenda;
    this.#exportInterval = exportInterval;
    this.#sent = sent;
    this.#sequence = readLastSequence(storage.sql);
  }

  /**
   * A change that a caller may repeat: the first outcome is kept with it and answered again
   * (consistency rule 8). Refusals change nothing, and are decided afresh.
   */
  commit<Result>(operation: Operation, work: (change: Change) => Result): Result | Refusal {
    const { operationId, repeated } = operation;
    if (repeated) this.#noteRepeated(operationId);
    if (!this.#repeated.has(operationId)) return this.#run(operationId, work, true);
    const first = findOutcome(this.#storage.sql, operationId);
    if (first !== undefined) return first as Result;
    // A first attempt after its repetition was refused. The caller has that answer, and waits for no other.
    if (!repeated) return { outcome: "busy" };
    return this.#run(operationId, work, true);
  }

  /** A change that is idempotent by itself. */
  apply<Result>(name: string, work: (change: Change) => Result): Result {
    return this.#run(name, work, false);
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

  #run<Result>(operationId: string, work: (change: Change) => Result, remember: boolean): Result {
    const change = new Change(this.#storage.sql, this.#self, this.#sequence + 1, Date.now());
    const { result, last } = this.#storage.transactionSync(() => {
      const outcome = work(change);
      if (!change.changedAnything) return { result: outcome, last: this.#sequence };
      return { result: outcome, last: writeJournal(change, operationId, remember ? outcome : undefined) };
    });
    this.#sequence = last;
    if (change.changedAnything) this.#afterCommit(change);
    return result;
  }

  #afterCommit(change: Change): void {
    this.#waiting += 1;
    this.#agenda.schedule("export", this.#waiting >= MANY_ROWS ? change.at : change.at + this.#exportInterval);
    if (!change.sentMessages) return;
    this.#agenda.schedule("outbox", change.at + OUTBOX_GRACE_MS);
    this.#sent();
  }
}
