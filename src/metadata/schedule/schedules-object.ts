import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { uncachedFunctions } from "../function/client.ts";
import type { Implementation } from "../implementation.ts";
import { runMigrations } from "../migrations.ts";
import { deliverFiring, describeError } from "./delivery.ts";
import { addFiring, type Firing, forgetFiring, listDueFirings, nextDue, retryFiring } from "./firings.ts";
import * as groups from "./groups.ts";
import type * as protocol from "./protocol.ts";
import { MIGRATIONS } from "./schema.ts";
import * as schedules from "./schedules.ts";

const BATCH = 100;
/** After an alarm that failed for a reason that nobody foresaw. */
const RETRY_MS = 10_000;

/**
 * The schedules of one account, which names the object, and the alarm that fires them. A time that has come
 * becomes a firing in the same transaction that plans the next; the firing stays until the target has taken it.
 */
export class Schedules extends DurableObject<Env> implements Implementation<protocol.SchedulesApi> {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    runMigrations(this.#storage, MIGRATIONS);
    // The platform drops an alarm that has failed too often.
    void this.#armAlarm();
  }

  createSchedule(
    owner: protocol.ScheduleOwner,
    name: protocol.ScheduleName,
    settings: protocol.ScheduleSettings,
    token?: string,
  ): protocol.CreateOutcome {
    return this.#change(() => {
      this.#noteOwner(owner);
      return schedules.createSchedule(this.#sql, name, settings, token, Date.now());
    });
  }

  updateSchedule(name: protocol.ScheduleName, settings: protocol.ScheduleSettings): boolean {
    return this.#change(() => schedules.updateSchedule(this.#sql, name, settings, Date.now()));
  }

  findSchedule(name: protocol.ScheduleName): protocol.ScheduleRecord | undefined {
    return schedules.findSchedule(this.#sql, name);
  }

  deleteSchedule(name: protocol.ScheduleName): boolean {
    return this.#change(() => schedules.removeSchedule(this.#sql, name));
  }

  listSchedules(query: protocol.ScheduleQuery): protocol.Page<protocol.ScheduleRecord> | undefined {
    return schedules.listSchedules(this.#sql, query);
  }

  createGroup(name: string, tags: Readonly<Record<string, string>>, token?: string): protocol.CreateOutcome {
    return this.#change(() => groups.createGroup(this.#sql, name, tags, token, Date.now()));
  }

  findGroup(name: string): protocol.GroupRecord | undefined {
    return groups.findGroup(this.#sql, name);
  }

  deleteGroup(name: string): boolean {
    return this.#change(() => groups.removeGroup(this.#sql, name));
  }

  listGroups(prefix: string, after: string, limit: number): protocol.Page<protocol.GroupRecord> {
    return groups.listGroups(this.#sql, prefix, after, limit);
  }

  putTags(group: string, tags: Readonly<Record<string, string>>): "ok" | "none" | "too-many" {
    return this.#change(() => groups.putTags(this.#sql, group, tags, Date.now()));
  }

  removeTags(group: string, keys: readonly string[]): boolean {
    return this.#change(() => groups.removeTags(this.#sql, group, keys, Date.now()));
  }

  /** Catches everything: a dropped alarm would never come back. */
  override async alarm(): Promise<void> {
    try {
      this.#fireDueSchedules();
      await Promise.all(listDueFirings(this.#sql, Date.now(), BATCH).map((firing) => this.#deliver(firing)));
      await this.#armAlarm();
    } catch (error) {
      console.error(`Schedules could not be fired: ${String(error)}`);
      await this.#storage.setAlarm(Date.now() + RETRY_MS);
    }
  }

  #fireDueSchedules(): void {
    this.#storage.transactionSync(() => {
      const now = Date.now();
      for (const due of schedules.listDueSchedules(this.#sql, now, BATCH)) {
        addFiring(this.#sql, due.record, due.scheduled, now);
        schedules.planAfter(this.#sql, due, now);
      }
    });
  }

  async #deliver(firing: Firing): Promise<void> {
    try {
      await deliverFiring(this.env, uncachedFunctions(this.env), this.#readOwner(), firing);
      forgetFiring(this.#sql, firing.id);
    } catch (error) {
      const sequel = retryFiring(this.#sql, firing, describeError(error), Date.now());
      const { group, name } = firing;
      if (sequel === "dropped")
        console.warn(`An invocation of the schedule ${group}/${name} was dropped: ${String(error)}`);
    }
  }

  /** One change, whole or not at all, and the alarm for what it made due. */
  #change<Outcome>(step: () => Outcome): Outcome {
    const outcome = this.#storage.transactionSync(step);
    void this.#armAlarm();
    return outcome;
  }

  async #armAlarm(): Promise<void> {
    const due = nextDue(this.#sql);
    if (due === undefined) return;
    const armed = await this.#storage.getAlarm();
    if (armed === null || armed > due) await this.#storage.setAlarm(due);
  }

  #noteOwner({ accountId, region }: protocol.ScheduleOwner): void {
    this.#sql.exec("INSERT OR IGNORE INTO owner (id, account_id, region) VALUES (0, ?, ?)", accountId, region);
  }

  #readOwner(): protocol.ScheduleOwner {
    const { account_id, region } = this.#sql
      .exec<{ account_id: string; region: string }>("SELECT account_id, region FROM owner")
      .one();
    return { accountId: account_id, region };
  }
}
