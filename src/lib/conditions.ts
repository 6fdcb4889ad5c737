import type { HeaderFields } from "./header-fields.ts";
import { parseHttpDate } from "./http-date.ts";

/**
 * Conditional requests: RFC 9110 section 13, with the order of section 13.2.2, which is also what S3
 * documents for its pairs of headers (If-Match that holds beats If-Unmodified-Since that does not;
 * If-None-Match that does not hold beats If-Modified-Since that does).
 */

/** Conditions of a read, or on the source of a copy. */
export interface ReadConditions {
  /** ETags without quotes; `*` for any. Present and empty when nothing sent can match. */
  readonly ifMatch?: readonly string[];
  readonly ifNoneMatch?: readonly string[];
  /** Milliseconds since the epoch, whole seconds. */
  readonly ifModifiedSince?: number;
  readonly ifUnmodifiedSince?: number;
}

/** Conditions on a write or delete, decided inside the transaction that commits it. */
export interface WriteConditions {
  /** ETags without quotes; `*` for any existing object. */
  readonly ifMatch?: readonly string[];
  /** ETags without quotes; `*` for "must not exist". */
  readonly ifNoneMatch?: readonly string[];
  /** Conditional deletes only: seconds precision, milliseconds since the epoch. */
  readonly ifModifiedAt?: number;
  readonly ifSize?: number;
}

/** What conditions look at. */
export interface Validators {
  /** Without quotes. */
  readonly etag: string;
  /** Milliseconds since the epoch; only whole seconds count, since headers carry no more. */
  readonly modifiedAt: number;
}

/** Decides a GET or HEAD. For a copy source, "not-modified" is a failure as well: see `findFailedCondition`. */
export function evaluateRead(
  conditions: ReadConditions,
  current: Validators,
): "ok" | "not-modified" | "precondition-failed" {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const modifiedAt = toWholeSeconds(current.modifiedAt);
  if (ifMatch) {
    if (!matches(ifMatch, current.etag)) return "precondition-failed";
  } else if (ifUnmodifiedSince !== undefined && modifiedAt > ifUnmodifiedSince) {
    return "precondition-failed";
  }
  if (ifNoneMatch) {
    if (matches(ifNoneMatch, current.etag)) return "not-modified";
  } else if (ifModifiedSince !== undefined && modifiedAt <= ifModifiedSince) {
    return "not-modified";
  }
  return "ok";
}

/**
 * Whether a range may be answered with a part: If-Range names the object of which the client has another part,
 * by a strong ETag or by its exact time (RFC 9110 section 13.1.5).
 */
export function confirmsRange(ifRange: string | null, current: Validators): boolean {
  if (ifRange === null) return true;
  const date = parseHttpDate(ifRange);
  if (date !== undefined) return date === toWholeSeconds(current.modifiedAt);
  return parseEntityTags(ifRange).includes(current.etag);
}

/**
 * Decides on the source of a copy: a PUT cannot answer 304, so every condition that fails is a 412.
 * Answers the name of the one that failed, without its prefix; undefined when all hold.
 */
export function findFailedCondition(conditions: ReadConditions, source: Validators): string | undefined {
  switch (evaluateRead(conditions, source)) {
    case "ok":
      return undefined;
    case "precondition-failed":
      return conditions.ifMatch ? "If-Match" : "If-Unmodified-Since";
    case "not-modified":
      return conditions.ifNoneMatch ? "If-None-Match" : "If-Modified-Since";
  }
}

/**
 * Decides a write or delete against what is there now; `undefined` when nothing is, or a delete marker.
 * "no-such-key": a condition asks something of an object that does not exist; S3 answers 404 to a write
 * with If-Match then, while a delete may count it as done.
 */
export function evaluateWrite(
  conditions: WriteConditions,
  current: (Validators & { readonly size: number }) | undefined,
): "ok" | "precondition-failed" | "no-such-key" {
  const { ifMatch, ifNoneMatch, ifModifiedAt, ifSize } = conditions;
  if (!current) {
    return ifMatch || ifModifiedAt !== undefined || ifSize !== undefined ? "no-such-key" : "ok";
  }
  if (ifMatch && !matches(ifMatch, current.etag)) return "precondition-failed";
  if (ifNoneMatch && matches(ifNoneMatch, current.etag)) return "precondition-failed";
  if (ifModifiedAt !== undefined && ifModifiedAt !== toWholeSeconds(current.modifiedAt)) return "precondition-failed";
  if (ifSize !== undefined && ifSize !== current.size) return "precondition-failed";
  return "ok";
}

/**
 * Reads the four headers of a read, or with the prefix `x-amz-copy-source-` those on a copy's source.
 * Dates that are invalid or lie after `now` (milliseconds) are ignored, as S3 ignores them.
 */
export function readConditionHeaders(
  headers: HeaderFields,
  prefix: "" | "x-amz-copy-source-" | "x-amz-rename-source-" = "",
  now: number = Date.now(),
): ReadConditions {
  const ifMatch = headers.get(`${prefix}if-match`);
  const ifNoneMatch = headers.get(`${prefix}if-none-match`);
  const ifModifiedSince = parsePastDate(headers.get(`${prefix}if-modified-since`), now);
  const ifUnmodifiedSince = parsePastDate(headers.get(`${prefix}if-unmodified-since`), now);
  return {
    ...(ifMatch !== null && { ifMatch: parseEntityTags(ifMatch) }),
    ...(ifNoneMatch !== null && { ifNoneMatch: parseEntityTags(ifNoneMatch, "weak") }),
    ...(ifModifiedSince !== undefined && { ifModifiedSince }),
    ...(ifUnmodifiedSince !== undefined && { ifUnmodifiedSince }),
  };
}

/**
 * The ETags of a header, without quotes, for the comparison that the header asks for: If-Match compares
 * strongly, so a weak ETag matches nothing and is left out; If-None-Match compares weakly, so `W/` does
 * not matter (RFC 9110 sections 8.8.3.2, 13.1.1 and 13.1.2).
 */
export function parseEntityTags(header: string, comparison: "strong" | "weak" = "strong"): string[] {
  const etags = [];
  for (const [, weak, quoted, bare] of header.matchAll(ONE_ETAG)) {
    if (weak !== undefined && comparison === "strong") continue;
    etags.push(quoted ?? bare?.trimEnd() ?? "");
  }
  return etags;
}

/** An ETag in quotes, or, as S3 takes it too, whatever stands between commas. */
const ONE_ETAG = /\s*(W\/)?(?:"([^"]*)"|([^",\s][^",]*))/g;

function matches(etags: readonly string[], etag: string): boolean {
  return etags.includes(etag) || etags.includes("*");
}

function parsePastDate(header: string | null, now: number): number | undefined {
  const date = header === null ? undefined : parseHttpDate(header);
  return date !== undefined && date <= now ? date : undefined;
}

function toWholeSeconds(milliseconds: number): number {
  return milliseconds - (milliseconds % 1000);
}
