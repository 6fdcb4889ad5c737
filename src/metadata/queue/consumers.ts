import type { Consumer } from "./protocol.ts";

/** A consumer that has not been heard of for so long has died, or was never woken. */
const SILENCE_MS = 15_000;

/** Functions that consume a queue, and until when each is expected to come back by itself. */
export class Consumers {
  readonly #sql: SqlStorage;
  /** By id. In memory alone: after a restart all are woken. */
  readonly #expected = new Map<string, number>();
  #known: Consumer[] | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get exist(): boolean {
    return this.#list().length > 0;
  }

  add({ id, accountId }: Consumer): void {
    this.#sql.exec("INSERT OR REPLACE INTO consumers (id, account_id) VALUES (?, ?)", id, accountId);
    this.#known = undefined;
  }

  remove(id: string): void {
    this.#sql.exec("DELETE FROM consumers WHERE id = ?", id);
    this.#expected.delete(id);
    this.#known = undefined;
  }

  /** Whether it still is one. */
  has(id: string): boolean {
    return this.#list().some((consumer) => consumer.id === id);
  }

  /** Those that would not come by themselves; they count as woken from now on. */
  takeSleeping(now: number): Consumer[] {
    const sleeping = this.#list().filter(({ id }) => (this.#expected.get(id) ?? 0) <= now);
    for (const { id } of sleeping) this.expect(id, now + SILENCE_MS);
    return sleeping;
  }

  /** It comes back by itself until then. */
  expect(id: string, until: number): void {
    this.#expected.set(id, until);
  }

  /** It does not come back by itself. */
  release(id: string): void {
    this.#expected.delete(id);
  }

  /** When the next one that was expected counts as lost. */
  get nextLoss(): number | undefined {
    return this.#expected.size === 0 ? undefined : Math.min(...this.#expected.values());
  }

  #list(): readonly Consumer[] {
    this.#known ??= this.#sql
      .exec<{ id: string; account_id: string }>("SELECT id, account_id FROM consumers")
      .toArray()
      .map(({ id, account_id }) => ({ id, accountId: account_id }));
    return this.#known;
  }
}
