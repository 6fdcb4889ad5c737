const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5 * 60_000;

interface Pause {
  readonly until: number;
  readonly length: number;
}

/** Serves destinations side by side, each at its own pace: once at a time, and after a failure not before a pause that grows. */
export class Paces {
  /** Has them served again at that time. */
  readonly #schedule: (at: number) => void;
  readonly #busy = new Set<string>();
  /** Asked for while they were busy: what came meanwhile may have come too late for that round. */
  readonly #askedAgain = new Set<string>();
  readonly #pauses = new Map<string, Pause>();

  constructor(schedule: (at: number) => void) {
    this.#schedule = schedule;
  }

  /** Those that are not being served and have no pause. `serve` tells what it got done, and throws where it failed. Never throws. */
  async serveAll(
    destinations: readonly string[],
    serve: (destination: string, noteProgress: () => void) => Promise<void>,
  ): Promise<void> {
    const now = Date.now();
    for (const destination of destinations) if (this.#busy.has(destination)) this.#askedAgain.add(destination);
    const ready = destinations.filter(
      (destination) => !this.#busy.has(destination) && (this.#pauses.get(destination)?.until ?? 0) <= now,
    );
    await Promise.all(ready.map((destination) => this.#serve(destination, serve)));
  }

  async #serve(
    destination: string,
    serve: (destination: string, noteProgress: () => void) => Promise<void>,
  ): Promise<void> {
    this.#busy.add(destination);
    try {
      do {
        this.#askedAgain.delete(destination);
        await serve(destination, () => this.#pauses.delete(destination));
        this.#pauses.delete(destination);
      } while (this.#askedAgain.has(destination));
    } catch (error) {
      console.error(`${destination} was not served`, error);
      this.#pause(destination);
    } finally {
      this.#busy.delete(destination);
    }
  }

  #pause(destination: string): void {
    const before = this.#pauses.get(destination)?.length ?? FIRST_PAUSE_MS / 2;
    const length = Math.min(before * 2, LONGEST_PAUSE_MS);
    const until = Date.now() + length;
    this.#pauses.set(destination, { until, length });
    this.#schedule(until);
  }
}
