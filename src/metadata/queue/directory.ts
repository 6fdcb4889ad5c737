import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { runMigrations } from "../migrations.ts";
import type { QueueDirectoryApi, QueueNamesPage } from "./protocol.ts";
import { DIRECTORY_MIGRATIONS } from "./schema.ts";

/**
 * The names of an account's queues, for listings alone: whether a queue exists is known by its own object. A
 * creation or deletion that was cut off between the two is completed by its repetition.
 */
export class QueueDirectory extends DurableObject<Env> implements QueueDirectoryApi {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql = state.storage.sql;
    runMigrations(state.storage, DIRECTORY_MIGRATIONS);
  }

  async add(name: string, deadLetterQueue: string | undefined): Promise<void> {
    this.#sql.exec(
      "INSERT OR REPLACE INTO queues (name, dead_letter_queue) VALUES (?, ?)",
      name,
      deadLetterQueue ?? null,
    );
  }

  async remove(name: string): Promise<void> {
    this.#sql.exec("DELETE FROM queues WHERE name = ?", name);
  }

  async list(prefix: string, after: string, limit: number): Promise<QueueNamesPage> {
    return this.#page(limit, "substr(name, 1, ?) = ? AND name > ?", prefix.length, prefix, after);
  }

  async listSources(deadLetterQueue: string, after: string, limit: number): Promise<QueueNamesPage> {
    return this.#page(limit, "dead_letter_queue = ? AND name > ?", deadLetterQueue, after);
  }

  #page(limit: number, condition: string, ...bound: (string | number)[]): QueueNamesPage {
    const query = `SELECT name FROM queues WHERE ${condition} ORDER BY name LIMIT ?`;
    const names = this.#sql.exec<{ name: string }>(query, ...bound, limit + 1).toArray();
    return { names: names.slice(0, limit).map(({ name }) => name), more: names.length > limit };
  }
}
