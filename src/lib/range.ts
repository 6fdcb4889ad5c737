/**
 * The Range header (RFC 9110 section 14.2), as S3 reads it: one range of bytes, and whatever else is
 * sent counts as if the header were absent. Parsing and resolving are two steps, because the Worker
 * knows the header and only the index knows the size; range-parser needs both at once.
 */

/** A byte range as asked for (RFC 9110 section 14.1.2): from `first`, or the last `suffix` bytes. */
export type RangeSpec = { readonly first: number; readonly last?: number } | { readonly suffix: number };

/** The resolved range. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

const ONE_RANGE = /^\s*bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i;

/**
 * Reads a Range header. Undefined where S3 ignores it and answers with the whole object: another unit,
 * several ranges, a last position before the first, or no valid syntax at all.
 */
export function parseRange(header: string | null | undefined): RangeSpec | undefined {
  const match = header ? ONE_RANGE.exec(header) : null;
  if (!match) return undefined;
  const [, first, last] = match;
  if (first) return parseFromFirst(toPosition(first), last);
  return last ? { suffix: toPosition(last) } : undefined;
}

/**
 * The bytes that a range means in `size` bytes; undefined when there are none (416 InvalidRange).
 * An empty object satisfies no range: not even a suffix could be described by Content-Range.
 */
export function resolveRange(spec: RangeSpec, size: number): Span | undefined {
  if ("suffix" in spec) {
    const length = Math.min(spec.suffix, size);
    return length > 0 ? { offset: size - length, length } : undefined;
  }
  if (spec.first >= size) return undefined;
  const last = Math.min(spec.last ?? size - 1, size - 1);
  return { offset: spec.first, length: last - spec.first + 1 };
}

/** Content-Range of a 206 answer. */
export function formatContentRange(span: Span, size: number): string {
  return `bytes ${span.offset}-${span.offset + span.length - 1}/${size}`;
}

function parseFromFirst(first: number, lastDigits: string | undefined): RangeSpec | undefined {
  if (!lastDigits) return { first };
  const last = toPosition(lastDigits);
  return last < first ? undefined : { first, last };
}

/** Positions beyond what a number can hold exactly lie beyond every object. */
function toPosition(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
