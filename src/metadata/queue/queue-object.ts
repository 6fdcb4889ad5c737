import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { CommitTurn } from "../bucket/commit-turn.ts";
import { runMigrations } from "../migrations.ts";
import { Consumers } from "./consumers.ts";
import * as messages from "./messages.ts";
import type * as protocol from "./protocol.ts";
import * as tasks from "./move-tasks.ts";
import { deliverGivenUp, runMoveTask } from "./mover.ts";
import { hasMoves } from "./moves.ts";
import { CONTENTS, MIGRATIONS } from "./schema.ts";
import { DEFAULT_ATTRIBUTES, type QueueSettings, readSettings } from "./settings.ts";
import { Waiters } from "./waiters.ts";

/** "only one PurgeQueue operation every 60 seconds". */
const PURGE_INTERVAL_MS = 60_000;
/** How often old messages are looked for while there are any; a receiver never sees them before. */
const FORGET_INTERVAL_MS = 3_600_000;
const RETRY_MS = 5_000;

interface State {
  readonly record: protocol.QueueRecord;
  readonly settings: QueueSettings;
}

/**
 * One queue. What it answers is durable; what makes messages visible again is their row's time, not a timer.
 * Receivers that wait are woken by what is sent.
 */
export class Queue extends DurableObject<Env> implements protocol.QueueApi {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #turn = new CommitTurn();
  readonly #waiters = new Waiters();
  readonly #consumers: Consumers;
  #state: State | undefined;
  /** When the alarm rings, as far as this object has set it itself. */
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#storage = ctx.storage;
    this.#sql = ctx.storage.sql;
    this.#consumers = new Consumers(this.#sql);
    if (!this.#hasTables()) return;
    runMigrations(this.#storage, MIGRATIONS);
    this.#state = this.#load();
    // The platform drops an alarm that has failed too often.
    if (this.#state) this.#arm(Date.now());
  }

  async create(
    address: protocol.QueueAddress,
    attributes: protocol.QueueAttributes,
    tags: protocol.QueueRecord["tags"],
  ): Promise<"created" | "different"> {
    if (this.#state) return isCovered(attributes, this.#state.record.attributes) ? "created" : "different";
    const now = Date.now();
    runMigrations(this.#storage, MIGRATIONS);
    this.#write({ address, attributes, tags, createdAt: now, modifiedAt: now });
    return "created";
  }

  async find(): Promise<protocol.QueueRecord | undefined> {
    return this.#state?.record;
  }

  async describe(): Promise<protocol.QueueDescription | undefined> {
    return (
      this.#state && { ...this.#state.record, ...messages.countMessages(this.#sql, this.#state.settings, Date.now()) }
    );
  }

  async setAttributes(attributes: protocol.QueueAttributes): Promise<boolean> {
    if (!this.#state) return false;
    const { record } = this.#state;
    const merged = Object.entries({ ...record.attributes, ...attributes }).filter(([, value]) => value !== "");
    this.#write({ ...record, attributes: Object.fromEntries(merged), modifiedAt: Date.now() });
    return true;
  }

  async setTags(added: protocol.QueueRecord["tags"], removed: readonly string[]): Promise<boolean> {
    if (!this.#state) return false;
    const { record } = this.#state;
    const tags = Object.entries({ ...record.tags, ...added }).filter(([key]) => !removed.includes(key));
    this.#write({ ...record, tags: Object.fromEntries(tags) });
    return true;
  }

  async remove(): Promise<boolean> {
    if (!this.#state) return false;
    this.#state = undefined;
    this.#consumers.forgetAll();
    this.#armedFor = Number.POSITIVE_INFINITY;
    await this.#storage.deleteAlarm();
    if (this.#consumers.exist) this.#deleteContents();
    else await this.#storage.deleteAll();
    this.#waiters.wake();
    return true;
  }

  async purge(): Promise<"ok" | "in-progress" | undefined> {
    if (!this.#state) return undefined;
    const now = Date.now();
    const { purged } = this.#sql.exec<{ purged: number | null }>("SELECT purged FROM queue").one();
    if (purged !== null && now - purged < PURGE_INTERVAL_MS) return "in-progress";
    this.#storage.transactionSync(() => {
      this.#sql.exec("DELETE FROM messages WHERE sequence NOT IN (SELECT sequence FROM moves)");
      this.#sql.exec("UPDATE queue SET purged = ?", now);
    });
    return "ok";
  }

  async send(
    sent: readonly protocol.NewMessage[],
  ): Promise<readonly (protocol.SentMessage | protocol.RefusedMessage)[] | undefined> {
    await this.#turn.next();
    const state = this.#state;
    if (!state) return undefined;
    const now = Date.now();
    const answers = this.#storage.transactionSync(() =>
      sent.map((message) => messages.addMessage(this.#sql, state.settings, message, now)),
    );
    this.#waiters.wake();
    this.#wakeConsumers();
    this.#arm(now + FORGET_INTERVAL_MS);
    return answers;
  }

  async receive(query: protocol.ReceiveQuery): Promise<readonly protocol.ReceivedMessage[] | undefined> {
    return this.#receive(query, () => true);
  }

  async deleteMessages(receipts: readonly string[]): Promise<readonly protocol.ReceiptOutcome[] | undefined> {
    await this.#turn.next();
    if (!this.#state) return undefined;
    const outcomes = this.#storage.transactionSync(() =>
      receipts.map((receipt) => messages.deleteMessage(this.#sql, receipt)),
    );
    // Of a FIFO queue: what comes behind it may be received now.
    this.#waiters.wake();
    this.#wakeConsumers();
    return outcomes;
  }

  async changeVisibility(
    changes: readonly { readonly receipt: string; readonly seconds: number }[],
  ): Promise<readonly protocol.ReceiptOutcome[] | undefined> {
    if (!this.#state) return undefined;
    const now = Date.now();
    const outcomes = this.#storage.transactionSync(() =>
      changes.map(({ receipt, seconds }) => messages.hideMessage(this.#sql, receipt, seconds * 1_000, now)),
    );
    this.#waiters.wake();
    this.#wakeConsumers();
    return outcomes;
  }

  async addConsumer(consumer: protocol.Consumer): Promise<boolean> {
    if (!this.#state) return false;
    this.#consumers.add(consumer);
    this.#wakeConsumers();
    return true;
  }

  async removeConsumer(id: string): Promise<void> {
    if (!this.#hasTables()) return;
    this.#consumers.remove(id);
    if (!this.#state && !this.#consumers.exist) await this.#storage.deleteAll();
    // It may be waiting for messages.
    this.#waiters.wake();
  }

  async poll(id: string, query: protocol.PollQuery): Promise<readonly protocol.ReceivedMessage[] | undefined> {
    if (!this.#state || !this.#consumers.has(id)) return undefined;
    this.#consumers.expect(id, Date.now() + query.waitSeconds * 1_000 + query.returnsWithinMs);
    const { leastVisibilitySeconds = 0 } = query;
    const visibilitySeconds = Math.max(this.#state.settings.visibilitySeconds, leastVisibilitySeconds);
    const received = await this.#receive({ ...query, visibilitySeconds }, () => this.#consumers.has(id));
    this.#consumers.expect(id, Date.now() + query.returnsWithinMs);
    return received;
  }

  async releaseConsumer(id: string): Promise<void> {
    if (!this.#state) return;
    this.#consumers.release(id);
    this.#wakeConsumers();
  }

  async takeOver(offered: readonly protocol.MovedMessage[]): Promise<boolean> {
    await this.#turn.next();
    if (!this.#state) return false;
    const now = Date.now();
    this.#storage.transactionSync(() => {
      for (const message of offered) messages.takeOverMessage(this.#sql, message, now);
    });
    this.#waiters.wake();
    this.#wakeConsumers();
    this.#arm(now + FORGET_INTERVAL_MS);
    return true;
  }

  async startMoveTask(
    wanted: Pick<protocol.MoveTask, "destination" | "perSecond">,
  ): Promise<protocol.MoveTask | "running" | undefined> {
    if (!this.#state) return undefined;
    const now = Date.now();
    const task = this.#storage.transactionSync(() => tasks.addTask(this.#sql, wanted, now));
    this.#arm(now);
    return task;
  }

  async listMoveTasks(limit: number): Promise<readonly protocol.MoveTask[] | undefined> {
    return this.#state && tasks.listTasks(this.#sql, limit);
  }

  async cancelMoveTask(id: string): Promise<protocol.MoveTask | "ended" | undefined> {
    if (!this.#state) return undefined;
    const cancelled = this.#storage.transactionSync(() => tasks.cancelTask(this.#sql, id, Date.now()));
    if (cancelled) return cancelled;
    return tasks.listTasks(this.#sql, Number.MAX_SAFE_INTEGER).some((task) => task.id === id) ? "ended" : undefined;
  }

  /** Catches everything: a dropped alarm would never come back. */
  override async alarm(): Promise<void> {
    this.#armedFor = Number.POSITIVE_INFINITY;
    if (!this.#state) return;
    try {
      const now = Date.now();
      messages.forgetOld(this.#sql, this.#state.settings, now);
      const moving = { storage: this.#storage, env: this.env, ...this.#state };
      const moved = await deliverGivenUp(moving);
      const next = await runMoveTask(moving);
      const isEmpty = this.#sql.exec("SELECT 1 FROM messages LIMIT 1").raw().next().done === true;
      this.#wakeConsumers();
      if (next !== undefined) this.#arm(next);
      if (!moved) this.#arm(now + RETRY_MS);
      else if (!isEmpty) this.#arm(now + FORGET_INTERVAL_MS);
    } catch (error) {
      console.error(`The alarm of a queue failed: ${String(error)}`);
      this.#arm(Date.now() + RETRY_MS);
    }
  }

  /** Waits as long as it is wanted. */
  async #receive(
    query: protocol.ReceiveQuery,
    isWanted: () => boolean,
  ): Promise<readonly protocol.ReceivedMessage[] | undefined> {
    if (!this.#state) return undefined;
    const deadline = Date.now() + (query.waitSeconds ?? this.#state.settings.waitSeconds) * 1_000;
    for (;;) {
      if (!isWanted()) return undefined;
      const taken = this.#take(query);
      const now = Date.now();
      if (taken === undefined || taken.length > 0 || now >= deadline) return taken;
      await this.#waiters.wait(Math.min(deadline, messages.nextVisible(this.#sql, now) ?? deadline) - now);
    }
  }

  #take(query: protocol.ReceiveQuery): protocol.ReceivedMessage[] | undefined {
    const state = this.#state;
    if (!state) return undefined;
    const visibilityMs = (query.visibilitySeconds ?? state.settings.visibilitySeconds) * 1_000;
    const taken = this.#storage.transactionSync(() =>
      messages.takeMessages(this.#sql, state.settings, {
        limit: query.limit,
        ...(query.maxCharacters !== undefined && { maxCharacters: query.maxCharacters }),
        visibilityMs,
        now: Date.now(),
      }),
    );
    if (state.settings.redrive && hasMoves(this.#sql)) this.#arm(Date.now());
    return taken;
  }

  /** Sends for consumers that do not come by themselves, when there is something to receive, or once there is. */
  #wakeConsumers(): void {
    if (!this.#state || !this.#consumers.exist) return;
    const now = Date.now();
    const { record, settings } = this.#state;
    const sleeping = this.#consumers.listSleeping(now);
    if (sleeping.length > 0 && messages.hasReceivable(this.#sql, settings, now)) {
      for (const consumer of sleeping) {
        this.#consumers.noteWoken(consumer.id, now);
        this.ctx.waitUntil(this.env.INVOCATIONS.send({ consumer, queue: record.address }).catch(() => undefined));
      }
    }
    this.#arm(Math.min(messages.nextVisible(this.#sql, now) ?? Infinity, this.#consumers.nextLoss(now)));
  }

  /** Functions that consume the queue consume one that is made under the same name, too. */
  #deleteContents(): void {
    this.#storage.transactionSync(() => {
      for (const table of CONTENTS) this.#sql.exec(`DELETE FROM ${table}`);
    });
  }

  #write(record: protocol.QueueRecord): void {
    this.#sql.exec(
      "INSERT INTO queue (id, record) VALUES (0, ?) ON CONFLICT DO UPDATE SET record = excluded.record",
      JSON.stringify(record),
    );
    this.#state = { record, settings: readSettings(record.attributes) };
  }

  #load(): State | undefined {
    const [row] = this.#sql.exec<{ record: string }>("SELECT record FROM queue").toArray();
    if (!row) return undefined;
    const record = JSON.parse(row.record) as protocol.QueueRecord;
    return { record, settings: readSettings(record.attributes) };
  }

  /** A queue that was never created must not leave a database behind. */
  #hasTables(): boolean {
    return (
      this.#sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'").raw().next().done !==
      true
    );
  }

  /** Sets the alarm, unless it rings earlier. Not awaited: the output gate holds answers until it is stored. */
  #arm(at: number): void {
    if (at >= this.#armedFor) return;
    this.#armedFor = at;
    void this.#storage.setAlarm(at);
  }
}

/** Whether a queue has at least these attributes: CreateQueue then answers the one that is there. */
function isCovered(wanted: protocol.QueueAttributes, existing: protocol.QueueAttributes): boolean {
  const effective = { ...DEFAULT_ATTRIBUTES, ...existing };
  return Object.entries(wanted).every(([name, value]) => effective[name] === value);
}
