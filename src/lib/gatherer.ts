/** Lets work go on after the answer of the request that it is given by. */
export type Defer = (work: Promise<unknown>) => void;

export interface GathererOptions<Item> {
  readonly intervalMs: number;
  /** Of what has gathered, in the unit of `add`: beyond it nothing is kept waiting. */
  readonly maxSize: number;
  /** Sends what has gathered; it answers for its own failures. */
  readonly send: (items: readonly Item[]) => Promise<void>;
}

const MAX_ITEMS = 5_000;
/** A request that was to send may have been cancelled: after so long another takes over. */
const OVERDUE_MS = 2_000;
/** What a request leaves behind may go on for 30 seconds after it. */
const MAX_INTERVAL_SECONDS = 20;

/**
 * What an isolate has seen and not yet sent. It is sent together after an interval, by what the first of the
 * requests that added to it leaves behind: none waits for it.
 */
export class Gatherer<Item> {
  readonly #options: GathererOptions<Item>;
  #gathered: Item[] = [];
  #size = 0;
  /** When a request will send what has gathered; 0 when none is going to. */
  #dueAt = 0;

  constructor(options: GathererOptions<Item>) {
    this.#options = options;
  }

  /** `defer` is that of the request. */
  add(item: Item, size: number, defer: Defer): void {
    this.#gathered.push(item);
    this.#size += size;
    if (this.#size > this.#options.maxSize || this.#gathered.length > MAX_ITEMS) {
      defer(this.#send());
      return;
    }
    const now = Date.now();
    if (this.#dueAt + OVERDUE_MS > now) return;
    this.#dueAt = now + this.#options.intervalMs;
    defer(this.#sendLater());
  }

  async #sendLater(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#options.intervalMs));
    await this.#send();
  }

  async #send(): Promise<void> {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#size = 0;
    this.#dueAt = 0;
    if (gathered.length > 0) await this.#options.send(gathered);
  }
}

/** The interval that a setting in seconds asks for, as far as a request may go on; in milliseconds. */
export function readInterval(setting: string | undefined, fallbackSeconds: number): number {
  const seconds = Number(setting ?? fallbackSeconds);
  return Math.min(seconds >= 0 ? seconds : fallbackSeconds, MAX_INTERVAL_SECONDS) * 1_000;
}
