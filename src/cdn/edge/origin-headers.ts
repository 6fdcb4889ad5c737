import { forwardableFields } from "../engine/storability.ts";
import type { Behavior } from "./behavior.ts";
import { filterCookies } from "./name-filter.ts";
import { readViewerHeader, type ViewerRequest } from "./viewer.ts";

/** Made here, or meant for the hop that ends here; conditions and ranges are the cache's own business. */
const NEVER_COPIED: ReadonlySet<string> = new Set([
  "host",
  "accept-encoding",
  "cookie",
  "content-length",
  "expect",
  "via",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-real-ip",
  "x-amz-cf-id",
  "cdn-loop",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "range",
]);
/** What a body means goes with it. */
const BODY_HEADERS = ["content-type", "content-encoding", "content-language", "content-md5"];
export const CONDITIONAL_HEADERS = [
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "range",
];
const ACCEPT_ENCODING = "accept-encoding";
/** How this product names itself in Via and CDN-Loop. */
export const PSEUDONYM = "verge";

/** The headers of an origin request, by the behaviour's policies; conditions and ranges are added by whoever needs them. */
export function buildOriginHeaders(
  behavior: Behavior,
  viewer: ViewerRequest,
  codings: readonly string[],
  distributionId: string,
): Headers {
  const { forward } = behavior;
  const headers = new Headers();
  if (forward.allHeaders) {
    for (const [name, value] of forwardableFields(viewer.headers)) {
      if (isCopied(name) && forward.forwardsHeader(name)) headers.append(name, value);
    }
  } else {
    for (const name of forward.headers) copy(viewer, name, headers);
  }
  for (const name of forward.madeHeaders) copy(viewer, name, headers);
  if (viewer.body) for (const name of BODY_HEADERS) copy(viewer, name, headers);
  const cookies = filterCookies(forward.cookies, viewer.headers.get("cookie"));
  if (cookies !== null) headers.set("cookie", cookies);
  if (!forward.forwardsHeader("user-agent")) headers.set("user-agent", "Verge");
  // Said even when it is nothing: the platform would ask for codings of its own.
  headers.set("accept-encoding", readAcceptEncoding(behavior, viewer, codings));
  headers.set("via", joinField(viewer.headers.get("via"), `1.1 ${distributionId.toLowerCase()}.${PSEUDONYM}`));
  headers.set("cdn-loop", joinField(viewer.headers.get("cdn-loop"), loopToken(distributionId)));
  headers.set("x-amz-cf-id", viewer.requestId);
  for (const name of ["x-forwarded-proto", "x-forwarded-host"]) {
    const value = readAddress(behavior, viewer, name);
    if (value !== null) headers.set(name, value);
  }
  if (viewer.clientAddress !== undefined) {
    headers.set("x-forwarded-for", joinField(viewer.headers.get("x-forwarded-for"), viewer.clientAddress));
  }
  return headers;
}

/** Whether a request has passed this distribution before: its origin leads back to it (RFC 8586). */
export function isLoop(viewer: ViewerRequest, distributionId: string): boolean {
  return viewer.headers.get("cdn-loop")?.includes(loopToken(distributionId)) ?? false;
}

/** A header as it goes to the origin, without building the others: what Vary may name. */
export function readForwardedHeader(
  behavior: Behavior,
  viewer: ViewerRequest,
  codings: readonly string[],
  name: string,
): string | null {
  const { forward } = behavior;
  if (name === "accept-encoding") return readAcceptEncoding(behavior, viewer, codings);
  if (name === "cookie") return filterCookies(forward.cookies, viewer.headers.get("cookie"));
  if (name === "x-forwarded-proto" || name === "x-forwarded-host") return readAddress(behavior, viewer, name);
  if (name.startsWith("cloudfront-") ? !forward.madeHeaders.includes(name) : !isCopied(name)) return null;
  return forward.forwardsHeader(name) ? readViewerHeader(viewer, name) : null;
}

/**
 * The codings of the key, if it has any. Otherwise a header like any other (ParametersInCacheKeyAndForwardedToOrigin),
 * but that no coding which only one viewer takes is asked for where others get the answer.
 */
function readAcceptEncoding({ caches, forward, key }: Behavior, viewer: ViewerRequest, codings: readonly string[]) {
  if (key.codings.length > 0) return codings.length > 0 ? codings.join(", ") : "identity";
  const isForwarded = caches ? key.headers.includes(ACCEPT_ENCODING) : forward.forwardsHeader(ACCEPT_ENCODING);
  return (isForwarded && viewer.headers.get(ACCEPT_ENCODING)) || "identity";
}

/**
 * Under which scheme and host the viewer came. An origin that makes links or redirects of them would make answers that
 * are wrong for others: where answers are cached it is told only what the policies forward.
 */
function readAddress({ caches, forward }: Behavior, viewer: ViewerRequest, name: string): string | null {
  if (name === "x-forwarded-host") return !caches || forward.forwardsHeader("host") ? viewer.host : null;
  return !caches || forward.madeHeaders.includes("cloudfront-forwarded-proto") ? viewer.protocol : null;
}

function isCopied(name: string): boolean {
  // Cloudflare's own say who the client is to this Worker, not to whoever it asks.
  return !NEVER_COPIED.has(name) && !name.startsWith("cf-") && !name.startsWith("cloudfront-");
}

function copy(viewer: ViewerRequest, name: string, headers: Headers): void {
  if (NEVER_COPIED.has(name) || name.startsWith("cf-")) return;
  const value = readViewerHeader(viewer, name);
  if (value !== null) headers.set(name, value);
}

function joinField(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

function loopToken(distributionId: string): string {
  return `${PSEUDONYM}-${distributionId.toLowerCase()}`;
}
