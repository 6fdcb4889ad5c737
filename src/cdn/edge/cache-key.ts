import { normaliseAcceptEncoding } from "../engine/vary.ts";
import type { Behavior } from "./behavior.ts";
import { filterCookies, filterQuery } from "./name-filter.ts";
import { readViewerHeader, type ViewerRequest } from "./viewer.ts";

/** Where a request's answer is stored, and the parts of the key that others need. */
export interface CacheKey {
  readonly text: string;
  readonly query: string;
  /** Codings that the viewer takes and the key keeps apart. */
  readonly codings: readonly string[];
}

/**
 * Each part has a line of its own that says what it is, and no part can hold the end of a line: two requests have
 * one key only when the policy sees no difference between them. HEAD is answered from GET (RFC 9110 section 9.3.2).
 */
export function buildCacheKey(
  distributionId: string,
  { key }: Behavior,
  viewer: ViewerRequest,
  method: string,
): CacheKey {
  const query = filterQuery(key.query, viewer.query);
  const codings =
    key.codings.length > 0 ? normaliseAcceptEncoding(viewer.headers.get("accept-encoding"), key.codings) : [];
  let text = `${distributionId}\n${method === "HEAD" ? "GET" : method}\n${viewer.path}\n?${query}`;
  for (const name of key.headers) {
    const value = readViewerHeader(viewer, name);
    text += value === null ? `\n!${name}` : `\n${name}:${value}`;
  }
  const cookies = filterCookies(key.cookies, viewer.headers.get("cookie"));
  if (cookies !== null) text += `\ncookie=${cookies}`;
  if (codings.length > 0) text += `\ncodings=${codings.join()}`;
  return { text, query, codings };
}
