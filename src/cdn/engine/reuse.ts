import { readSeconds, type Directives } from "./directives.ts";
import { currentAge, type Exchange, type Freshness } from "./freshness.ts";

/** What may be done with a stored response for a request that selects it (RFC 9111 section 4). */
export type Reuse =
  | { readonly kind: "fresh"; readonly age: number }
  /** Stale, and allowed to be used while it is validated in the background (RFC 5861) or as the client accepts it. */
  | { readonly kind: "stale"; readonly age: number; readonly refresh: boolean }
  /** Not before the origin has been asked. */
  | { readonly kind: "validate" };

export interface StoredTimes extends Exchange {
  readonly freshness: Freshness;
}

const VALIDATE: Reuse = { kind: "validate" };

/**
 * Decides by time alone.
 * @param purgedAt when a soft invalidation made the response stale (milliseconds), if one did
 * @param asked the directives of the client's Cache-Control, where they count
 */
export function decideReuse(
  stored: StoredTimes,
  now: number,
  purgedAt: number | undefined,
  asked: Directives | undefined,
): Reuse {
  const { freshness } = stored;
  if (freshness.alwaysValidate) return VALIDATE;
  const age = currentAge(freshness, stored, now);
  const staleFor = stalenessOf(freshness, age, now, purgedAt);
  if (!asked || asked.size === 0) {
    if (staleFor < 0) return { kind: "fresh", age };
    return mayServeWhileRevalidating(freshness, staleFor) ? { kind: "stale", age, refresh: true } : VALIDATE;
  }
  return decideAsAsked(freshness, age, staleFor, asked);
}

/** Whether an origin that fails may be covered up by the stored response (RFC 5861 section 4). */
export function mayServeOnError(stored: StoredTimes, now: number, purgedAt: number | undefined): boolean {
  const { freshness } = stored;
  if (freshness.neverStale) return false;
  return stalenessOf(freshness, currentAge(freshness, stored, now), now, purgedAt) <= freshness.staleIfError;
}

/** Seconds since the response became stale; negative while it is fresh. */
function stalenessOf(freshness: Freshness, age: number, now: number, purgedAt: number | undefined): number {
  const byAge = age - freshness.lifetime;
  return purgedAt === undefined ? byAge : Math.max(byAge, (now - purgedAt) / 1000, 0);
}

function mayServeWhileRevalidating(freshness: Freshness, staleFor: number): boolean {
  return (
    !freshness.neverStale &&
    staleFor >= 0 &&
    staleFor <= freshness.staleWhileRevalidate &&
    freshness.staleWhileRevalidate > 0
  );
}

/** RFC 9111 section 5.2.1. */
function decideAsAsked(freshness: Freshness, age: number, staleFor: number, asked: Directives): Reuse {
  if (asked.has("no-cache") || asked.has("no-store")) return VALIDATE;
  const maxAge = readSeconds(asked, "max-age");
  if (maxAge !== undefined && age > maxAge) return VALIDATE;
  if (staleFor + (readSeconds(asked, "min-fresh") ?? 0) < 0) return { kind: "fresh", age };
  const accepted = asked.get("max-stale") === true ? Infinity : (readSeconds(asked, "max-stale") ?? -1);
  if (!freshness.neverStale && staleFor >= 0 && staleFor <= accepted) return { kind: "stale", age, refresh: false };
  return mayServeWhileRevalidating(freshness, staleFor) ? { kind: "stale", age, refresh: true } : VALIDATE;
}
