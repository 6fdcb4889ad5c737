import { listFields, parseCacheControl, responseDirectives, splitList } from "./directives.ts";
import { hasExplicitLifetime, HEURISTIC_STATUSES } from "./freshness.ts";

export interface Storing {
  readonly method: string;
  /** The target, for responses that name another or the same one. */
  readonly url: URL;
  /** As sent to the origin: what was not sent cannot have shaped the answer. */
  readonly requestHeaders: Headers;
  readonly status: number;
  readonly headers: Headers;
  /** The lifetime that the behaviour's policy gives the response, in seconds. */
  readonly lifetime: number;
  /** Whether directives of the client's Cache-Control count. */
  readonly honoursRequestDirectives: boolean;
}

/** Fields of one connection, and what the platform adds on the way (RFC 9110 section 7.6.1; RFC 9111 section 3.1). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "cf-cache-status",
]);

/** Statuses whose meaning for caching is known here, for must-understand (RFC 9111 section 5.2.2.3). */
const UNDERSTOOD_STATUSES: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410,
  411, 412, 413, 414, 415, 416, 417, 421, 422, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505,
]);

/** Whether a shared cache may keep a complete response (RFC 9111 section 3), and the product's own caution. */
export function isStorable(storing: Storing): boolean {
  const { method, status, headers, requestHeaders } = storing;
  const { directives } = responseDirectives(headers);
  if (storing.honoursRequestDirectives && requestDirectives(requestHeaders).has("no-store")) return false;
  if (directives.has("no-store") && !(directives.has("must-understand") && UNDERSTOOD_STATUSES.has(status))) {
    return false;
  }
  if (directives.get("private") === true || status === 304 || status < 200) return false;
  if (splitList(headers.get("vary")).includes("*")) return false;
  const shared = directives.has("public") || directives.has("must-revalidate") || directives.has("s-maxage");
  if (requestHeaders.has("authorization") && !shared) return false;
  const explicit = hasExplicitLifetime(headers);
  // Nobody's cookie goes to others by a lifetime that the origin did not ask for.
  if (headers.has("set-cookie") && !explicit && !directives.has("public")) return false;
  if (method === "POST") return explicit && status === 200 && namesItself(storing);
  if (explicit || directives.has("public") || storing.lifetime > 0) return true;
  return HEURISTIC_STATUSES.has(status) && (headers.has("etag") || headers.has("last-modified"));
}

export function requestDirectives(headers: Headers): ReadonlyMap<string, string | true> {
  const directives = parseCacheControl(headers.get("cache-control"));
  // Pragma speaks for clients that know no Cache-Control (RFC 9111 section 5.4).
  if (headers.has("cache-control") || !/no-cache/i.test(headers.get("pragma") ?? "")) return directives;
  return new Map([["no-cache", true]]);
}

/** A POST may be stored for later GETs when its answer says that it is the representation of that very URL (RFC 9110 section 9.3.3). */
function namesItself({ headers, url }: Storing): boolean {
  const location = headers.get("content-location");
  return location !== null && URL.canParse(location, url.href) && new URL(location, url).href === url.href;
}

/** The fields of a response as they are kept. */
export function storedFields(headers: Headers): [string, string][] {
  const { directives } = responseDirectives(headers);
  const dropped = new Set([
    ...listFields(directives, "no-cache"),
    ...listFields(directives, "private"),
    ...splitList(headers.get("connection")).map((name) => name.toLowerCase()),
  ]);
  return [...headers].filter(([name]) => !CONNECTION_FIELDS.has(name) && !dropped.has(name));
}

/** The fields of a message that may go on to the next connection. */
export function forwardableFields(headers: Headers): [string, string][] {
  const named = new Set(splitList(headers.get("connection")).map((name) => name.toLowerCase()));
  return [...headers].filter(([name]) => !CONNECTION_FIELDS.has(name) && !named.has(name));
}
