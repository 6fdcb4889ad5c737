/**
 * Range and Content-Range as a cache reads them (RFC 9110 section 14): several ranges count, since they
 * can be answered from what is stored.
 */

/** From `first` to `last`, both included, or the last `suffix` bytes. */
export type ByteRange = { readonly first: number; readonly last?: number } | { readonly suffix: number };

/** Positions in the whole representation, both included. */
export interface ByteSpan {
  readonly first: number;
  readonly last: number;
}

/** More are not worth answering apart (RFC 9110 section 14.2 warns of many small ones). */
const MAX_RANGES = 32;
const UNIT = /^\s*bytes\s*=\s*(.*)$/i;
const SPEC = /^(\d{0,15})\s*-\s*(\d{0,15})$/;

/** Undefined where the header is to be ignored: another unit, no valid syntax, or too many. */
export function parseRanges(header: string | null): ByteRange[] | undefined {
  const list = header === null ? undefined : UNIT.exec(header)?.[1];
  if (!list) return undefined;
  const specs = list.split(",").map((spec) => SPEC.exec(spec.trim()));
  if (specs.length > MAX_RANGES) return undefined;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = spec && readSpec(spec[1] ?? "", spec[2] ?? "");
    if (!range) return undefined;
    ranges.push(range);
  }
  return ranges;
}

function readSpec(first: string, last: string): ByteRange | undefined {
  if (first === "") return last === "" ? undefined : { suffix: Number(last) };
  if (last === "") return { first: Number(first) };
  return Number(last) < Number(first) ? undefined : { first: Number(first), last: Number(last) };
}

/**
 * The spans that ranges mean in `size` bytes. Empty when none is satisfiable (416); undefined when they overlap so
 * much that they ask for more than everything, and the whole is the better answer.
 */
export function resolveRanges(ranges: readonly ByteRange[], size: number): ByteSpan[] | undefined {
  const spans = ranges.map((range) => resolveRange(range, size)).filter((span) => span !== undefined);
  const asked = spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return spans.length > 1 && asked > size ? undefined : spans;
}

function resolveRange(range: ByteRange, size: number): ByteSpan | undefined {
  if ("suffix" in range) {
    return range.suffix === 0 || size === 0 ? undefined : { first: Math.max(0, size - range.suffix), last: size - 1 };
  }
  if (range.first >= size) return undefined;
  return { first: range.first, last: Math.min(range.last ?? size - 1, size - 1) };
}

/** `bytes 0-99/1000`; undefined when it is anything else, or does not add up. */
export function parseContentRange(header: string | null): (ByteSpan & { readonly total: number }) | undefined {
  const match = /^\s*bytes\s+(\d{1,15})-(\d{1,15})\/(\d{1,15})\s*$/i.exec(header ?? "");
  if (!match) return undefined;
  const [first, last, total] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return first <= last && last < total ? { first, last, total } : undefined;
}

export function formatContentRange({ first, last }: ByteSpan, total: number): string {
  return `bytes ${first}-${last}/${total}`;
}
