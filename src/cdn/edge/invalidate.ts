import { responseStore } from "../store/response-store.ts";
import { buildCacheKey } from "./cache-key.ts";
import { type Passage, targetUrl } from "./passage.ts";

/** They change nothing at the origin (RFC 9110 section 9.2.1). */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/**
 * An unsafe method that succeeded makes what this location has stored of its target invalid, and of the places on
 * the same host that its answer names (RFC 9111 section 4.4).
 */
export async function invalidateByMethod(passage: Passage, status: number, headers: Headers): Promise<void> {
  const { viewer } = passage;
  if (SAFE_METHODS.has(viewer.method) || status < 200 || status >= 400) return;
  const target = targetUrl(passage);
  const named = ["location", "content-location"].flatMap((name) => {
    const value = headers.get(name);
    return value !== null && URL.canParse(value, target.href) ? [new URL(value, target)] : [];
  });
  const sameHost = named.filter(({ hostname, href }) => hostname === target.hostname && href !== target.href);
  await Promise.all([target, ...sameHost].map((url) => removeUrl(passage, url)));
}

/** In every coding: who writes seldom takes the codings that readers do. */
async function removeUrl({ distribution, viewer }: Passage, url: URL): Promise<void> {
  const behavior = distribution.findBehavior(url.pathname);
  const keys = listSubsets(behavior.key.codings).map((codings) => {
    const headers = new Headers(viewer.headers);
    headers.set("accept-encoding", codings.join(", "));
    const there = { ...viewer, path: url.pathname, query: url.search.slice(1), headers };
    return buildCacheKey(distribution.id, behavior, there, "GET").text;
  });
  await Promise.all(keys.map((key) => responseStore.remove(key)));
}

function listSubsets(codings: readonly string[]): string[][] {
  let subsets: string[][] = [[]];
  for (const coding of codings) subsets = subsets.flatMap((subset) => [subset, [...subset, coding]]);
  return subsets;
}
