import { matchesWildcards } from "../../lib/wildcards.ts";

/**
 * CloudFront's path patterns: `*` is any characters, `?` is one, the rest is itself, cases matter. Compiled by
 * their shape, so that what a look-up costs does not grow with their number as long as they are the usual ones.
 */
export class PathPatterns {
  readonly #exact = new Map<string, number>();
  readonly #prefixes = new LengthGroups();
  readonly #suffixes = new LengthGroups();
  readonly #others: { readonly pattern: string; readonly position: number }[] = [];

  /** In order of precedence. */
  constructor(patterns: readonly string[]) {
    for (const [position, pattern] of patterns.entries()) this.#add(pattern, position);
  }

  /** The position of the first pattern that matches; -1 for none. */
  find(path: string): number {
    let found = this.#exact.get(path) ?? Infinity;
    found = Math.min(
      found,
      this.#prefixes.find((length) => path.length >= length && path.slice(0, length)),
    );
    found = Math.min(
      found,
      this.#suffixes.find((length) => path.length >= length && path.slice(path.length - length)),
    );
    for (const { pattern, position } of this.#others) {
      if (position > found) break;
      if (matchesWildcards(pattern, path)) found = position;
    }
    return found === Infinity ? -1 : found;
  }

  #add(written: string, position: number): void {
    const pattern = written.startsWith("/") || written.startsWith("*") ? written : `/${written}`;
    const star = pattern.indexOf("*");
    const plain = !pattern.includes("?") && star === pattern.lastIndexOf("*");
    if (plain && star < 0) this.#exact.set(pattern, Math.min(position, this.#exact.get(pattern) ?? Infinity));
    else if (plain && star === pattern.length - 1) this.#prefixes.add(pattern.slice(0, -1), position);
    else if (plain && star === 0) this.#suffixes.add(pattern.slice(1), position);
    else this.#others.push({ pattern, position });
  }
}

/** Texts by their lengths: finding all that a path begins (or ends) with takes one look-up for each length. */
class LengthGroups {
  readonly #groups: { readonly length: number; readonly positions: Map<string, number> }[] = [];

  add(text: string, position: number): void {
    let group = this.#groups.find(({ length }) => length === text.length);
    if (!group) this.#groups.push((group = { length: text.length, positions: new Map() }));
    if (!group.positions.has(text)) group.positions.set(text, position);
  }

  find(cut: (length: number) => string | false): number {
    let found = Infinity;
    for (const { length, positions } of this.#groups) {
      const text = cut(length);
      const position = text === false ? undefined : positions.get(text);
      if (position !== undefined && position < found) found = position;
    }
    return found;
  }
}

/**
 * The path by which behaviours and invalidations know a request (RFC 3986 section 6.2.2): dot segments resolved,
 * unreserved characters decoded. The origin still gets what was sent.
 */
export function normalisePath(path: string): string {
  if (!path.includes("%") && !path.includes("/.")) return path;
  const decoded = path.replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
  });
  return resolveDotSegments(decoded);
}

/** A path without `.` and `..`, encoded or not, as the platform sends it to an origin whatever it is told. */
export function resolveDotSegments(path: string): string {
  if (!DOT_SEGMENT.test(path)) return path;
  const segments: string[] = [];
  const parts = path.split("/").slice(1);
  for (const [position, part] of parts.entries()) {
    const isLast = position === parts.length - 1;
    const plain = part.replaceAll(/%2e/gi, ".");
    if (plain === "..") segments.pop();
    else if (plain !== ".") segments.push(part);
    if (isLast && (plain === "." || plain === "..")) segments.push("");
  }
  return `/${segments.join("/")}`;
}

const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
