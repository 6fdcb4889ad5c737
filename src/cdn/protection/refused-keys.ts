/** How long a key that is beyond its limit is refused without asking the counter again. */
const REFUSED_MS = 1_000;
const MAX_KEYS = 10_000;

/** What was beyond a limit a moment ago: in a flood, a refusal must not cost a call of the platform's counter. */
export class RefusedKeys {
  readonly #until = new Map<string, number>();

  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (Date.now() < until) return true;
    this.#until.delete(key);
    return false;
  }

  add(key: string): void {
    this.#until.delete(key);
    this.#until.set(key, Date.now() + REFUSED_MS);
    if (this.#until.size <= MAX_KEYS) return;
    const [oldest] = this.#until.keys();
    if (oldest !== undefined) this.#until.delete(oldest);
  }
}
