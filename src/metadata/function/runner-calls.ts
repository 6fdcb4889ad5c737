/** The platform lets a request have four dynamic workers in flight: that many events a runner runs side by side. */
export const RUNNER_LANES = 4;
/** Of one function: a hundred executions at the same time. */
const MAX_RUNNERS = 25;
/** So many runners are called as would work off within that time what waits. */
const DRAIN_MS = 250;
/** Before anything is known about the function. */
const FIRST_EVENT_MS = 100;
/** Runners of a function that takes no longer come back so soon that no other needs to be called. */
const SOON_MS = 50;
/** A runner that has not been heard of for so long has died, or runs something long. */
const RUNNER_SILENCE_MS = 30_000;

/**
 * How many runners to call for a function's events. Held in memory only: after a restart runners are called
 * that may not be needed, which find nothing to do.
 */
export class RunnerCalls {
  /** Messages on the queue that no runner has come for yet. */
  #waiting = 0;
  #calledAt = 0;
  readonly #runners = new Map<string, number>();
  #eventMs = FIRST_EVENT_MS;

  /** Whether somebody will come for work anyway. */
  isExpecting(now: number): boolean {
    if (this.#waiting > 0) return true;
    return this.#eventMs <= SOON_MS && [...this.#runners.values()].some((seenAt) => seenAt >= now - 2 * SOON_MS);
  }

  /**
   * How many more to call, with so many events that could be worked at. Whatever is known of the runners at work,
   * at least `least` are on their way afterwards.
   */
  count(due: number, now: number, least: 0 | 1): number {
    for (const [id, seenAt] of this.#runners) if (seenAt < now - RUNNER_SILENCE_MS) this.#runners.delete(id);
    const wanted = Math.ceil((due * this.#eventMs) / (RUNNER_LANES * DRAIN_MS));
    return Math.max(Math.min(wanted, MAX_RUNNERS) - this.#runners.size, least, this.#waiting) - this.#waiting;
  }

  noteCalled(count: number, now: number): void {
    this.#waiting += count;
    this.#calledAt = now;
  }

  noteArrival(): void {
    this.#waiting = Math.max(0, this.#waiting - 1);
  }

  /** Messages older than that count as lost. */
  forgetCallsBefore(time: number): void {
    if (this.#calledAt <= time) this.#waiting = 0;
  }

  noteRunner(id: string, stays: boolean, eventMs: number | undefined, now: number): void {
    if (stays) this.#runners.set(id, now);
    else this.#runners.delete(id);
    if (eventMs !== undefined) this.#eventMs = (this.#eventMs + eventMs) / 2;
  }
}
