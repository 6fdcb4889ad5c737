import { MAX_SLOTS } from "./limits.ts";

/** The environments of one version that this host isolate uses: slot → until when it is taken. */
export class Slots {
  readonly #takenUntil = new Map<number, number>();

  /**
   * Takes the lowest free slot, so that few environments are warm rather than many lukewarm ones. A slot is
   * taken until a time, since a host request that is cancelled never gives it back. Undefined: all are taken.
   */
  take(untilMs: number): number | undefined {
    const now = Date.now();
    for (let slot = 0; slot < MAX_SLOTS; slot++) {
      if ((this.#takenUntil.get(slot) ?? 0) > now) continue;
      this.#takenUntil.set(slot, untilMs);
      return slot;
    }
    return undefined;
  }

  release(slot: number): void {
    this.#takenUntil.delete(slot);
  }

  /** Leaves a slot alone for a while: its environment is busy for another host isolate. */
  keepAway(slot: number, untilMs: number): void {
    this.#takenUntil.set(slot, untilMs);
  }
}
