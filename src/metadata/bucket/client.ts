import type { BucketDocuments } from "./documents.ts";
import type { EventContext } from "./event-record.ts";
import type { IndexApi } from "./index-api.ts";
import type { BucketConfig, Call, Mutation, Refusal } from "./protocol.ts";
import { indexShard } from "./shards.ts";

/** The bucket was deleted after the Worker looked its name up. */
export class BucketGoneError extends Error {}
/** Another bucket has the name now, and its keys are spread over its index objects in another way. */
export class BucketReplacedError extends Error {}
/** Whether the bucket goes on is being decided, or its index is lost or being rebuilt. Another attempt may do. */
export class BucketBusyError extends Error {}
/** The index object refuses for load; nothing was changed by this call. */
export class IndexOverloadedError extends Error {}
/** The configuration changed again and again while one request was decided. */
export class ConfigurationRaceError extends Error {}

export interface BucketClientPorts {
  /** The index object of a shard. */
  index(bucketId: string, shard: number): IndexApi;
  /** Looks the name up afresh; undefined when no such bucket exists any more. */
  findAgain(name: string): Promise<BucketConfig | undefined>;
  /** Keeps a newer configuration for the requests to come. */
  remember(config: BucketConfig): void;
  /** Decides the request again by a newer configuration; throws when it is no longer allowed. */
  decideAgain(config: BucketConfig): void | Promise<void>;
  /** Who changes what, for those whom the bucket notifies. */
  describeCause(): EventContext;
}

const MAX_ATTEMPTS = 5;
/** Of changes of one bucket's configuration at the same time each is made anew after those that came before. */
const MAX_CHANGE_ATTEMPTS = 100;

/**
 * A bucket as one request sees it. Every call carries the configuration revision by which the request
 * was decided; when the index knows a newer one, the request is decided again and the call repeated
 * (consistency rule 17). Lost answers of mutations are asked for again under the same id (rule 8).
 */
export class BucketClient {
  #config: BucketConfig;
  /** An index object has answered by this configuration during this request. */
  #confirmed = false;
  #known: boolean;
  readonly #ports: BucketClientPorts;

  /** `known`: an index object has said so to this isolate. Otherwise it is what a bucket begins with. */
  constructor(config: BucketConfig, ports: BucketClientPorts, known = true) {
    this.#config = config;
    this.#ports = ports;
    this.#known = known;
  }

  get config(): BucketConfig {
    return this.#config;
  }

  /** Whether an index object has ever told this isolate the configuration, which may have changed since. */
  get isKnown(): boolean {
    return this.#known;
  }

  /** Whether the index has confirmed, during this request, that `config` is the present one. */
  get isConfirmed(): boolean {
    return this.#confirmed;
  }

  /** The configuration as the index has it: one call, unless another call of this request has confirmed it. */
  async currentConfig(): Promise<BucketConfig> {
    if (!this.#confirmed) {
      await this.#callShard(
        () => 0,
        (index, call) => index.checkConfig(call),
      );
    }
    return this.#config;
  }

  /**
   * Changes what is configured of the bucket; in force in all its index objects when this answers. `change` is
   * called again, with the result of the other, when another change came between.
   */
  async changeConfiguration(change: (documents: BucketDocuments) => BucketDocuments): Promise<void> {
    let changed = this.#config;
    await this.#callShard(
      () => 0,
      (index, { revision }) => {
        changed = { ...this.#config, revision: revision + 1, documents: change(this.#config.documents ?? {}) };
        return index.changeConfig({ revision, config: changed });
      },
      MAX_CHANGE_ATTEMPTS,
    );
    this.#config = changed;
    this.#ports.remember(changed);
  }

  shardOf(key: string): number {
    return indexShard(this.#config, key);
  }

  /** A call that changes nothing, to the index object that holds `key`. */
  read<Answer extends { outcome: string }>(
    key: string,
    invoke: (index: IndexApi, call: Call) => Promise<Answer>,
  ): Promise<Exclude<Answer, Refusal>> {
    return this.#callShard(() => this.shardOf(key), invoke);
  }

  /** The same read on every index object of the bucket, in shard order. */
  async readAll<Answer extends { outcome: string }>(
    invoke: (index: IndexApi, call: Call) => Promise<Answer>,
  ): Promise<Exclude<Answer, Refusal>[]> {
    const count = this.#config.shards;
    const shards = Array.from({ length: count }, (_, shard) => shard);
    return Promise.all(shards.map((shard) => this.#callShard(() => this.#checkShard(shard, count), invoke)));
  }

  /** A change of several keys, all of which the index object `shard` holds. */
  mutateShard<Answer extends { outcome: string }>(
    shard: number,
    operationId: string,
    invoke: (index: IndexApi, call: Mutation) => Promise<Answer>,
  ): Promise<Exclude<Answer, Refusal>> {
    const count = this.#config.shards;
    return this.#callShard(
      () => this.#checkShard(shard, count),
      (index, call, repeated) => invoke(index, this.#mutation(call, operationId, repeated)),
    );
  }

  /**
   * A change on the index object that holds `key`. `operationId` names the change: unique per change and
   * shard, the same in each attempt.
   */
  mutate<Answer extends { outcome: string }>(
    key: string,
    operationId: string,
    invoke: (index: IndexApi, call: Mutation) => Promise<Answer>,
  ): Promise<Exclude<Answer, Refusal>> {
    return this.#callShard(
      () => this.shardOf(key),
      (index, call, repeated) => invoke(index, this.#mutation(call, operationId, repeated)),
    );
  }

  /** Made anew in each attempt: the bucket may notify somebody by the configuration that a refusal brought. */
  #mutation(call: Call, operationId: string, repeated: boolean): Mutation {
    const mutation = { ...call, operationId, repeated };
    if (!this.#config.documents?.notifications?.subscriptions.length) return mutation;
    return { ...mutation, eventContext: this.#ports.describeCause() };
  }

  /** The shard, as long as the bucket has the number of shards by which it was chosen. */
  #checkShard(shard: number, count: number): number {
    if (this.#config.shards !== count) throw new BucketReplacedError(this.#config.name);
    return shard;
  }

  async #callShard<Answer extends { outcome: string }>(
    shard: () => number,
    invoke: (index: IndexApi, call: Call, repeated: boolean) => Promise<Answer>,
    maxAttempts: number = MAX_ATTEMPTS,
  ): Promise<Exclude<Answer, Refusal>> {
    let repeated = false;
    let busy = false;
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      let answer: Answer;
      try {
        const index = this.#ports.index(this.#config.bucketId, shard());
        answer = await invoke(index, { revision: this.#config.revision }, repeated);
      } catch (error) {
        if (!isRetryable(error) || attempt === maxAttempts) throw error;
        // The call may have been carried out although its answer was lost.
        repeated = true;
        await pause(attempt);
        continue;
      }
      const refusal = answer as unknown as Refusal;
      busy = refusal.outcome === "busy";
      if (refusal.outcome === "stale") await this.#adopt(refusal.config);
      else if (refusal.outcome === "gone") await this.#adopt(await this.#findSuccessor());
      else if (refusal.outcome === "busy") await pause(attempt);
      else {
        this.#confirmed = true;
        if (!this.#known) this.#ports.remember(this.#config);
        this.#known = true;
        return answer as Exclude<Answer, Refusal>;
      }
    }
    const { name } = this.#config;
    throw busy ? new BucketBusyError(name) : new ConfigurationRaceError(name);
  }

  async #adopt(config: BucketConfig): Promise<void> {
    this.#config = config;
    this.#ports.remember(config);
    await this.#ports.decideAgain(config);
  }

  /** The bucket that has the name now, when it was deleted and created again since the look-up. */
  async #findSuccessor(): Promise<BucketConfig> {
    const successor = await this.#ports.findAgain(this.#config.name);
    if (!successor) throw new BucketGoneError(this.#config.name);
    // The name is not given up before the index is: an index that knows nothing of its bucket was lost.
    if (successor.bucketId === this.#config.bucketId) throw new BucketBusyError(this.#config.name);
    return successor;
  }
}

/** Durable Object errors carry flags: `overloaded` must not be retried at once, `retryable` may be. */
function isRetryable(error: unknown): boolean {
  const flags = error as { retryable?: boolean; overloaded?: boolean };
  if (flags?.overloaded) throw new IndexOverloadedError("the index object is overloaded");
  return flags?.retryable === true;
}

function pause(attempt: number): Promise<void> {
  return new Promise((resolve) =>
    setTimeout(resolve, 20 * 2 ** Math.min(attempt, MAX_ATTEMPTS) * (0.5 + Math.random())),
  );
}
