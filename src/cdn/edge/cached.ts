import type { Directives } from "../engine/directives.ts";
import { requestDirectives } from "../engine/storability.ts";
import { responseStore } from "../store/response-store.ts";
import type { Variant } from "../store/variant.ts";
import { answerFromStore } from "./answer.ts";
import type { Draft } from "./draft.ts";
import { draftError } from "./error-page.ts";
import { answerOnError, fillFromOrigin, type Known } from "./fill.ts";
import { fillRange } from "./fill-range.ts";
import { awaitShared, describeFailure, type FlightOutcome, flights, type Land } from "./flights.ts";
import { type Found, findReusable } from "./lookup.ts";
import type { Passage } from "./passage.ts";
import { recentFailures } from "./recent-failures.ts";
import type { ViewerRequest } from "./viewer.ts";

/** With these a stored body may be sent in part, or not at all. */
const SELECTING_FIELDS = ["range", "if-none-match", "if-modified-since"];

/** Answers a request of a cached method: from memory without waiting, from the location, or by asking the origin. */
export function serveCached(passage: Passage): Draft | Promise<Draft> {
  const { behavior, key, viewer } = passage;
  const asked = behavior.honoursRequestDirectives ? requestDirectives(viewer.headers) : undefined;
  const now = Date.now();
  const held = responseStore.peek(key.text, now);
  const found = held && findReusable(passage, held, asked, now);
  const answer = found && answerFound(passage, found);
  if (!answer) return serveFromLocation(passage, asked, held);
  if (!(answer instanceof Promise)) return answer;
  return answer.then((draft) => draft ?? serveLost(passage));
}

async function serveFromLocation(
  passage: Passage,
  asked: Directives | undefined,
  held: readonly Variant[] | undefined,
): Promise<Draft> {
  const { key, viewer } = passage;
  const variants = held ?? (await responseStore.read(key.text, wantsWholeBody(viewer)));
  const found = findReusable(passage, variants, asked, Date.now());
  const isSent = found.reuse.kind === "fresh" && found.selected?.unread !== undefined;
  if (!isSent && !(await responseStore.keep(key.text, variants))) return serveLost(passage);
  const answer = answerFound(passage, found);
  if (answer) return (await answer) ?? serveLost(passage);
  if (asked?.has("only-if-cached")) return draftError(504, "The response is not in the cache.");
  return serveFromOrigin(passage, found, asked);
}

/** Whether a fresh response is sent as it is stored: no 304, no range, no head alone. */
function wantsWholeBody({ method, headers }: ViewerRequest): boolean {
  return method === "GET" && !SELECTING_FIELDS.some((name) => headers.has(name));
}

/** The stored response, where it may be used; undefined where the origin has to be asked. */
function answerFound(
  passage: Passage,
  { variants, selected, reuse }: Found,
): Draft | Promise<Draft | undefined> | undefined {
  if (!selected || reuse.kind === "validate") return undefined;
  const ttl = Math.floor(selected.stored.freshness.lifetime - reuse.age);
  if (reuse.kind === "stale" && reuse.refresh) refreshInBackground(passage, { variants, selected, reason: "stale" });
  return answerFromStore(passage, selected, { result: "Hit", cacheStatus: `hit; ttl=${ttl}`, age: reuse.age });
}

/** The location has lost a body that its index knows. */
async function serveLost(passage: Passage): Promise<Draft> {
  await responseStore.remove(passage.key.text);
  return fillFromOrigin(passage, { variants: [], selected: undefined, reason: "uri-miss" }, () => undefined);
}

/** Asks the origin, or waits for another request that does. */
async function serveFromOrigin(passage: Passage, found: Found, asked: Directives | undefined): Promise<Draft> {
  const { key, viewer, ports } = passage;
  const failure = recentFailures.find(passage, found.selected, Date.now());
  if (failure) return serveFailed(passage, found, failure.status);
  const range = viewer.method === "GET" && !found.selected ? viewer.headers.get("range") : null;
  const fill = (land: Land) =>
    range === null ? fillFromOrigin(passage, knownOf(found, asked), land) : fillRange(passage, found.variants, land);
  // A HEAD brings no body that others could wait for.
  if (viewer.method !== "GET") return fill(recentFailures.watching(passage, () => undefined));
  const name = range === null ? key.text : `${key.text}\nrange:${range}`;
  const shared = flights.find(name);
  if (shared) return (await serveShared(passage, found, shared)) ?? fill(() => undefined);
  const land = recentFailures.watching(passage, flights.begin(name));
  const work = fill(land);
  // It goes on for those who wait, should this viewer leave; and they hear of whatever ends it.
  ports.defer(work.catch((error: unknown) => land(describeFailure(error))));
  return work;
}

/** The origin has failed a moment ago, and is not asked. */
async function serveFailed(passage: Passage, { selected }: Found, status: number): Promise<Draft> {
  const stale = await answerOnError(passage, selected, "hit");
  return stale ?? draftError(status, "The origin failed a moment ago, and is not asked again yet.");
}

/** What another request's exchange brings for this one; undefined where it has to ask for itself. */
async function serveShared(
  passage: Passage,
  { selected }: Found,
  shared: Promise<FlightOutcome>,
): Promise<Draft | undefined> {
  const outcome = await awaitShared(shared);
  if (outcome?.kind === "stored") return serveCollapsed(passage);
  if (outcome?.kind !== "failed") return undefined;
  const stale = await answerOnError(passage, selected, "fwd=stale; collapsed");
  return stale ?? draftError(outcome.status, "The origin does not answer.", "fwd=uri-miss; collapsed");
}

/** What another request has stored meanwhile; undefined where it is not for this one. */
async function serveCollapsed(passage: Passage): Promise<Draft | undefined> {
  const { key } = passage;
  const now = Date.now();
  const variants = responseStore.peek(key.text, now) ?? (await responseStore.read(key.text, false));
  const { selected, reuse } = findReusable(passage, variants, undefined, now);
  if (!selected || reuse.kind === "validate") return undefined;
  return answerFromStore(passage, selected, { result: "Hit", cacheStatus: "fwd=uri-miss; collapsed", age: reuse.age });
}

/** Validates a stale response for those who come later. */
function refreshInBackground(passage: Passage, known: Known): void {
  const { key, viewer, ports } = passage;
  if (flights.find(key.text) || recentFailures.find(passage, known.selected, Date.now())) return;
  const headers = new Headers(viewer.headers);
  for (const name of ["range", "if-range", "if-none-match", "if-modified-since"]) headers.delete(name);
  const background = { ...passage, viewer: { ...viewer, method: "GET", headers, body: null } };
  const refresh = async (land: Land) => {
    const { body } = await fillFromOrigin(background, known, land);
    if (body instanceof ReadableStream) await body.cancel();
  };
  const land = recentFailures.watching(passage, flights.begin(key.text));
  ports.defer(refresh(land).catch((error: unknown) => land(describeFailure(error))));
}

function knownOf({ variants, selected }: Found, asked: Directives | undefined): Known {
  if (selected) return { variants, selected, reason: asked && asked.size > 0 ? "request" : "stale" };
  return { variants, selected, reason: variants.length > 0 ? "vary-miss" : "uri-miss" };
}
