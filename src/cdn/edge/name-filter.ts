import { matchesWildcards } from "../../lib/wildcards.ts";

/** Which query strings, cookies or headers a policy takes. */
export interface NameFilter {
  readonly mode: "none" | "all" | "some";
  has(name: string): boolean;
}

export const NOTHING: NameFilter = { mode: "none", has: () => false };
export const EVERYTHING: NameFilter = { mode: "all", has: () => true };

/** A policy's behaviour (`none`, `whitelist`, `allExcept`, `all`) and its names, in which `*` is a wildcard. */
export function compileNames(behavior: string, names: readonly string[] = []): NameFilter {
  if (behavior === "none") return NOTHING;
  if (behavior === "all") return EVERYTHING;
  const exact = new Set(names.filter((name) => !name.includes("*")));
  const wildcards = names.filter((name) => name.includes("*"));
  const lists = (name: string) => exact.has(name) || wildcards.some((pattern) => matchesWildcards(pattern, name, ""));
  return { mode: "some", has: behavior === "allExcept" ? (name) => !lists(name) : lists };
}

/** What either takes. */
export function unite(a: NameFilter, b: NameFilter): NameFilter {
  if (a.mode === "none" || b.mode === "all") return b;
  if (b.mode === "none" || a.mode === "all") return a;
  return { mode: "some", has: (name) => a.has(name) || b.has(name) };
}

/**
 * The parameters of a raw query that a filter takes. All of them go as they were sent; of some, those that are
 * taken go in the order of their names, so that reordering makes neither another key nor another origin request.
 */
export function filterQuery(filter: NameFilter, query: string): string {
  if (filter.mode === "none" || query === "") return "";
  if (filter.mode === "all") return query;
  return query
    .split("&")
    .map((pair) => ({ pair, name: readName(pair) }))
    .filter(({ name }) => filter.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ pair }) => pair)
    .join("&");
}

/** The cookies of a Cookie header that a filter takes; null for none. */
export function filterCookies(filter: NameFilter, cookie: string | null): string | null {
  if (filter.mode === "none" || cookie === null) return null;
  if (filter.mode === "all") return cookie;
  const taken = cookie
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "" && filter.has(pair.split("=", 1)[0]!))
    .sort();
  return taken.length > 0 ? taken.join("; ") : null;
}

function readName(pair: string): string {
  const [name = ""] = pair.split("=", 1);
  if (!name.includes("%") && !name.includes("+")) return name;
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
