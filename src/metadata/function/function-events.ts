import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { CommitTurn } from "../bucket/commit-turn.ts";
import { runMigrations } from "../migrations.ts";
import { acceptEvent } from "./events.ts";
import type { AcceptedEvent, EventTarget, FunctionEventsApi } from "./events-protocol.ts";
import { MIGRATIONS } from "./events-schema.ts";

/**
 * The asynchronous invocations of one function that wait, run or are to be run again; `<account>:<name>` names
 * the object. Its rows are the truth: whatever wakes a consumer may be lost or come twice.
 */
export class FunctionEvents extends DurableObject<Env> implements FunctionEventsApi {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #commitTurn = new CommitTurn();

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    runMigrations(this.#storage, MIGRATIONS);
  }

  async accept(target: EventTarget, events: readonly AcceptedEvent[]): Promise<void> {
    await this.#commitTurn.next();
    const now = Date.now();
    this.#storage.transactionSync(() => {
      this.#noteTarget(target);
      for (const event of events) acceptEvent(this.#sql, event, now);
    });
  }

  #noteTarget({ accountId, functionName }: EventTarget): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO target (one, account_id, function_name) VALUES (1, ?, ?)",
      accountId,
      functionName,
    );
  }
}
