import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { CommitTurn } from "../bucket/commit-turn.ts";
import { runMigrations } from "../migrations.ts";
import {
  acceptEvent,
  clearEvents,
  countDue,
  extendLease,
  leaseEvents,
  listLeases,
  readNextDue,
  settleEvent,
} from "./events.ts";
import type {
  AcceptedEvent,
  EventsMessage,
  EventTarget,
  Exchange,
  FunctionEventsApi,
  LeasedEvent,
  LeaseName,
} from "./events-protocol.ts";
import { MIGRATIONS } from "./events-schema.ts";
import { RunnerCalls } from "./runner-calls.ts";

/** A message that has woken nobody by then counts as lost. */
const RESEND_MS = 2_000;
/** After a failure of the alarm itself. */
const RETRY_MS = 30_000;
/** What waits beyond it changes nothing in how many runners are called. */
const COUNTED_EVENTS = 1_000;

/**
 * The asynchronous invocations of one function that wait, run or are to be run again; `<account>:<name>` names
 * the object. Its rows are the truth: a message on the queue only wakes a runner, which leases what is due.
 */
export class FunctionEvents extends DurableObject<Env> implements FunctionEventsApi {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #commitTurn = new CommitTurn();
  readonly #calls = new RunnerCalls();
  /** Leases that have not ended, by event. */
  readonly #leases = new Map<string, number>();
  #target: EventTarget | undefined;
  /** The function's reserved concurrency, as the last runner knew it. */
  #limit = Number.POSITIVE_INFINITY;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    runMigrations(this.#storage, MIGRATIONS);
    const [target] = this.#sql
      .exec<{ accountId: string; functionName: string }>(
        "SELECT account_id AS accountId, function_name AS functionName FROM target",
      )
      .toArray();
    this.#target = target;
    for (const { id, until } of listLeases(this.#sql, Date.now())) this.#leases.set(id, until);
    void state.blockConcurrencyWhile(async () => {
      // None where rows wait: the platform drops an alarm that has failed seven times.
      this.#armedFor = (await this.#storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
      this.#arm(Date.now());
    });
  }

  async accept(target: EventTarget, events: readonly AcceptedEvent[]): Promise<void> {
    await this.#commitTurn.next();
    const now = Date.now();
    this.#storage.transactionSync(() => {
      this.#noteTarget(target);
      for (const event of events) acceptEvent(this.#sql, event, now);
    });
    if (!this.#calls.isExpecting(now)) this.#call(1, now);
    this.#arm(now);
  }

  async exchange(call: Exchange): Promise<readonly LeasedEvent[]> {
    if (call.arriving) this.#calls.noteArrival();
    await this.#commitTurn.next();
    const now = Date.now();
    this.#limit = call.limit ?? Number.POSITIVE_INFINITY;
    const leased = this.#storage.transactionSync(() => {
      for (const settlement of call.settled) {
        if (settleEvent(this.#sql, settlement, now)) this.#leases.delete(settlement.id);
      }
      const want = Math.min(call.want, this.#countFree(now));
      return want > 0 ? leaseEvents(this.#sql, want, now, now + call.leaseMs) : [];
    });
    for (const { id, until } of leased) this.#leases.set(id, until);
    const stays = call.want > 0 && (leased.length > 0 || call.running > 0);
    this.#calls.noteRunner(call.runnerId, stays, call.eventMs, now);
    this.#callForDue(now, 0);
    this.#arm(now);
    return leased;
  }

  async extend(leases: readonly LeaseName[], leaseMs: number): Promise<readonly (number | undefined)[]> {
    const until = Date.now() + leaseMs;
    return this.#storage.transactionSync(() =>
      leases.map((lease) => {
        if (!extendLease(this.#sql, lease, until)) return undefined;
        this.#leases.set(lease.id, until);
        return until;
      }),
    );
  }

  async clear(): Promise<void> {
    this.#storage.transactionSync(() => clearEvents(this.#sql));
    this.#leases.clear();
  }

  /** Calls runners for what is due and nobody came for. Catches everything: a dropped alarm would never come back. */
  override async alarm(): Promise<void> {
    const now = Date.now();
    this.#armedFor = Number.POSITIVE_INFINITY;
    try {
      this.#calls.forgetCallsBefore(now - RESEND_MS);
      // Those who are at work may have died.
      this.#callForDue(now, 1);
      this.#arm(now);
    } catch (error) {
      console.error(`Events of ${JSON.stringify(this.#target)} could not be looked through`, error);
      await this.#storage.setAlarm(now + RETRY_MS);
    }
  }

  #noteTarget(target: EventTarget): void {
    if (this.#target) return;
    this.#sql.exec(
      "INSERT OR IGNORE INTO target (one, account_id, function_name) VALUES (1, ?, ?)",
      target.accountId,
      target.functionName,
    );
    this.#target = target;
  }

  /** How many more executions the function's reserved concurrency allows. */
  #countFree(now: number): number {
    if (this.#leases.size < this.#limit) return this.#limit - this.#leases.size;
    for (const [id, until] of this.#leases) if (until <= now) this.#leases.delete(id);
    return this.#limit - this.#leases.size;
  }

  /** At least so many, unless nothing is due. */
  #callForDue(now: number, least: 0 | 1): void {
    // To count what is due is the dearest part of an exchange: not where so many runners are there already.
    if (this.#countFree(now) <= 0 || this.#calls.count(COUNTED_EVENTS, now, least) === 0) return;
    const due = countDue(this.#sql, now, COUNTED_EVENTS);
    if (due > 0) this.#call(this.#calls.count(due, now, least), now);
  }

  /** What is not sent, or lost on its way, the alarm sends again. */
  #call(count: number, now: number): void {
    if (count === 0 || !this.#target) return;
    this.#calls.noteCalled(count, now);
    const body: EventsMessage = this.#target;
    const messages = Array.from({ length: count }, () => ({ body }));
    this.ctx.waitUntil(this.env.INVOCATIONS.sendBatch(messages).catch(() => undefined));
  }

  /** For the next event that is due, or lease that ends; soon again for what is due and has been called for. */
  #arm(now: number): void {
    const next = readNextDue(this.#sql);
    if (next === undefined) return;
    const at = next > now ? next : now + RESEND_MS;
    // One that is overdue is about to ring; to set another would cancel it.
    if (at >= this.#armedFor && this.#armedFor > now - RETRY_MS) return;
    this.#armedFor = at;
    // Not awaited: the output gate holds answers until it is stored, like any write.
    void this.#storage.setAlarm(at);
  }
}
