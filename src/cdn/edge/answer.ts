import { type ByteRange, type ByteSpan, formatContentRange, parseRanges, resolveRanges } from "../engine/ranges.ts";
import { allowsRange, isNotModified } from "../engine/validation.ts";
import { responseStore } from "../store/response-store.ts";
import type { Body, Variant } from "../store/variant.ts";
import { type CacheResult, type Draft, hasBody } from "./draft.ts";
import { openMultipart } from "./multipart.ts";
import type { Passage } from "./passage.ts";
import { type KnownSlices, openSlices } from "./slices.ts";

/** How an answer from the store came about. */
export interface Provenance {
  readonly result: CacheResult;
  readonly cacheStatus: string;
  /** Seconds; undefined where the origin has confirmed it this moment. */
  readonly age: number;
  readonly originMs?: number;
}

/** Of a response without a body, or with another one. */
const BODY_FIELDS = ["content-length", "content-range"];
/** A 304 says nothing of the body (RFC 9110 section 15.4.5). */
const OMITTED_FROM_304 = ["content-length", "content-range", "content-encoding", "content-type"];

/**
 * Answers from a stored response: conditions, then ranges, then its body. Undefined when the location has lost the
 * body, which makes it a miss. Without a promise where everything is at hand.
 */
export function answerFromStore(
  passage: Passage,
  variant: Variant,
  provenance: Provenance,
  known?: KnownSlices,
): Draft | Promise<Draft | undefined> {
  const { viewer } = passage;
  const { status, statusText, form, length } = variant.stored;
  // A variant that is not in memory is this answer's alone.
  const headers = variant.unread ? variant.headers : new Headers(variant.headers);
  headers.set("age", String(Math.max(0, Math.floor(provenance.age))));
  const { age: _age, ...told } = provenance;
  const draft: Draft = { ...told, status, statusText, headers, body: null };
  if (status === 200 && isNotModified(viewer.headers, variant.headers)) {
    for (const name of OMITTED_FROM_304) headers.delete(name);
    return { ...draft, status: 304, statusText: "" };
  }
  if (form !== "none" && !variant.stored.part) headers.set("content-length", String(length));
  if (!hasBody(viewer.method, status) || form === "none") return draft;
  const ranges = requestedRanges(passage, variant);
  const open: OpenSpan = (span) => openSpan(passage, variant, span, known);
  if (ranges) return answerRanges(passage, variant, draft, ranges, open);
  const body = variant.takeBody();
  if (body) return { ...draft, body };
  return withBody(draft, open({ first: 0, last: length - 1 }), length);
}

/** The ranges that a viewer asks of a stored response, where they are to be heeded. */
function requestedRanges({ viewer }: Passage, variant: Variant): readonly ByteRange[] | undefined {
  const header = viewer.method === "GET" ? viewer.headers.get("range") : null;
  if (header === null || (variant.stored.status !== 200 && !variant.stored.part)) return undefined;
  return allowsRange(viewer.headers.get("if-range"), variant.headers) ? parseRanges(header) : undefined;
}

function answerRanges(
  passage: Passage,
  variant: Variant,
  draft: Draft,
  ranges: readonly ByteRange[],
  open: OpenSpan,
): Draft | Promise<Draft | undefined> {
  const { part, length } = variant.stored;
  if (part) return answerFromPart(variant, draft, ranges[0]!, open);
  const spans = resolveRanges(ranges, length);
  if (!spans) return withBody(draft, open({ first: 0, last: length - 1 }), length);
  const [span, ...more] = spans;
  if (!span) return refuseRange(draft, length);
  if (more.length > 0) {
    const type = draft.headers.get("content-type");
    const multipart = openMultipart(spans, length, type, open, (work) => passage.ports.defer(work));
    draft.headers.set("content-type", multipart.contentType);
    return withBody({ ...draft, status: 206, statusText: "" }, multipart.body, multipart.length);
  }
  draft.headers.set("content-range", formatContentRange(span, length));
  return withBody({ ...draft, status: 206, statusText: "" }, open(span), span.last - span.first + 1);
}

/** A range within a stored part; `coversRange` has found that it is. */
function answerFromPart(variant: Variant, draft: Draft, range: ByteRange, open: OpenSpan): Promise<Draft | undefined> {
  const { first, total } = variant.stored.part!;
  const span = spanInPart(variant, range);
  if (!span) return Promise.resolve(undefined);
  const whole = { first: span.first + first, last: span.last + first };
  draft.headers.set("content-range", formatContentRange(whole, total));
  return withBody(draft, open(span), span.last - span.first + 1);
}

function refuseRange(draft: Draft, length: number): Draft {
  const headers = new Headers({ "content-range": `bytes */${length}` });
  return { ...draft, status: 416, statusText: "", headers };
}

/** Whether a stored part has all that a request asks for. */
export function coversRange(variant: Variant, rangeHeader: string | null): boolean {
  const ranges = parseRanges(rangeHeader);
  return ranges?.length === 1 && spanInPart(variant, ranges[0]!) !== undefined;
}

/** Positions within the body of a part; undefined when the range goes beyond it. */
function spanInPart(variant: Variant, range: ByteRange): ByteSpan | undefined {
  const { part, length } = variant.stored;
  if (!part) return undefined;
  const { first, last, total } = part;
  const reachesEnd = last === total - 1;
  if ("suffix" in range) {
    const fits = reachesEnd && range.suffix > 0 && range.suffix <= length;
    return fits ? { first: length - range.suffix, last: length - 1 } : undefined;
  }
  const end = Math.min(range.last ?? total - 1, total - 1);
  const from = range.first - first;
  return from < 0 || from >= length || end > last
    ? undefined
    : { first: from, last: Math.min(end - first, length - 1) };
}

type OpenSpan = (span: ByteSpan) => Promise<Body | undefined>;

async function openSpan(
  passage: Passage,
  variant: Variant,
  span: ByteSpan,
  known: KnownSlices | undefined,
): Promise<Body | undefined> {
  if (variant.stored.form === "sliced") return openSlices(passage, variant, span, known);
  return responseStore.openBody(passage.key.text, variant, span);
}

async function withBody(
  draft: Draft,
  opening: Body | Promise<Body | undefined>,
  length: number,
): Promise<Draft | undefined> {
  const body = await opening;
  if (!body) return undefined;
  for (const name of BODY_FIELDS) if (name !== "content-range" || draft.status !== 206) draft.headers.delete(name);
  draft.headers.set("content-length", String(length));
  return { ...draft, body };
}
