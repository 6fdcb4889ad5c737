import type { Behavior } from "./behavior.ts";
import { noteAnswer } from "./answer-notes.ts";
import { type CacheResult, type Draft, renderDraft } from "./draft.ts";
import { applyHeadersPolicy } from "./headers-policy.ts";
import { PSEUDONYM } from "./origin-headers.ts";
import { usesOriginShield } from "./shield.ts";
import { readLocation, type ViewerRequest } from "./viewer.ts";

const CACHE_METRICS: Readonly<Partial<Record<CacheResult, string>>> = {
  Hit: "cdn-cache-hit",
  RefreshHit: "cdn-cache-refresh",
};

/** Makes the answer, and says in it how it came about. */
export function finishAnswer(draft: Draft, behavior: Behavior, viewer: ViewerRequest): Response {
  const { headers, cacheStatus, originMs, detail } = draft;
  if (behavior.responseHeaders) applyHeadersPolicy(headers, behavior.responseHeaders, viewer.headers);
  headers.set("x-cache", `${nameResult(draft)} from verge`);
  // Of several caches the one nearest to the origin comes first (RFC 9211 section 2).
  if (cacheStatus !== "") headers.set("cache-status", joinField(headers.get("cache-status"), `verge; ${cacheStatus}`));
  headers.set("via", joinField(headers.get("via"), `1.1 ${PSEUDONYM}`));
  headers.set("x-amz-cf-id", viewer.requestId);
  const location = readLocation(viewer);
  if (location !== "") headers.set("x-amz-cf-pop", location);
  if (wantsTiming(behavior, viewer)) describeTiming(draft, behavior, viewer, location);
  else if (originMs !== undefined) headers.append("server-timing", `origin;dur=${originMs}`);
  const response = renderDraft(viewer.method === "HEAD" ? { ...draft, body: null } : draft);
  if (originMs !== undefined || detail !== undefined) noteAnswer(response, { originMs, detail });
  return response;
}

/** An answer of an error status is an `Error` wherever the cache has it from, as with CloudFront. */
function nameResult({ status, result }: Draft): CacheResult {
  const isPlain = result === "Hit" || result === "Miss" || result === "RefreshHit";
  return isPlain && status >= 400 ? "Error" : result;
}

/** "Sampling rate and Pragma request header". */
function wantsTiming({ responseHeaders }: Behavior, { headers }: ViewerRequest): boolean {
  const config = responseHeaders?.ServerTimingHeadersConfig;
  if (!config?.Enabled) return false;
  return Math.random() * 100 < (config.SamplingRate ?? 0) || /\bserver-timing\b/i.test(headers.get("pragma") ?? "");
}

/** CloudFront's metrics, after those of an origin that was asked ("Server-Timing header metrics"). */
function describeTiming({ result, headers, originMs }: Draft, behavior: Behavior, viewer: ViewerRequest, pop: string) {
  const isHit = originMs === undefined && result === "Hit";
  const metrics = [
    ...(originMs === undefined || result === "RefreshHit" ? [] : [`cdn-upstream-layer;desc="${layerOf(behavior)}"`]),
    ...(originMs === undefined ? [] : [`cdn-upstream-fbl;dur=${originMs}`]),
    CACHE_METRICS[result] ?? "cdn-cache-miss",
    ...(pop === "" ? [] : [`cdn-pop;desc="${pop}"`]),
    `cdn-rid;desc="${viewer.requestId}"`,
    ...(isHit ? [`cdn-hit-layer;desc="EDGE"`] : []),
    `cdn-downstream-fbl;dur=${Date.now() - viewer.startedAt}`,
  ].join(",");
  // What the origin said of another request is not about this one.
  if (isHit) headers.set("server-timing", metrics);
  else headers.append("server-timing", metrics);
}

/** Who asked the origin. */
function layerOf(behavior: Behavior): string {
  return usesOriginShield(behavior) ? "Origin Shield" : "EDGE";
}

function joinField(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}
