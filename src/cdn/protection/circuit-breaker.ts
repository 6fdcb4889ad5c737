import type { CircuitBreakerRule } from "../../metadata/cdn/protection.ts";

interface Health {
  /** One after the other. */
  failures: number;
  /** Until then the origin is left alone; 0 while it is asked. Milliseconds since the epoch. */
  openUntil: number;
}

const MAX_ORIGINS = 10_000;
/** What this isolate knows of origins, by distribution and origin: it outlives revisions of the configuration. */
const origins = new Map<string, Health>();

/** Leaves an origin alone that fails all the time: for its own sake, and so that nobody waits for it. */
export class CircuitBreaker {
  readonly #name: string;
  readonly #rule: CircuitBreakerRule;

  constructor(distributionId: string, rule: CircuitBreakerRule) {
    this.#name = distributionId;
    this.#rule = rule;
  }

  /** Whether the origin is not to be asked now. After the pause one request finds out how it is. */
  isOpen(originId: string, now: number): boolean {
    const health = origins.get(this.#keyOf(originId));
    if (!health || health.openUntil === 0) return false;
    if (now < health.openUntil) return true;
    // This request tries; the others wait for what it finds.
    health.openUntil = now + this.#rule.seconds * 1_000;
    return false;
  }

  note(originId: string, failed: boolean, now: number): void {
    const key = this.#keyOf(originId);
    if (!failed) {
      origins.delete(key);
      return;
    }
    const health = origins.get(key) ?? { failures: 0, openUntil: 0 };
    health.failures++;
    if (health.failures >= this.#rule.failures) health.openUntil = now + this.#rule.seconds * 1_000;
    origins.set(key, health);
    if (origins.size <= MAX_ORIGINS) return;
    const [oldest] = origins.keys();
    if (oldest !== undefined) origins.delete(oldest);
  }

  #keyOf(originId: string): string {
    return `${this.#name}/${originId}`;
  }
}
