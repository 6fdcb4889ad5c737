import { parseDictionary } from "structured-headers";

/** Directives by name in lower case; `true` where there is no argument. */
export type Directives = ReadonlyMap<string, string | true>;

/** Delta-seconds that do not fit are this many (RFC 9111 section 1.2.2). */
export const MAX_SECONDS = 2 ** 31;

const NONE: Directives = new Map();
/**
 * A directive, its argument in quotes or up to the next comma. It begins where a name can begin, and not at each of its
 * characters: a long name that ends badly would take time by the square of its length.
 */
const DIRECTIVE = /(?<![^\s=,;"])([^\s=,;"]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^,]*)))?\s*(?:,|$)/g;
/** Directives whose argument is a number of seconds. */
const SECONDS = new Set(["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"]);

/** Cache-Control (RFC 9111 section 5.2), leniently; of several directives of one name the first counts. */
export function parseCacheControl(value: string | null): Directives {
  if (!value) return NONE;
  const directives = new Map<string, string | true>();
  for (const [, name = "", quoted, bare] of value.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase();
    if (!directives.has(key)) directives.set(key, quoted ?? bare?.trimEnd() ?? true);
  }
  return directives;
}

/**
 * CDN-Cache-Control (RFC 9213): a structured dictionary that replaces Cache-Control and Expires for caches like
 * this one. Undefined when it is absent, or invalid and so to be ignored as a whole (section 2.1).
 */
function parseTargeted(value: string | null): Directives | undefined {
  if (!value) return undefined;
  const directives = new Map<string, string | true>();
  try {
    for (const [name, [member]] of parseDictionary(value)) {
      if (SECONDS.has(name) && !(Number.isInteger(member) && Number(member) >= 0)) return undefined;
      if (member !== false) directives.set(name, typeof member === "number" ? String(member) : true);
    }
  } catch {
    return undefined;
  }
  return directives.size > 0 ? directives : undefined;
}

/** The directives of a response that govern this cache. */
export function responseDirectives(headers: Headers): { readonly directives: Directives; readonly targeted: boolean } {
  const targeted = parseTargeted(headers.get("cdn-cache-control"));
  return targeted
    ? { directives: targeted, targeted: true }
    : { directives: parseCacheControl(headers.get("cache-control")), targeted: false };
}

/** The seconds of a directive: undefined when it is absent, 0 when it is not a number (RFC 9111 section 4.2.1). */
export function readSeconds(directives: Directives, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  return value !== true && /^\d+$/.test(value) ? Math.min(Number(value), MAX_SECONDS) : 0;
}

/** The names of fields that `no-cache` or `private` restrict; empty when they restrict the whole response or nothing. */
export function listFields(directives: Directives, name: "no-cache" | "private"): string[] {
  const value = directives.get(name);
  return typeof value === "string" ? splitList(value.toLowerCase()) : [];
}

/** The elements of a comma-separated list, without empty ones (RFC 9110 section 5.6.1). */
export function splitList(value: string | null): string[] {
  return (value ?? "")
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "");
}
