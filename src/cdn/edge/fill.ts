import { computeFreshness, currentAge, type Exchange } from "../engine/freshness.ts";
import { mayServeOnError } from "../engine/reuse.ts";
import { storedFields } from "../engine/storability.ts";
import { freshenFields, isSameTag, validatingFields } from "../engine/validation.ts";
import { selectingHeaders } from "../engine/vary.ts";
import type { OriginAnswer } from "../origin/call-origin.ts";
import { OriginError } from "../origin/origin-request.ts";
import { responseStore } from "../store/response-store.ts";
import { Variant } from "../store/variant.ts";
import { answerFromStore } from "./answer.ts";
import { askOrigin } from "./ask-origin.ts";
import type { Draft } from "./draft.ts";
import { draftFailure } from "./error-page.ts";
import { describeFailure, type Land } from "./flights.ts";
import { draftUnstored, draftWhileStoring } from "./origin-answer.ts";
import { forwardedReader, type Passage } from "./passage.ts";
import { planStoring } from "./storing.ts";

/** What the store has of the key when the origin is asked. */
export interface Known {
  /** All variants of the key. */
  readonly variants: readonly Variant[];
  /** The one that the request selects, to be validated. */
  readonly selected: Variant | undefined;
  /** Why the origin is asked, as Cache-Status has it: `uri-miss`, `vary-miss`, `stale`, `request`, … */
  readonly reason: string;
}

const FAILURES = new Set([500, 502, 503, 504]);

/**
 * Asks the origin for a whole response: validates what is stored, or stores what comes, and answers meanwhile.
 * @param land is told how it ended, always
 */
export async function fillFromOrigin(passage: Passage, known: Known, land: Land): Promise<Draft> {
  const { viewer } = passage;
  const requestedAt = Date.now();
  let answer: OriginAnswer;
  try {
    answer = await askOrigin(passage, { method: viewer.method, fields: conditionsOf(viewer.method, known) });
  } catch (error) {
    land(describeFailure(error));
    if (!(error instanceof OriginError)) throw error;
    const failed = draftFailure(error, known.reason, Date.now() - requestedAt);
    const { cacheStatus, originMs } = failed;
    const covered = await answerOnError(passage, known.selected, cacheStatus || "hit");
    return covered ? { ...covered, ...(originMs !== undefined && { originMs }) } : failed;
  }
  const { response, watch } = answer;
  const exchange = { requestedAt, receivedAt: Date.now() };
  const originMs = exchange.receivedAt - requestedAt;
  const outcome = `fwd=${known.reason}; fwd-status=${response.status}`;
  const covered = FAILURES.has(response.status) && (await answerOnError(passage, known.selected, outcome));
  if (covered) {
    await watch.giveUp(response);
    land({ kind: "failed", status: response.status });
    return { ...covered, originMs };
  }
  const confirmed = findConfirmed(viewer.method, known, response);
  if (confirmed) return answerConfirmed(passage, known, confirmed, { answer, exchange, land });
  if (response.status === 304) {
    await watch.giveUp(response);
    // It answers conditions that are the cache's own, and names nothing that is stored.
    if (known.variants.length > 0) {
      return fillFromOrigin(passage, { variants: [], selected: undefined, reason: "miss" }, land);
    }
    const error = new OriginError(502, "The origin says that nothing has changed, to a request without conditions.");
    land(describeFailure(error));
    return draftFailure(error, known.reason, originMs);
  }
  const received = { answer, reason: known.reason, originMs };
  const others = known.variants.filter((variant) => variant !== known.selected);
  const plan = viewer.method === "GET" ? planStoring(passage, "GET", response, exchange) : undefined;
  if (plan && response.status !== 206) return draftWhileStoring(passage, received, plan, others, land);
  land({ kind: "uncacheable" });
  if (known.selected && response.status < 500) passage.ports.defer(replaceVariants(passage, others));
  return draftUnstored(passage, received);
}

/**
 * The stored response instead of an origin that fails; undefined where that is not allowed, or nothing is stored.
 * @param outcome what Cache-Status says of the origin
 */
export async function answerOnError(
  passage: Passage,
  variant: Variant | undefined,
  outcome: string,
): Promise<Draft | undefined> {
  if (!variant || !mayServeOnError(variant.stored, Date.now(), variant.purgedAt)) return undefined;
  return answerFromStore(passage, variant, {
    result: "Hit",
    cacheStatus: `${outcome}; detail=stale-if-error`,
    age: ageOf(variant),
  });
}

function ageOf({ stored }: Variant): number {
  return currentAge(stored.freshness, stored, Date.now());
}

/** The cache's own conditions: the viewer's are evaluated on what comes back. */
function conditionsOf(method: string, { variants, selected }: Known): [string, string][] {
  if (method !== "GET") return [];
  if (selected) return selected.stored.part ? [] : validatingFields(selected.headers);
  // Any of the variants may be the answer (RFC 9111 section 4.3.2).
  const tags = variants.flatMap(({ stored, headers }) => (stored.part ? [] : (headers.get("etag") ?? [])));
  return tags.length > 0 ? [["if-none-match", tags.join(", ")]] : [];
}

/** The stored response that an origin's answer confirms. */
function findConfirmed(method: string, { variants, selected }: Known, response: Response): Variant | undefined {
  if (method === "HEAD") return selected && describesStored(selected, response) ? selected : undefined;
  if (response.status !== 304) return undefined;
  if (selected && !selected.stored.part) return selected;
  const etag = response.headers.get("etag");
  return variants.find(({ headers, stored }) => !stored.part && isSameTag(headers.get("etag"), etag));
}

/** Whether the answer to a HEAD is about what is stored (RFC 9111 section 4.3.5). */
function describesStored({ stored, headers }: Variant, response: Response): boolean {
  if (response.status !== 200 || stored.status !== 200 || stored.part) return false;
  const agrees = (name: string) => !response.headers.has(name) || response.headers.get(name) === headers.get(name);
  const length = response.headers.get("content-length");
  return agrees("etag") && agrees("last-modified") && (!length || Number(length) === stored.length);
}

interface Confirmation {
  readonly answer: OriginAnswer;
  readonly exchange: Exchange;
  readonly land: Land;
}

async function answerConfirmed(
  passage: Passage,
  known: Known,
  confirmed: Variant,
  { answer, exchange, land }: Confirmation,
): Promise<Draft> {
  const { response, watch } = answer;
  const fresh = freshen(passage, known, confirmed, response, exchange);
  await watch.giveUp(response);
  const draft = await answerFromStore(passage, fresh, {
    result: "RefreshHit",
    cacheStatus: `fwd=${known.reason}; fwd-status=${response.status}; stored`,
    age: ageOf(fresh),
    originMs: exchange.receivedAt - exchange.requestedAt,
  });
  if (draft) {
    land({ kind: "stored" });
    return draft;
  }
  // The location has lost the body: a plain miss.
  await responseStore.remove(passage.key.text);
  return fillFromOrigin(passage, { variants: [], selected: undefined, reason: "uri-miss" }, land);
}

/** Brings the stored fields up to date. The index is rewritten, bodies stay. */
function freshen(passage: Passage, known: Known, confirmed: Variant, response: Response, exchange: Exchange): Variant {
  const { stored } = confirmed;
  const fields = freshenFields(stored.fields, storedFields(response.headers));
  const headers = new Headers(fields);
  const isSelected = confirmed === known.selected;
  const fresh = new Variant(
    {
      ...stored,
      requestedAt: exchange.requestedAt,
      receivedAt: exchange.receivedAt,
      fields,
      // Another variant's answer is this request's as well.
      selecting: isSelected ? stored.selecting : selectingHeaders(headers.get("vary"), forwardedReader(passage)),
      freshness: computeFreshness(stored.status, headers, exchange, passage.behavior.ttl),
      invalidation: passage.distribution.invalidations.latest,
    },
    confirmed.bytes,
  );
  const others = known.variants.filter((variant) => variant !== known.selected && variant !== confirmed);
  const kept = isSelected ? [fresh, ...others] : [fresh, confirmed, ...others];
  passage.ports.defer(responseStore.write(passage.key.text, kept));
  return fresh;
}

async function replaceVariants({ key }: Passage, variants: readonly Variant[]): Promise<void> {
  await (variants.length > 0 ? responseStore.write(key.text, variants) : responseStore.remove(key.text));
}
