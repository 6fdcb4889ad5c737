import { EdgeFunctionError } from "./ports.ts";

/** "Restrictions on edge functions: disallowed headers". */
const DISALLOWED: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "trailer",
  "upgrade",
  "x-accel-buffering",
  "x-accel-charset",
  "x-accel-limit-rate",
  "x-accel-redirect",
  "x-amzn-auth",
  "x-amzn-cf-billing",
  "x-amzn-cf-id",
  "x-amzn-cf-xff",
  "x-amzn-errortype",
  "x-amzn-fle-profile",
  "x-amzn-header-count",
  "x-amzn-header-order",
  "x-amzn-lambda-integration-tag",
  "x-amzn-requestid",
  "x-cache",
  "x-forwarded-proto",
  "x-real-ip",
]);
const DISALLOWED_PREFIXES = /^x-(?:amz-cf|edge)-/;

/** "Read-only headers": functions see them and may return them, as they are. */
const READ_ONLY = {
  "viewer-request": new Set(["content-length", "host", "transfer-encoding", "via"]),
  "origin-request": new Set([
    "accept-encoding",
    "content-length",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "transfer-encoding",
    "via",
  ]),
  "origin-response": new Set(["transfer-encoding", "via"]),
  "viewer-response": new Set(["transfer-encoding", "warning", "via"]),
} as const;

/**
 * Not heard, but no error: the platform knows how long a body is, and CDN-Loop is how this product finds loops. A
 * body's coding goes with the body.
 */
const UNHEARD = {
  "viewer-request": new Set(["cdn-loop"]),
  "origin-request": new Set(["cdn-loop"]),
  "origin-response": new Set<string>(),
  "viewer-response": new Set(["content-encoding", "content-length"]),
} as const;

export type EdgeEvent = keyof typeof READ_ONLY;

/** Whether a header is for CloudFront alone: functions neither see nor set it. */
export function isDisallowed(name: string): boolean {
  return DISALLOWED.has(name) || DISALLOWED_PREFIXES.test(name);
}

/**
 * The headers that a function has returned, with those that it may not change as they were.
 * @throws {EdgeFunctionError} where it has changed one of those, and for names and values that no header can have.
 */
export function mergeHeaders(
  event: EdgeEvent,
  before: Headers,
  returned: Iterable<readonly [name: string, value: string]>,
): Headers {
  const readOnly: ReadonlySet<string> = READ_ONLY[event];
  const unheard: ReadonlySet<string> = UNHEARD[event];
  const merged = new Headers();
  for (const [name, value] of before) {
    if (readOnly.has(name) || unheard.has(name) || isDisallowed(name)) merged.append(name, value);
  }
  const claimed = new Headers();
  for (const [given, value] of returned) {
    const name = given.toLowerCase();
    if (unheard.has(name)) continue;
    if (readOnly.has(name)) append(claimed, given, value);
    else if (!isDisallowed(name)) append(merged, given, value);
    else if (!before.has(name)) throw invalid(`added the header ${given}, which functions may not set`);
  }
  for (const [name, value] of claimed) {
    if (before.get(name) !== value) throw invalid(`changed the header ${name}, which is read-only`);
  }
  return merged;
}

/**
 * Headers of an answer that a function has made.
 * @throws {EdgeFunctionError} as `mergeHeaders`.
 */
export function makeHeaders(returned: Iterable<readonly [name: string, value: string]>): Headers {
  const headers = new Headers();
  for (const [name, value] of returned) {
    if (isDisallowed(name.toLowerCase())) throw invalid(`added the header ${name}, which functions may not set`);
    // The platform knows how long a body is, and how it travels.
    if (/^(?:content-length|transfer-encoding|via)$/i.test(name)) continue;
    append(headers, name, value);
  }
  return headers;
}

function invalid(why: string): EdgeFunctionError {
  return new EdgeFunctionError(502, `The function ${why}.`);
}

function append(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    throw new EdgeFunctionError(502, `The function returned a header that cannot be: ${JSON.stringify(name)}.`);
  }
}
