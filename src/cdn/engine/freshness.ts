import { parseHttpDate } from "../../lib/http-date.ts";
import { type Directives, MAX_SECONDS, readSeconds, responseDirectives, splitList } from "./directives.ts";

/** What a behaviour says of lifetimes, in seconds. */
export interface TtlPolicy {
  readonly minimum: number;
  /** Of answers that say nothing of their lifetime themselves. */
  readonly fallback: number;
  readonly maximum: number;
  /** The least time that an answer of an error status is kept; by status. */
  readonly errors: ReadonlyMap<number, number>;
  /** Whether answers that say nothing and have no `fallback` get a lifetime from Last-Modified. */
  readonly heuristic: boolean;
}

/** When a response was asked for and received, in milliseconds since the epoch. */
export interface Exchange {
  readonly requestedAt: number;
  readonly receivedAt: number;
}

/** Computed once, when a response is stored: a hit only compares. In seconds. */
export interface Freshness {
  readonly lifetime: number;
  /** corrected_initial_age of RFC 9111 section 4.2.3, at `receivedAt`. */
  readonly initialAge: number;
  /** Not to be used without validation, however fresh. */
  readonly alwaysValidate: boolean;
  /** Never to be used stale. */
  readonly neverStale: boolean;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

/** RFC 9110 section 15.1: a cache may give these a lifetime of its own. */
export const HEURISTIC_STATUSES: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/** One tenth of the time since the last modification, at most a day (RFC 9111 section 4.2.2). */
const HEURISTIC_FRACTION = 0.1;
const MAX_HEURISTIC_SECONDS = 86_400;
/** CloudFront serves expired answers while the origin fails; for a day here, where the answer says nothing. */
const DEFAULT_STALE_IF_ERROR_SECONDS = 86_400;

export function computeFreshness(status: number, headers: Headers, exchange: Exchange, policy: TtlPolicy): Freshness {
  const { directives, targeted } = responseDirectives(headers);
  const explicit = explicitLifetime(directives, targeted, headers, exchange);
  const noCache = directives.get("no-cache") === true;
  const staleWhileRevalidate = readSeconds(directives, "stale-while-revalidate");
  const staleIfError = readSeconds(directives, "stale-if-error");
  // s-maxage implies proxy-revalidate (RFC 9111 section 5.2.2.10), unless the same answer allows stale use (RFC 5861).
  const revalidatingMaxAge =
    directives.has("s-maxage") && staleWhileRevalidate === undefined && staleIfError === undefined;
  return {
    lifetime: clampLifetime(
      status,
      explicit ?? implicitLifetime(status, headers, directives, exchange, policy),
      policy,
    ),
    initialAge: computeInitialAge(headers, exchange),
    alwaysValidate: noCache,
    neverStale:
      noCache || revalidatingMaxAge || directives.has("must-revalidate") || directives.has("proxy-revalidate"),
    staleWhileRevalidate: staleWhileRevalidate ?? 0,
    staleIfError: staleIfError ?? DEFAULT_STALE_IF_ERROR_SECONDS,
  };
}

/** Age in seconds, fractions included. */
export function currentAge(freshness: Freshness, { receivedAt }: Exchange, now: number): number {
  return freshness.initialAge + Math.max(0, now - receivedAt) / 1000;
}

/** Whether a response says itself how long it is fresh. */
export function hasExplicitLifetime(headers: Headers): boolean {
  const { directives, targeted } = responseDirectives(headers);
  return directives.has("s-maxage") || directives.has("max-age") || (!targeted && headers.has("expires"));
}

/** RFC 9111 section 4.2.1; undefined when the response says nothing. */
function explicitLifetime(
  directives: Directives,
  targeted: boolean,
  headers: Headers,
  { receivedAt }: Exchange,
): number | undefined {
  const seconds = readSeconds(directives, "s-maxage") ?? readSeconds(directives, "max-age");
  if (seconds !== undefined) return seconds;
  const expires = targeted ? null : headers.get("expires");
  if (expires === null) return undefined;
  // An invalid date, "0" above all, is one in the past (section 5.3).
  const until = parseLenientDate(expires);
  if (until === undefined) return 0;
  return Math.min(MAX_SECONDS, Math.max(0, (until - (parseLenientDate(headers.get("date")) ?? receivedAt)) / 1000));
}

function implicitLifetime(
  status: number,
  headers: Headers,
  directives: Directives,
  { receivedAt }: Exchange,
  { fallback, heuristic }: TtlPolicy,
): number {
  if (!HEURISTIC_STATUSES.has(status) && !directives.has("public")) return 0;
  if (fallback > 0) return status < 400 ? fallback : 0;
  const modifiedAt = parseLenientDate(headers.get("last-modified"));
  if (!heuristic || modifiedAt === undefined || /no-cache/i.test(headers.get("pragma") ?? "")) return 0;
  const date = parseLenientDate(headers.get("date")) ?? receivedAt;
  return Math.min(MAX_HEURISTIC_SECONDS, Math.max(0, ((date - modifiedAt) / 1000) * HEURISTIC_FRACTION));
}

function clampLifetime(status: number, seconds: number, { minimum, maximum, errors }: TtlPolicy): number {
  const least = status >= 400 ? (errors.get(status) ?? 0) : minimum;
  return Math.min(Math.max(seconds, least), Math.max(maximum, status >= 400 ? least : 0));
}

/**
 * RFC 9111 section 4.2.3. Of several values of Age the first counts, parameters that somebody put behind it do not,
 * and what is no number is none.
 */
function computeInitialAge(headers: Headers, { requestedAt, receivedAt }: Exchange): number {
  const [first = ""] = splitList(headers.get("age"));
  const seconds = /^(\d+)\s*(?:;|$)/.exec(first)?.[1];
  const ageValue = seconds === undefined ? 0 : Math.min(Number(seconds), MAX_SECONDS);
  const date = parseLenientDate(headers.get("date"));
  const apparentAge = date === undefined ? 0 : Math.max(0, (receivedAt - date) / 1000);
  return Math.max(apparentAge, ageValue + Math.max(0, receivedAt - requestedAt) / 1000);
}

/** A cache takes dates in any case (RFC 9111 section 4.2). */
export function parseLenientDate(text: string | null): number | undefined {
  if (text === null) return undefined;
  const strict = parseHttpDate(text);
  if (strict !== undefined) return strict;
  const cased = text.toLowerCase().replaceAll(/[a-z]+/g, (word) => word[0]!.toUpperCase() + word.slice(1));
  return parseHttpDate(cased.replace(/Gmt$/, "GMT"));
}
