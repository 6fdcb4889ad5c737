import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { LogPackStore } from "../../storage/log-packs.ts";
import type { Implementation } from "../implementation.ts";
import { runMigrations } from "../migrations.ts";
import * as groups from "./groups.ts";
import { encodePack } from "./pack.ts";
import type * as protocol from "./protocol.ts";
import { MIGRATIONS } from "./schema.ts";
import * as segments from "./segments.ts";
import * as streams from "./streams.ts";

/** Characters of one group's recent segments from which on they are put together in R2. */
const PACK_SIZE = 1_048_576;
/** Expired events are not read any more; how soon they are deleted matters less. */
const EXPIRY_INTERVAL_MS = 3_600_000;
/** After a failure of R2. */
const RETRY_MS = 60_000;

/**
 * The logs of one account, which names the object: groups, streams, and where the events are. A segment is
 * written as one row and nothing else; what has gathered is put together in R2 by the alarm, which also
 * deletes what has expired (docs/decisions/0015-logs.md).
 */
export class LogIndex extends DurableObject<Env> implements Implementation<protocol.LogIndexApi> {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #packs: LogPackStore;
  readonly #id: string;
  /** Characters of recent segments by group: read once, then counted. */
  #recent: Map<number, number> | undefined;
  /** When the alarm goes off as far as this instance has set it; it need not set it again. */
  #armed = Infinity;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    this.#packs = new LogPackStore(env.BLOBS);
    this.#id = state.id.toString();
    runMigrations(this.#storage, MIGRATIONS);
  }

  append(sent: readonly protocol.NewSegment[], creates: boolean): void {
    const now = Date.now();
    this.#change(() => {
      for (const { group, ...segment } of sent) this.#insert(group, { ...segment, ingestedAt: now }, creates);
    });
  }

  createGroup(group: protocol.NewGroup): boolean {
    return groups.createGroup(this.#sql, group, Date.now());
  }

  deleteGroup(name: string): protocol.DeleteGroupOutcome {
    this.#recent = undefined;
    return this.#change(() => {
      const outcome = groups.deleteGroup(this.#sql, name);
      this.#arm(Date.now());
      return outcome;
    });
  }

  findGroup(name: string): protocol.LogGroup | undefined {
    return groups.findGroup(this.#sql, name);
  }

  listGroups(query: protocol.GroupQuery): protocol.Page<protocol.LogGroup> {
    return groups.listGroups(this.#sql, query);
  }

  changeGroup(name: string, change: protocol.GroupChange): protocol.GroupChangeOutcome {
    const outcome = this.#change(() => groups.changeGroup(this.#sql, name, change));
    if (outcome === "ok" && typeof change.retentionDays === "number") this.#arm(Date.now() + EXPIRY_INTERVAL_MS);
    return outcome;
  }

  createStream(group: string, stream: string): protocol.CreateStreamOutcome {
    const found = groups.findGroupId(this.#sql, group);
    if (!found) return "group-not-found";
    return streams.createStream(this.#sql, found.id, stream, Date.now()) ? "ok" : "exists";
  }

  deleteStream(group: string, stream: string): protocol.FoundStream["outcome"] {
    const found = groups.findGroupId(this.#sql, group);
    if (!found) return "group-not-found";
    this.#recent = undefined;
    return this.#change(() => streams.deleteStream(this.#sql, found.id, stream)) ? "found" : "stream-not-found";
  }

  findStream(group: string, stream: string): protocol.FoundStream {
    const found = groups.findGroupId(this.#sql, group);
    if (!found) return { outcome: "group-not-found" };
    if (!streams.hasStream(this.#sql, found.id, stream)) return { outcome: "stream-not-found" };
    const { retentionDays } = found;
    return { outcome: "found", ...(retentionDays !== undefined && { retentionDays }) };
  }

  listStreams(query: protocol.StreamQuery): protocol.Page<protocol.LogStream> | undefined {
    const found = groups.findGroupId(this.#sql, query.group);
    return found && streams.listStreams(this.#sql, found.id, query);
  }

  findSources(query: protocol.SourceQuery): protocol.SourcesOutcome {
    const found = groups.findGroupId(this.#sql, query.group);
    if (!found) return { outcome: "group-not-found" };
    const from = Math.max(query.from, segments.oldestKept(found.retentionDays, Date.now()));
    const sources = segments.findSources(this.#sql, found.id, { ...query, from });
    const isComplete = query.streams?.every((name) => Object.hasOwn(sources.streams, name)) ?? true;
    return isComplete ? { outcome: "found", sources } : { outcome: "stream-not-found" };
  }

  /** Packs, expires, deletes. Catches everything: a dropped alarm would never come back. */
  override async alarm(): Promise<void> {
    this.#armed = Infinity;
    try {
      this.#change(() => segments.expire(this.#sql, Date.now()));
      this.#recent = undefined;
      await this.#deleteGarbage();
      for (const [groupId, size] of this.#recentSizes()) {
        if (size >= PACK_SIZE) await this.#pack(groupId);
      }
      this.#recent = undefined;
      this.#armNext();
    } catch (error) {
      console.error(`Logs could not be packed or deleted: ${String(error)}`);
      this.#arm(Date.now() + RETRY_MS);
    }
  }

  #insert(group: string, segment: protocol.Segment, creates: boolean): void {
    if (creates) groups.createGroup(this.#sql, groups.ordinaryGroup(group), segment.ingestedAt);
    const found = groups.findGroupId(this.#sql, group);
    if (!found) return;
    const isStream = segment.stream !== "";
    if (isStream && !streams.hasStream(this.#sql, found.id, segment.stream)) {
      if (!creates) return;
      streams.createStream(this.#sql, found.id, segment.stream, segment.ingestedAt);
    }
    segments.insertSegment(this.#sql, found.id, segment);
    const sizes = this.#recentSizes();
    const size = (sizes.get(found.id) ?? 0) + segment.body.length;
    sizes.set(found.id, size);
    if (size >= PACK_SIZE) this.#arm(segment.ingestedAt);
    else if (found.retentionDays !== undefined) this.#arm(segment.ingestedAt + EXPIRY_INTERVAL_MS);
  }

  /** Puts the oldest segments together. What is appended or deleted meanwhile stays as it is. */
  async #pack(groupId: number): Promise<void> {
    const taken = segments.takeOldest(this.#sql, groupId, PACK_SIZE);
    if (taken.length === 0) return;
    const key = `${this.#id}/${groupId}/${crypto.randomUUID()}`;
    segments.reservePack(this.#sql, key);
    await this.#packs.put(key, encodePack(taken));
    this.#change(() => {
      if (groups.hasGroup(this.#sql, groupId)) segments.replaceByPack(this.#sql, groupId, key, taken);
    });
  }

  async #deleteGarbage(): Promise<void> {
    const keys = segments.listGarbage(this.#sql);
    await this.#packs.remove(keys);
    segments.forgetGarbage(this.#sql, keys);
  }

  /** The sums of an instance: whoever deletes segments has them read anew. */
  #recentSizes(): Map<number, number> {
    this.#recent ??= segments.sumRecent(this.#sql);
    return this.#recent;
  }

  #armNext(): void {
    const now = Date.now();
    const isFull = [...this.#recentSizes().values()].some((size) => size >= PACK_SIZE);
    if (isFull || segments.listGarbage(this.#sql).length > 0) this.#arm(now);
    const expiry = segments.nextExpiry(this.#sql);
    if (expiry !== undefined) this.#arm(Math.max(expiry, now + EXPIRY_INTERVAL_MS));
  }

  /** Brings the alarm forward to `at`, if it is not set for an earlier time. */
  #arm(at: number): void {
    if (at >= this.#armed) return;
    this.#armed = at;
    void this.#storage.getAlarm().then((set) => (set === null || set > at ? this.#storage.setAlarm(at) : undefined));
  }

  /** One change, whole or not at all. */
  #change<Outcome>(step: () => Outcome): Outcome {
    return this.#storage.transactionSync(step);
  }
}
