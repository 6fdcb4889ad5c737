import type { Agenda } from "./due.ts";
import { Change, findOutcome, readLastSequence, writeJournal } from "./journal.ts";

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
  readonly #agenda: Agenda;
  readonly #exportInterval: number;
  readonly #sent: () => void;
  #sequence: number;
  #waiting = 0;

  /** `exportInterval` in milliseconds; `sent` is called after a commit that put messages in the outbox. */
  constructor(storage: DurableObjectStorage, agenda: Agenda, exportInterval: number, sent: () => void) {
    this.#storage = storage;
    this.#agenda = agenda;
    this.#exportInterval = exportInterval;
    this.#sent = sent;
    this.#sequence = readLastSequence(storage.sql);
  }

  /**
   * A change that a caller may repeat: the first outcome is kept with it and answered again
   * (consistency rule 8). Refusals change nothing, and are decided afresh.
   */
  commit<Result>(operation: Operation, work: (change: Change) => Result): Result {
    const first = operation.repeated ? findOutcome(this.#storage.sql, operation.operationId) : undefined;
    return first === undefined ? this.#run(operation.operationId, work, true) : (first as Result);
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

  #run<Result>(operationId: string, work: (change: Change) => Result, remember: boolean): Result {
    const change = new Change(this.#storage.sql, this.#sequence + 1, Date.now());
    const result = this.#storage.transactionSync(() => {
      const outcome = work(change);
      if (change.changedAnything) writeJournal(change, operationId, remember ? outcome : undefined);
      return outcome;
    });
    if (change.changedAnything) this.#afterCommit(change);
    return result;
  }

  #afterCommit(change: Change): void {
    this.#sequence = change.sequence;
    this.#waiting += 1;
    this.#agenda.schedule("export", this.#waiting >= MANY_ROWS ? change.at : change.at + this.#exportInterval);
    if (!change.sentMessages) return;
    this.#agenda.schedule("outbox", change.at + OUTBOX_GRACE_MS);
    this.#sent();
  }
}
