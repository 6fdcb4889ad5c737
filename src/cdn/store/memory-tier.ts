import type { Variant } from "./variant.ts";

interface MemoryEntry {
  readonly variants: readonly Variant[];
  /** Milliseconds since the epoch: from then on the location is asked again. */
  readonly usableUntil: number;
  cost: number;
}

/** Index entries in this isolate's memory, bounded in bytes; the ones used longest ago leave first. */
export class MemoryTier {
  readonly #entries = new Map<string, MemoryEntry>();
  readonly #capacity: number;
  #used = 0;

  /** `capacity` in bytes, about. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get used(): number {
    return this.#used;
  }

  get(key: string, now: number): readonly Variant[] | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (now >= entry.usableUntil) {
      this.delete(key);
      return undefined;
    }
    // A Map keeps the order of insertion, which moving to the end makes the order of use.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.variants;
  }

  set(key: string, variants: readonly Variant[], usableUntil: number): void {
    this.delete(key);
    const cost = costOf(key, variants);
    if (cost > this.#capacity) return;
    this.#entries.set(key, { variants, usableUntil, cost });
    this.#used += cost;
    this.#shrink();
  }

  /** To be called when a variant of the entry got its body. */
  recount(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    const cost = costOf(key, entry.variants);
    this.#used += cost - entry.cost;
    entry.cost = cost;
    this.#shrink();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#used -= entry.cost;
    this.#entries.delete(key);
  }

  #shrink(): void {
    for (const key of this.#entries.keys()) {
      if (this.#used <= this.#capacity) return;
      this.delete(key);
    }
  }
}

function costOf(key: string, variants: readonly Variant[]): number {
  return variants.reduce((sum, variant) => sum + variant.cost, 2 * key.length + 200);
}
