import { readState, SEAL_MS, writeState, type BucketState, type ChangeConfigCall } from "./config.ts";
import { isEmpty } from "./objects.ts";
import type { BucketConfig, Call, Refusal } from "./protocol.ts";
import { createTables, tablesExist, upgradeTables } from "./schema.ts";
import type { SealOutcome } from "./upkeep.ts";

const GONE: Refusal = { outcome: "gone" };
const BUSY: Refusal = { outcome: "busy" };

/** What the bucket's first index object tells the others. */
export interface FirstShard {
  readConfig(): Promise<BucketConfig | undefined>;
  /** Gives up a deletion that is not decided yet; answers whether it was decided. */
  settleSeal(): Promise<"open" | "deleted">;
}

/** Decides which calls an index object serves: by the bucket's life and its configuration's revision. */
export class Admission {
  readonly #sql: SqlStorage;
  readonly #firstShard: (bucketId: string) => FirstShard;
  #state: BucketState | undefined;

  constructor(sql: SqlStorage, firstShard: (bucketId: string) => FirstShard) {
    this.#sql = sql;
    this.#firstShard = firstShard;
    if (!tablesExist(sql)) return;
    upgradeTables(sql);
    this.#state = readState(sql);
  }

  /** Undefined before the bucket's creation. */
  get state(): BucketState | undefined {
    return this.#state;
  }

  /** The state of an object that serves, or once served, a bucket. */
  get knownState(): BucketState {
    if (!this.#state) throw new Error("this index object was never created");
    return this.#state;
  }

  /** Undefined when the call may go on; synchronous in the ordinary case. */
  admit(call: Call): Refusal | undefined | Promise<Refusal | undefined> {
    const state = this.#state;
    if (!state) return GONE;
    if (state.status === "open" && state.config.revision === call.revision) return undefined;
    return this.#admitSlowly(call);
  }

  async #admitSlowly(call: Call): Promise<Refusal | undefined> {
    if (this.#state?.status === "sealed" && Date.now() >= this.#state.until) await this.#reopen();
    if (this.#isBehind(call)) await this.#pullConfig();
    const state = this.#state;
    if (state?.status === "deleted") return GONE;
    if (state?.status !== "open") return BUSY;
    return state.config.revision === call.revision ? undefined : { outcome: "stale", config: state.config };
  }

  /** Begins the bucket's life here. Repeatable; false when another life has begun, or this one has ended. */
  create(config: BucketConfig, shard: number): boolean {
    if (this.#state) return this.#state.config.bucketId === config.bucketId && this.#state.status === "open";
    createTables(this.#sql);
    this.#write({ config, shard, status: "open", until: 0 });
    return true;
  }

  /** Takes over a newer configuration. An older one, arriving late, changes nothing. */
  applyConfig(config: BucketConfig): boolean {
    const state = this.#state;
    if (!state || state.status === "deleted") return false;
    if (config.revision > state.config.revision) this.#write({ ...state, config });
    return true;
  }

  /**
   * Puts a change of the configuration in force here. Asked again after `admit`, because another change may
   * have come between: refused unless it was made from the present configuration.
   */
  replaceConfig({ revision, config }: ChangeConfigCall): Refusal | undefined {
    const state = this.knownState;
    if (state.status !== "open") return BUSY;
    if (state.config.revision !== revision || config.revision !== revision + 1) {
      return { outcome: "stale", config: state.config };
    }
    this.#write({ ...state, config });
    return undefined;
  }

  /** First step of a deletion: refuses everything for a while, if there is nothing in the bucket. */
  seal(): SealOutcome {
    const state = this.#state;
    if (!state || state.status === "restoring") return "unknown";
    if (state.status === "deleted") return "gone";
    if (!isEmpty(this.#sql)) return "not-empty";
    this.#write({ ...state, status: "sealed", until: Date.now() + SEAL_MS });
    return "sealed";
  }

  /** Gives a deletion up. */
  unseal(): void {
    const state = this.#state;
    if (state?.status === "sealed") this.#write({ ...state, status: "open", until: 0 });
  }

  /**
   * Last step of a deletion. The first index object decides it; another one that finds itself open again
   * was told by the first that there is no deletion.
   */
  commitDelete(): boolean {
    const state = this.#state;
    if (state?.status === "deleted") return true;
    const holds = state?.status === "sealed" && (state.shard !== 0 || Date.now() < state.until);
    if (holds) this.#write({ ...state, status: "deleted", until: Date.now() });
    return holds;
  }

  settleSeal(): "open" | "deleted" {
    this.unseal();
    return this.#state?.status === "deleted" ? "deleted" : "open";
  }

  /** For a rebuild: begins, or ends, a time in which only restored rows come in. */
  setRestoring(config: BucketConfig, shard: number, restoring: boolean): void {
    createTables(this.#sql);
    this.#write({ config, shard, status: restoring ? "restoring" : "open", until: 0 });
  }

  /**
   * The end of a seal that nobody acted upon. Another index object than the first opens only after the
   * first has given the deletion up: else one could accept writes into a bucket that the other deletes.
   */
  async #reopen(): Promise<void> {
    const { config, shard } = this.knownState;
    const decision = shard === 0 ? "open" : await this.#firstShard(config.bucketId).settleSeal();
    if (decision === "open") this.unseal();
    else this.commitDelete();
  }

  #isBehind(call: Call): boolean {
    const state = this.#state;
    return state !== undefined && state.shard !== 0 && state.status === "open" && call.revision > state.config.revision;
  }

  /** A change is written to the first index object before any other (consistency rule 17). */
  async #pullConfig(): Promise<void> {
    const config = await this.#firstShard(this.knownState.config.bucketId).readConfig();
    if (config) this.applyConfig(config);
  }

  #write(state: BucketState): void {
    writeState(this.#sql, state);
    this.#state = state;
  }
}
