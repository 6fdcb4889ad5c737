import { parseLenientDate } from "./freshness.ts";

/** An entity tag as compared weakly: without weakness and quotes, however it is misspelt. */
function opaqueTag(tag: string): string {
  return tag
    .trim()
    .replace(/^[Ww]\//, "")
    .replace(/^"(.*)"$/s, "$1");
}

/** In quotes, or up to the next comma as careless clients send them. */
const TAG = /(?:[Ww]\/)?"[^"]*"|[^\s,]+/g;

/**
 * Whether a GET or HEAD may be answered 304 by a response with these fields (RFC 9110 section 13.2.2):
 * If-None-Match first, and If-Modified-Since only without it.
 */
export function isNotModified(request: Headers, response: Headers): boolean {
  const ifNoneMatch = request.get("if-none-match");
  if (ifNoneMatch !== null) {
    if (ifNoneMatch.trim() === "*") return true;
    const etag = response.get("etag");
    return etag !== null && listsTag(ifNoneMatch, etag);
  }
  const since = parseLenientDate(request.get("if-modified-since"));
  if (since === undefined) return false;
  const modifiedAt = parseLenientDate(response.get("last-modified")) ?? parseLenientDate(response.get("date"));
  return modifiedAt !== undefined && modifiedAt <= since;
}

/** Whether a list of entity tags has one that is weakly equal to `etag` (RFC 9110 section 8.8.3.2). */
function listsTag(list: string, etag: string): boolean {
  const wanted = opaqueTag(etag);
  return (list.match(TAG) ?? []).some((tag) => opaqueTag(tag) === wanted);
}

/** Whether both name the same representation, weakly. */
export function isSameTag(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && opaqueTag(a) === opaqueTag(b);
}

export function isStrongTag(etag: string | null): etag is string {
  return etag !== null && /^"[^"]*"$/.test(etag);
}

/** Whether If-Range lets a part be answered (RFC 9110 section 13.1.5): the very same strong tag or date. */
export function allowsRange(ifRange: string | null, response: Headers): boolean {
  if (ifRange === null) return true;
  const etag = response.get("etag");
  if (isStrongTag(ifRange)) return etag === ifRange;
  const date = parseLenientDate(ifRange);
  return date !== undefined && date === parseLenientDate(response.get("last-modified"));
}

/** The conditions of a request that validates a stored response; empty when it has no validator. */
export function validatingFields(stored: Headers): [string, string][] {
  const fields: [string, string][] = [];
  const etag = stored.get("etag");
  const modified = stored.get("last-modified");
  // Sent as it came, but in quotes, which If-None-Match cannot do without.
  if (etag !== null) fields.push(["if-none-match", /^(?:[Ww]\/)?"/.test(etag) ? etag : `"${etag}"`]);
  if (modified !== null) fields.push(["if-modified-since", modified]);
  return fields;
}

/** Describe the stored body, which a 304 or HEAD does not change (RFC 9111 section 3.2). */
const BODY_FIELDS: ReadonlySet<string> = new Set([
  "content-length",
  "content-encoding",
  "content-range",
  "transfer-encoding",
]);

/** The stored fields brought up to date by those of a 304, or of a HEAD (RFC 9111 sections 3.2 and 4.3.5). */
export function freshenFields(
  stored: readonly (readonly [string, string])[],
  received: readonly (readonly [string, string])[],
): [string, string][] {
  const replaced = new Set(received.map(([name]) => name));
  const kept = stored.filter(([name]) => name !== "age" && (!replaced.has(name) || BODY_FIELDS.has(name)));
  const added = received.filter(([name]) => !BODY_FIELDS.has(name));
  return [...kept, ...added].map(([name, value]) => [name, value]);
}
