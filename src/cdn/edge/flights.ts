import { CircuitOpenError, OriginError } from "../origin/origin-request.ts";

/** What a shared exchange with the origin came to. Plain values only: others await it in requests of their own. */
export type FlightOutcome =
  /** The answer is in the store. */
  | { readonly kind: "stored" }
  /** Everybody has to ask. */
  | { readonly kind: "uncacheable" }
  | {
      readonly kind: "failed";
      readonly status: number;
      /** Whether the origin was not even asked. */
      readonly unasked?: boolean;
    };

/** How an exchange ends that threw. */
export function describeFailure(error: unknown): FlightOutcome {
  const status = error instanceof OriginError ? error.status : 502;
  return { kind: "failed", status, unasked: error instanceof CircuitOpenError };
}

/** The end of an exchange: told once, as early as it is known. */
export type Land = (outcome: FlightOutcome) => void;

/** How long a request waits for another's exchange before it asks for itself. */
const PATIENCE_MS = 10_000;
/** How long a key whose answer could not be stored is asked for without waiting (a "hit for miss"). */
const UNCACHEABLE_MS = 30_000;
const MAX_UNCACHEABLE = 10_000;

/**
 * Exchanges with origins that are under way in this isolate. One goes, the others wait for what it brings; but for
 * answers that cannot be stored nobody waits longer than until that is known.
 */
class Flights {
  readonly #flights = new Map<string, Promise<FlightOutcome>>();
  readonly #uncacheable = new Map<string, number>();

  /** The exchange to wait for; undefined when there is none, or waiting is known to be in vain. */
  find(key: string): Promise<FlightOutcome> | undefined {
    return this.#isUncacheable(key) ? undefined : this.#flights.get(key);
  }

  #isUncacheable(key: string): boolean {
    const until = this.#uncacheable.get(key);
    if (until === undefined) return false;
    if (Date.now() < until) return true;
    this.#uncacheable.delete(key);
    return false;
  }

  /** Begins an exchange: others find it until the returned function is told how it ended. */
  begin(key: string): Land {
    const { promise, resolve } = Promise.withResolvers<FlightOutcome>();
    this.#flights.set(key, promise);
    return (outcome) => {
      if (this.#flights.get(key) === promise) this.#flights.delete(key);
      if (outcome.kind === "uncacheable") this.#noteUncacheable(key);
      else if (outcome.kind === "stored") this.#uncacheable.delete(key);
      resolve(outcome);
    };
  }

  #noteUncacheable(key: string): void {
    this.#uncacheable.delete(key);
    this.#uncacheable.set(key, Date.now() + UNCACHEABLE_MS);
    if (this.#uncacheable.size <= MAX_UNCACHEABLE) return;
    const [oldest] = this.#uncacheable.keys();
    if (oldest !== undefined) this.#uncacheable.delete(oldest);
  }
}

/**
 * Waits with a timer of the waiter's own: the request that owns the exchange may be cancelled, and its promise
 * would never end. Undefined when patience did.
 */
export async function awaitShared<Value>(shared: Promise<Value>): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  try {
    return await Promise.race([shared, patience]);
  } finally {
    clearTimeout(timer);
  }
}

/** Of this isolate. */
export const flights = new Flights();
