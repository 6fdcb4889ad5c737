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

  /** Those that would not come by themselves. */
  listSleeping(now: number): Consumer[] {
    return this.#list().filter(({ id }) => (this.#expected.get(id) ?? 0) <= now);
  }

  /** It has been sent for. */
  noteWoken(id: string, now: number): void {
    this.expect(id, now + SILENCE_MS);
  }

  /** It comes back by itself until then. */
  expect(id: string, until: number): void {
    this.#expected.set(id, until);
  }

  /** It does not come back by itself. */
  release(id: string): void {
    this.#expected.delete(id);
  }

  /** When the next one that is expected counts as lost; `Infinity` when none is. */
  nextLoss(now: number): number {
    return Math.min(...[...this.#expected.values()].filter((until) => until > now));
  }

  /** The queue was deleted. */
  forgetAll(): void {
    this.#expected.clear();
    this.#known = undefined;
  }

  #list(): readonly Consumer[] {
    this.#known ??= this.#sql
      .exec<{ id: string; account_id: string }>("SELECT id, account_id FROM consumers")
      .toArray()
      .map(({ id, account_id }) => ({ id, accountId: account_id }));
    return this.#known;
  }
}
