import type { Env } from "../../env.ts";
import { mayHave, type NameSet } from "../../lib/name-set.ts";
import { readDistributionNames } from "../../metadata/cdn/client.ts";
import { SNAPSHOT_FRESH_MS } from "../../metadata/cdn/protocol.ts";
import { awaitShared } from "./flights.ts";

/** Names that may be looked up in a period without further ado: enough for what is new, little for a flood. */
const FREE_LOOKUPS = 100;
const PERIOD_MS = SNAPSHOT_FRESH_MS;

/**
 * What strangers ask for and nobody has must not cost a call each: guessing ids or hosts is free for them. While only few
 * are asked for, all are looked up. In a flood, a list of all names that there are is, once in a period.
 */
export class KnownNames {
  #periodEnds = 0;
  #lookups = 0;
  #names: NameSet | undefined;
  #readAt = 0;
  #reading: Promise<NameSet> | undefined;

  /** Whether to look a name up, under which any of the candidates may be known. */
  admits(
    env: Pick<Env, "CDN_REGISTRY">,
    candidates: readonly string[],
    defer: (work: Promise<unknown>) => void,
  ): boolean | Promise<boolean> {
    const now = Date.now();
    if (now >= this.#periodEnds) [this.#periodEnds, this.#lookups] = [now + PERIOD_MS, 0];
    if (this.#lookups++ < FREE_LOOKUPS) return true;
    const isFresh = now - this.#readAt < PERIOD_MS;
    if (!isFresh && !this.#reading) this.#read(env, defer);
    if (this.#names) return hasAny(this.#names, candidates);
    return this.#awaitNames(candidates);
  }

  /** To be called after a change: what is new is not in the list. */
  forget(): void {
    this.#names = undefined;
    this.#readAt = 0;
    this.#reading = undefined;
  }

  #read(env: Pick<Env, "CDN_REGISTRY">, defer: (work: Promise<unknown>) => void): void {
    const readAt = Date.now();
    const reading = readDistributionNames(env);
    this.#reading = reading;
    const keep = (names: NameSet | undefined) => {
      // Forgotten meanwhile: the list may lack what is new.
      if (this.#reading !== reading) return;
      this.#reading = undefined;
      if (names) [this.#names, this.#readAt] = [names, readAt];
    };
    defer(reading.then(keep, () => keep(undefined)));
  }

  /** @throws ServiceError when the list cannot be read. */
  async #awaitNames(candidates: readonly string[]): Promise<boolean> {
    const names = this.#reading && (await awaitShared(this.#reading));
    return names !== undefined && hasAny(names, candidates);
  }
}

function hasAny(names: NameSet, candidates: readonly string[]): boolean {
  return candidates.some((candidate) => mayHave(names, candidate));
}
