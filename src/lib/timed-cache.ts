interface Entry<Value> {
  readonly value: Value;
  readonly freshUntil: number;
  readonly usableUntil: number;
  /** A request has set out to read the value again. */
  refreshing: boolean;
}

/** Milliseconds from the moment the value was asked for. */
export interface Lifetime {
  /** Until then the value is taken as it is. */
  readonly fresh: number;
  /** From then on it is not used at all. In between one request reads it again, and the others go on with it. */
  readonly usable: number;
}

export interface TimedCacheOptions<Value> {
  /** Entries held; the oldest goes first. */
  readonly limit: number;
  readonly lifetime: (value: Value) => Lifetime;
  readonly now?: () => number;
}

/**
 * A bounded cache of an isolate for values that are read elsewhere. It keeps values, never promises: a
 * promise of one request cannot be awaited in another. Concurrent first reads of a name are therefore
 * not merged, but reads that renew a known one are.
 */
export class TimedCache<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #options: TimedCacheOptions<Value>;
  readonly #now: () => number;
  /** Grows with each `forget`, so that a read that began before it is not kept. */
  #generation = 0;

  constructor(options: TimedCacheOptions<Value>) {
    this.#options = options;
    this.#now = options.now ?? (() => Date.now());
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The held value, or what `load` answers, which is then held. */
  async read(name: string, load: () => Promise<Value>): Promise<Value> {
    const held = this.peek(name);
    return held ? held.value : this.load(name, load);
  }

  /** Reads a value that `peek` did not give, and holds it. */
  async load(name: string, load: () => Promise<Value>): Promise<Value> {
    const generation = this.#generation;
    const askedAt = this.#now();
    const value = await load();
    if (generation === this.#generation) this.#keep(name, value, askedAt);
    return value;
  }

  /** The held value, in a wrapper because undefined can be one; undefined tells the caller to `load` it. */
  peek(name: string): { readonly value: Value } | undefined {
    const entry = this.#entries.get(name);
    if (!entry) return undefined;
    const now = this.#now();
    if (now < entry.freshUntil) return entry;
    if (now >= entry.usableUntil) {
      this.#entries.delete(name);
      return undefined;
    }
    if (entry.refreshing) return entry;
    // Should that request be cancelled, the entry simply ends with its lifetime.
    entry.refreshing = true;
    return undefined;
  }

  /** The held value, if it is usable, by one who will not `load` it. */
  glance(name: string): Value | undefined {
    const entry = this.#entries.get(name);
    return entry && this.#now() < entry.usableUntil ? entry.value : undefined;
  }

  /** Drops a value that is known to have changed, and what is being read at this moment. */
  forget(name: string): void {
    this.#generation++;
    this.#entries.delete(name);
  }

  #keep(name: string, value: Value, askedAt: number): void {
    const { fresh, usable } = this.#options.lifetime(value);
    this.#entries.delete(name);
    this.#entries.set(name, {
      value,
      freshUntil: askedAt + fresh,
      usableUntil: askedAt + usable,
      refreshing: false,
    });
    if (this.#entries.size <= this.#options.limit) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
