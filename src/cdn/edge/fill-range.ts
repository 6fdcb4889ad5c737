import { parseContentRange, parseRanges, type ByteSpan } from "../engine/ranges.ts";
import { SLICE_BYTES } from "../engine/stored-response.ts";
import type { OriginAnswer } from "../origin/call-origin.ts";
import { OriginError } from "../origin/origin-request.ts";
import { BodyRecorder, putSlice } from "../store/body-recorder.ts";
import type { Variant } from "../store/variant.ts";
import { answerFromStore } from "./answer.ts";
import { askOrigin } from "./ask-origin.ts";
import type { Draft } from "./draft.ts";
import { draftBrokenOff, draftFailure } from "./error-page.ts";
import { describeFailure, type Land } from "./flights.ts";
import { draftUnstored, draftWhileStoring, keepVariant, lengthOf } from "./origin-answer.ts";
import type { Passage } from "./passage.ts";
import { askForSpan, readExactly, strongValidator } from "./slices.ts";
import { planStoring } from "./storing.ts";

/** A part that comes as it was asked for is stored up to this size. */
const MAX_PART_BYTES = SLICE_BYTES;

/**
 * Answers a range of something of which nothing is stored. One bounded or open range is asked for by whole slices,
 * which stay for whoever seeks next; the rest goes to the origin as it is.
 */
export async function fillRange(passage: Passage, variants: readonly Variant[], land: Land): Promise<Draft> {
  const slice = firstSlice(passage);
  const requestedAt = Date.now();
  try {
    const answer = slice ? await askForSpan(passage, slice) : await askAsViewer(passage);
    const exchange = { requestedAt, receivedAt: Date.now() };
    return await answerRange({ passage, variants, slice, answer, exchange, land });
  } catch (error) {
    land(describeFailure(error));
    if (!(error instanceof OriginError)) throw error;
    return draftFailure(error, "uri-miss", Date.now() - requestedAt);
  }
}

interface RangeAnswer {
  readonly passage: Passage;
  readonly variants: readonly Variant[];
  /** What was asked for; undefined when it was the viewer's own Range. */
  readonly slice: ByteSpan | undefined;
  readonly answer: OriginAnswer;
  readonly exchange: { readonly requestedAt: number; readonly receivedAt: number };
  readonly land: Land;
}

async function answerRange(ranged: RangeAnswer): Promise<Draft> {
  const { passage, variants, slice, answer, exchange, land } = ranged;
  const { response } = answer;
  const received = { answer, reason: "uri-miss", originMs: exchange.receivedAt - exchange.requestedAt };
  const plan = planStoring(passage, "GET", response, exchange);
  if (response.status !== 206) {
    // The origin knows no ranges, and neither does the viewer's answer while it is being stored.
    if (plan && response.status === 200) return draftWhileStoring(passage, received, plan, variants, land);
    land({ kind: "uncacheable" });
    return draftUnstored(passage, received);
  }
  const sent = parseContentRange(response.headers.get("content-range"));
  if (slice && sent && plan && isSlice(slice, sent) && strongValidator(response.headers) !== null) {
    return answerFromSlice(ranged, sent, plan);
  }
  if (slice && !(sent && coversViewer(passage, sent))) return askAgain(ranged);
  const length = lengthOf(response);
  if (!sent || !plan || length === undefined || length > MAX_PART_BYTES || plan.freshness.lifetime <= 0) {
    // What was asked for is a slice, and the viewer wants less than that.
    if (slice) return askAgain(ranged);
    land({ kind: "uncacheable" });
    return draftUnstored(passage, received);
  }
  if (!slice) return draftWhileStoring(passage, received, { ...plan, part: sent }, variants, land);
  const bytes = await readExactly(response, length, () => answer.watch.touch());
  answer.watch.end();
  const recorder = new BodyRecorder(plan.bodyId, length);
  await recorder.write(bytes);
  const variant = keepVariant(passage, variants, { ...plan, part: sent }, await recorder.finish(), land);
  const fromStore = variant && (await answerFromStore(passage, variant, describe(ranged)));
  return fromStore ?? draftBrokenOff("uri-miss", response.status);
}

/** The first slice is here, and with it the size of the whole: what is left comes when it is wanted. */
async function answerFromSlice(
  ranged: RangeAnswer,
  sent: ByteSpan & { readonly total: number },
  plan: Parameters<typeof keepVariant>[2],
): Promise<Draft> {
  const { passage, variants, answer, land } = ranged;
  const bytes = await readExactly(answer.response, sent.last - sent.first + 1, () => answer.watch.touch());
  answer.watch.end();
  const fields = plan.fields.filter(([name]) => name !== "content-range" && name !== "content-length");
  const whole = { ...plan, status: 200, statusText: "OK", fields };
  const isWhole = sent.first === 0 && sent.last === sent.total - 1;
  const recorder = new BodyRecorder(plan.bodyId, sent.total);
  if (isWhole) await recorder.write(bytes);
  else await putSlice(plan.bodyId, sent.first / SLICE_BYTES, bytes);
  const body = isWhole ? await recorder.finish() : ({ form: "sliced", length: sent.total } as const);
  const variant = keepVariant(passage, variants, whole, body, land);
  const known = new Map([[Math.floor(sent.first / SLICE_BYTES), bytes]]);
  const draft = variant && (await answerFromStore(passage, variant, describe(ranged), known));
  return draft ?? draftBrokenOff("uri-miss", answer.response.status);
}

/** The viewer's own range, for what cannot be stored by slices. */
async function askAgain({ passage, answer, land }: RangeAnswer): Promise<Draft> {
  await answer.watch.giveUp(answer.response);
  land({ kind: "uncacheable" });
  const requestedAt = Date.now();
  const own = await askAsViewer(passage);
  return draftUnstored(passage, { answer: own, reason: "uri-miss", originMs: Date.now() - requestedAt });
}

function askAsViewer(passage: Passage): Promise<OriginAnswer> {
  const { headers } = passage.viewer;
  const fields = ["range", "if-range"].flatMap((name): [string, string][] => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return askOrigin(passage, { method: "GET", fields });
}

/** The slice in which a single range begins; undefined for ranges that count from the end, and for several. */
function firstSlice({ viewer }: Passage): ByteSpan | undefined {
  const [range, second] = parseRanges(viewer.headers.get("range")) ?? [];
  if (!range || second || "suffix" in range || viewer.headers.has("if-range")) return undefined;
  const first = range.first - (range.first % SLICE_BYTES);
  return { first, last: first + SLICE_BYTES - 1 };
}

function isSlice(asked: ByteSpan, sent: ByteSpan & { readonly total: number }): boolean {
  return sent.first === asked.first && sent.last === Math.min(asked.last, sent.total - 1);
}

function coversViewer({ viewer }: Passage, sent: ByteSpan & { readonly total: number }): boolean {
  const [range] = parseRanges(viewer.headers.get("range")) ?? [];
  if (!range || "suffix" in range) return false;
  return range.first >= sent.first && Math.min(range.last ?? sent.total - 1, sent.total - 1) <= sent.last;
}

function describe({ answer, exchange }: RangeAnswer) {
  return {
    result: "Miss" as const,
    cacheStatus: `fwd=uri-miss; fwd-status=${answer.response.status}; stored`,
    age: 0,
    originMs: exchange.receivedAt - exchange.requestedAt,
  };
}
