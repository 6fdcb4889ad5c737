import { splitList } from "../engine/directives.ts";
import { computeFreshness, type Exchange, type Freshness, hasExplicitLifetime } from "../engine/freshness.ts";
import { isStorable, storedFields } from "../engine/storability.ts";
import type { StoredResponse } from "../engine/stored-response.ts";
import { selectingHeaders } from "../engine/vary.ts";
import { isDeceptive } from "./deception.ts";
import { buildOriginHeaders } from "./origin-headers.ts";
import { forwardedReader, type Passage, targetUrl } from "./passage.ts";

/** A response that is to be stored, without its body. */
export type StoringPlan = Omit<StoredResponse, "form" | "length">;

/**
 * What will be stored of a response; undefined when it is not to be. `method` is that of the request that the
 * origin got.
 */
export function planStoring(
  passage: Passage,
  method: string,
  response: { readonly status: number; readonly statusText: string; readonly headers: Headers },
  exchange: Exchange,
): StoringPlan | undefined {
  const { behavior, viewer, key, distribution } = passage;
  const { status, statusText, headers } = response;
  const freshness = computeFreshness(status, headers, exchange, behavior.ttl);
  const storable = isStorable({
    method,
    url: targetUrl(passage),
    requestHeaders: buildOriginHeaders(behavior, viewer, key.codings, distribution.id),
    status,
    headers,
    lifetime: freshness.lifetime,
    honoursRequestDirectives: behavior.honoursRequestDirectives,
  });
  if (!behavior.caches || !storable || isDeceptive(viewer.path, headers)) return undefined;
  if (isEndless(headers, freshness)) return undefined;
  const tags = readTags(passage, headers);
  return {
    bodyId: crypto.randomUUID(),
    status,
    statusText,
    fields: storedFields(headers),
    selecting: selectingHeaders(headers.get("vary"), forwardedReader(passage)),
    freshness,
    requestedAt: exchange.requestedAt,
    receivedAt: exchange.receivedAt,
    invalidation: distribution.invalidations.latest,
    ...(tags.length > 0 && { tags }),
  };
}

/**
 * Whether a response is an event stream (HTML section 9.2) that says of no time for which it is fresh. It ends when its
 * listener leaves: who comes next would wait for an end, or hear what the first one heard.
 */
function isEndless(headers: Headers, { lifetime, alwaysValidate }: Freshness): boolean {
  if (!headers.get("content-type")?.toLowerCase().startsWith("text/event-stream")) return false;
  return alwaysValidate || lifetime <= 0 || !hasExplicitLifetime(headers);
}

function readTags({ distribution }: Passage, headers: Headers): string[] {
  const name = distribution.config.CacheTagConfig?.HeaderName;
  return name ? splitList(headers.get(name)).map((tag) => tag.toLowerCase()) : [];
}
