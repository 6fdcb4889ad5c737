/** What an index object does by itself. */
export type Duty =
  | "export"
  | "garbage"
  | "pins"
  | "outbox"
  | "events"
  | "replication"
  | "forget"
  | "configuration"
  | "refresh"
  | "journal"
  | "pack"
  | "lifecycle"
  | "inventory";

/**
 * The due-table: when which duty is due. One alarm serves all (consistency rule 19). The times are kept in
 * memory too, so that a mutation whose duty is already due soon costs no row.
 */
export class Agenda {
  readonly #storage: DurableObjectStorage;
  readonly #due = new Map<Duty, number>();
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Reads the table, and arms the alarm again if the platform dropped it (it does after seven failures). */
  load(now: number): void {
    for (const { kind, at } of this.#storage.sql.exec<{ kind: Duty; at: number }>("SELECT kind, at FROM due")) {
      this.#due.set(kind, at);
    }
    const next = Math.min(...this.#due.values());
    if (next <= now) this.#arm(next);
    else this.#armedFor = next;
  }

  /** Makes `duty` due at `at`, unless it is due earlier. */
  schedule(duty: Duty, at: number): void {
    const known = this.#due.get(duty);
    if (known === undefined || at < known) this.set(duty, at);
  }

  /** Makes `duty` due at `at` whatever it was before; undefined: not at all. */
  set(duty: Duty, at: number | undefined): void {
    if (at === undefined) {
      this.#due.delete(duty);
      this.#storage.sql.exec("DELETE FROM due WHERE kind = ?", duty);
      return;
    }
    this.#due.set(duty, at);
    this.#storage.sql.exec(
      "INSERT INTO due (kind, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = excluded.at",
      duty,
      at,
    );
    if (at < this.#armedFor) this.#arm(at);
  }

  /** The duties whose time has come. */
  list(now: number): Duty[] {
    return [...this.#due].filter(([, at]) => at <= now).map(([duty]) => duty);
  }

  /** Arms the alarm for what is left, after it has rung. */
  rearm(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const next = Math.min(...this.#due.values());
    if (Number.isFinite(next)) this.#arm(next);
  }

  #arm(at: number): void {
    this.#armedFor = at;
    // Not awaited: the output gate holds answers until it is stored, like any write.
    void this.#storage.setAlarm(at);
  }
}
