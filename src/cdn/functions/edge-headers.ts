import { EdgeFunctionError } from "./ports.ts";

/** "Restrictions on edge functions: disallowed headers". */
const DISALLOWED =
  /^(?:connection|expect|keep-alive|proxy-.*|trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache.*|x-edge-.*|x-forwarded-proto|x-real-ip)$/;

/** "Read-only headers": what a function says of them is not heard, by the side on which it runs. */
const READ_ONLY = {
  "viewer-request": new Set(["cdn-loop", "content-length", "host", "transfer-encoding", "via"]),
  "origin-request": new Set([
    "accept-encoding",
    "cdn-loop",
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
  "viewer-response": new Set(["content-encoding", "content-length", "transfer-encoding", "warning", "via"]),
} as const;

export type EdgeEvent = keyof typeof READ_ONLY;

/** Whether a header is for CloudFront alone: functions neither see nor set it. */
export function isDisallowed(name: string): boolean {
  return DISALLOWED.test(name);
}

/**
 * The headers that a function has returned, with those that it may not change as they were.
 * @throws {EdgeFunctionError} for names and values that no header can have.
 */
export function mergeHeaders(
  event: EdgeEvent,
  before: Headers,
  returned: Iterable<readonly [name: string, value: string]>,
): Headers {
  const readOnly: ReadonlySet<string> = READ_ONLY[event];
  const merged = new Headers();
  for (const [name, value] of before) {
    if (readOnly.has(name) || isDisallowed(name)) merged.append(name, value);
  }
  for (const [given, value] of returned) {
    const name = given.toLowerCase();
    if (readOnly.has(name)) continue;
    if (isDisallowed(name)) {
      if (before.has(name)) continue;
      throw new EdgeFunctionError(502, `The function added the header ${given}, which functions may not set.`);
    }
    append(merged, given, value);
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
    if (isDisallowed(name.toLowerCase())) {
      throw new EdgeFunctionError(502, `The function added the header ${name}, which functions may not set.`);
    }
    // The platform knows how long a body is, and how it travels.
    if (/^(?:content-length|transfer-encoding|via)$/i.test(name)) continue;
    append(headers, name, value);
  }
  return headers;
}

function append(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    throw new EdgeFunctionError(502, `The function returned a header that cannot be: ${JSON.stringify(name)}.`);
  }
}
