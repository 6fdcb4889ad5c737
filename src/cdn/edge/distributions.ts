import type { Env } from "../../env.ts";
import { findDistributionByAlias, readDistribution } from "../../metadata/cdn/client.ts";
import { type DistributionSnapshot, SNAPSHOT_FRESH_MS } from "../../metadata/cdn/protocol.ts";
import { wildcardsAbove } from "../../metadata/cdn/aliases.ts";
import { TimedCache } from "../../lib/timed-cache.ts";
import { deleteEntry, matchEntry, putEntry } from "../store/location-cache.ts";
import { type CompiledDistribution, compileDistribution } from "./compile.ts";
import { awaitShared } from "./flights.ts";
import { KnownNames } from "./known-names.ts";

type CdnEnv = Pick<Env, "DISTRIBUTION" | "CDN_REGISTRY">;

interface Held {
  /** Undefined where there is no such distribution. */
  readonly compiled: CompiledDistribution | undefined;
  /** When it was asked for, by whichever isolate of the location; milliseconds since the epoch. */
  readonly fetchedAt: number;
  refreshing: boolean;
}

/** What isolates of a location tell each other: small, since it is read every few seconds. */
interface Stamp {
  readonly fetchedAt: number;
  /** Of the snapshot that lies beside it; null where there is no such distribution. */
  readonly revision: number | null;
}

/** From then on one request looks for a newer snapshot while the others go on, until it is too old for all. */
const REFRESH_MS = SNAPSHOT_FRESH_MS - 1_000;
const MAX_HELD = 1_000;
/** A distribution does not go down with its object; changes and invalidations wait for as long as that lasts. */
const OUTAGE_MS = 30_000;
const DISTRIBUTION_ID = /^E[A-Z0-9]{13}$/;
const ALIAS_LIFETIME = { fresh: REFRESH_MS, usable: SNAPSHOT_FRESH_MS };

/**
 * The distributions that this isolate serves, compiled, none older than `SNAPSHOT_FRESH_MS` as long as they can be asked for. A location asks for
 * a snapshot at most once in that time: its isolates share it by the location's cache.
 */
export class Distributions {
  readonly #held = new Map<string, Held>();
  #aliases = createAliasCache();
  readonly #names = new KnownNames();
  /** Reads that are under way, by id: whoever comes meanwhile waits for what they bring. */
  readonly #reads = new Map<string, Promise<void>>();
  /** What was asked for before this moment may lack a change that was made here. */
  #changedAt = -1;

  /** Without a promise where what is held is young enough. */
  find(
    env: CdnEnv,
    id: string,
    defer: (work: Promise<unknown>) => void,
  ): CompiledDistribution | undefined | Promise<CompiledDistribution | undefined> {
    if (!DISTRIBUTION_ID.test(id)) return undefined;
    const held = this.#held.get(id);
    const age = this.#ageOf(held);
    if (!held || (!held.compiled && age >= SNAPSHOT_FRESH_MS)) return this.#loadUnknown(env, id, defer);
    if (age >= SNAPSHOT_FRESH_MS) {
      return this.#loadOnce(env, id, defer).catch((error: unknown) => insteadOf(error, held));
    }
    if (age >= REFRESH_MS && held.compiled && !held.refreshing) {
      held.refreshing = true;
      defer(this.#load(env, id, defer));
    }
    return held.compiled;
  }

  /** The same, no older than a revision that another location knows. */
  async findSince(
    env: CdnEnv,
    id: string,
    revision: number,
    defer: (work: Promise<unknown>) => void,
  ): Promise<CompiledDistribution | undefined> {
    const found = await this.find(env, id, defer);
    if (found && found.snapshot.revision >= revision) return found;
    await this.forget(id);
    return this.find(env, id, defer);
  }

  /** The distribution that answers for a host, by its aliases. */
  async findByAlias(
    env: CdnEnv,
    host: string,
    defer: (work: Promise<unknown>) => void,
  ): Promise<CompiledDistribution | undefined> {
    const id = await this.findAlias(env, host, defer);
    const distribution = id === undefined ? undefined : await this.find(env, id, defer);
    // The registry's answer may be older than the snapshot, which has the last word.
    return distribution?.config.Aliases.some((alias) => coversHost(alias, host)) ? distribution : undefined;
  }

  /** The id that the registry has for a host; without a promise where that was asked in the last seconds. */
  findAlias(
    env: CdnEnv,
    host: string,
    defer: (work: Promise<unknown>) => void,
  ): string | undefined | Promise<string | undefined> {
    const known = this.#aliases.peek(host);
    if (known) return known.value;
    const load = () => this.#aliases.load(host, () => findDistributionByAlias(env, host));
    const admitted = this.#names.admits(env, [host, ...wildcardsAbove(host)], defer);
    if (!(admitted instanceof Promise)) return admitted ? load() : undefined;
    return admitted.then((isAdmitted) => (isAdmitted ? load() : undefined));
  }

  /** To be called after a change was made by this isolate, which is in force here at once. */
  async forget(id?: string): Promise<void> {
    this.#changedAt = Date.now();
    this.#aliases = createAliasCache();
    this.#names.forget();
    if (id !== undefined) await deleteEntry("stamp", id);
  }

  #loadUnknown(
    env: CdnEnv,
    id: string,
    defer: (work: Promise<unknown>) => void,
  ): Promise<CompiledDistribution | undefined> | undefined {
    const load = () => this.#loadOnce(env, id, defer);
    const admitted = this.#reads.has(id) || this.#names.admits(env, [id], defer);
    if (!(admitted instanceof Promise)) return admitted ? load() : undefined;
    return admitted.then((isAdmitted) => (isAdmitted ? load() : undefined));
  }

  async #loadOnce(
    env: CdnEnv,
    id: string,
    defer: (work: Promise<unknown>) => void,
  ): Promise<CompiledDistribution | undefined> {
    const underWay = this.#reads.get(id);
    if (underWay) {
      await awaitShared(underWay);
      const held = this.#held.get(id);
      if (held && this.#ageOf(held) < SNAPSHOT_FRESH_MS) return held.compiled;
    }
    const read = Promise.withResolvers<void>();
    this.#reads.set(id, read.promise);
    try {
      return await this.#load(env, id, defer);
    } finally {
      if (this.#reads.get(id) === read.promise) this.#reads.delete(id);
      read.resolve();
    }
  }

  /** Milliseconds; what was asked for before a change that was made here is of no use. */
  #ageOf(held: Held | undefined): number {
    return held && held.fetchedAt > this.#changedAt ? Date.now() - held.fetchedAt : Infinity;
  }

  async #load(
    env: CdnEnv,
    id: string,
    defer: (work: Promise<unknown>) => void,
  ): Promise<CompiledDistribution | undefined> {
    const held = this.#held.get(id)?.compiled;
    const shared = await this.#readShared(id, held);
    if (shared) return this.#keep(id, shared.snapshot, shared.fetchedAt);
    const fetchedAt = Date.now();
    const snapshot = await readDistribution(env, id, held?.snapshot);
    defer(share(id, snapshot, fetchedAt, snapshot !== held?.snapshot));
    return this.#keep(id, snapshot, fetchedAt);
  }

  /** What another isolate of the location has asked for; undefined when nothing is young enough. */
  async #readShared(id: string, held: CompiledDistribution | undefined) {
    const stamp = await readJson<Stamp>(await matchEntry("stamp", id));
    if (!stamp || stamp.fetchedAt <= this.#changedAt || Date.now() - stamp.fetchedAt >= REFRESH_MS) return undefined;
    const { fetchedAt, revision } = stamp;
    if (revision === null) return { snapshot: undefined, fetchedAt };
    if (held?.snapshot.revision === revision) return { snapshot: held.snapshot, fetchedAt };
    const snapshot = await readJson<DistributionSnapshot>(await matchEntry("snapshot", `${id}/${revision}`));
    return snapshot && { snapshot, fetchedAt };
  }

  #keep(id: string, snapshot: DistributionSnapshot | undefined, fetchedAt: number): CompiledDistribution | undefined {
    const held = this.#held.get(id);
    const known = held?.compiled;
    if (held && held.fetchedAt > fetchedAt) return known;
    const isSame = snapshot !== undefined && known?.snapshot.revision === snapshot.revision;
    const compiled = isSame ? known : snapshot && compileDistribution(snapshot);
    this.#held.delete(id);
    this.#held.set(id, { compiled, fetchedAt, refreshing: false });
    if (this.#held.size > MAX_HELD) {
      const [oldest] = this.#held.keys();
      if (oldest !== undefined) this.#held.delete(oldest);
    }
    return compiled;
  }
}

/** What is held, while the distribution's object cannot be asked: no longer than for this while. */
function insteadOf(error: unknown, { compiled, fetchedAt }: Held): CompiledDistribution | undefined {
  if (Date.now() - fetchedAt < OUTAGE_MS) return compiled;
  throw error;
}

/** Ids of distributions by host; undefined for hosts that are nobody's. */
function createAliasCache(): TimedCache<string | undefined> {
  return new TimedCache({ limit: 10_000, lifetime: () => ALIAS_LIFETIME });
}

/** Of this isolate. */
export const distributions = new Distributions();

async function share(
  id: string,
  snapshot: DistributionSnapshot | undefined,
  fetchedAt: number,
  isNew: boolean,
): Promise<void> {
  const stamp: Stamp = { fetchedAt, revision: snapshot?.revision ?? null };
  if (snapshot && isNew) await putEntry("snapshot", `${id}/${snapshot.revision}`, JSON.stringify(snapshot));
  await putEntry("stamp", id, JSON.stringify(stamp));
}

async function readJson<Value>(entry: Response | undefined): Promise<Value | undefined> {
  try {
    return entry && (await entry.json<Value>());
  } catch {
    return undefined;
  }
}

/** `*.example.com` covers every host below it. */
function coversHost(alias: string, host: string): boolean {
  return alias.startsWith("*.") ? host.endsWith(alias.slice(1)) : alias === host;
}
