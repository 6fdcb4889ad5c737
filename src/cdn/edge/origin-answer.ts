import { forwardableFields, storedFields } from "../engine/storability.ts";
import { isNotModified } from "../engine/validation.ts";
import type { OriginAnswer } from "../origin/call-origin.ts";
import { BodyRecorder, type RecordedBody } from "../store/body-recorder.ts";
import { INLINE_BODY_BYTES, responseStore } from "../store/response-store.ts";
import { Variant } from "../store/variant.ts";
import { answerFromStore } from "./answer.ts";
import { compressAnswer } from "./compress.ts";
import { type Draft, hasBody } from "./draft.ts";
import { draftBrokenOff } from "./error-page.ts";
import type { Land } from "./flights.ts";
import type { Passage } from "./passage.ts";
import { pumpBody, storeBody, storeUnwatched } from "./pump.ts";
import type { StoringPlan } from "./storing.ts";

/** An answer of an origin, and why it was asked. */
export interface Received {
  readonly answer: OriginAnswer;
  /** Of Cache-Status: `uri-miss`, `vary-miss`, `stale`, … */
  readonly reason: string;
  /** Milliseconds. */
  readonly originMs: number;
}

/** An origin's answer for its viewer alone: nothing is stored. */
export async function draftUnstored(passage: Passage, received: Received): Promise<Draft> {
  const { viewer, ports } = passage;
  const { response, watch } = received.answer;
  const draft = draftHead(received, "");
  if (isRead(viewer.method) && response.status === 200 && isNotModified(viewer.headers, response.headers)) {
    await watch.giveUp(response);
    return asNotModified(draft);
  }
  if (!hasBody(viewer.method, response.status) || !response.body) {
    await watch.giveUp(response);
    return response.webSocket ? { ...draft, webSocket: response.webSocket } : draft;
  }
  const compressed = compressAnswer(passage, response);
  if (compressed) changeFields(draft.headers, compressed.fields);
  const length = compressed ? undefined : lengthOf(response);
  const { body, recorded } = pumpBody(received.answer, compressed?.body ?? response.body, length, undefined);
  ports.defer(recorded);
  return { ...draft, body };
}

/**
 * Stores an origin's answer while the viewer gets it.
 * @param others the variants of the key that stay
 */
export async function draftWhileStoring(
  passage: Passage,
  received: Received,
  plan: StoringPlan,
  others: readonly Variant[],
  land: Land,
): Promise<Draft> {
  const { viewer, ports } = passage;
  const { answer } = received;
  const { response, watch } = answer;
  const draft = draftHead(received, "; stored");
  const notModified = plan.status === 200 && isNotModified(viewer.headers, response.headers);
  const compressed = compressAnswer(passage, response);
  if (compressed) changeFields(draft.headers, compressed.fields);
  const kept = compressed ? { ...plan, fields: storedFields(draft.headers) } : plan;
  const keep = (body: RecordedBody | undefined) => keepVariant(passage, others, kept, body, land);
  const source = compressed?.body ?? response.body;
  if (!source || !hasBody("GET", plan.status)) {
    await watch.giveUp(response);
    keep({ form: "none", length: 0 });
    return draft;
  }
  const length = compressed ? undefined : lengthOf(response);
  const recorder = new BodyRecorder(plan.bodyId, length);
  if (notModified) {
    ports.defer(storeUnwatched(answer, source, recorder).then(keep));
    return asNotModified(draft);
  }
  if (length === undefined || length > INLINE_BODY_BYTES) {
    // Nobody knows when it ends, and who waits would have to ask all the same.
    if (plan.freshness.alwaysValidate && lengthOf(response) === undefined) land({ kind: "uncacheable" });
    const { body, recorded } = pumpBody(answer, source, length, recorder);
    ports.defer(recorded.then(keep));
    return { ...draft, body };
  }
  const storing = storeBody(answer, source, recorder).then(keep);
  ports.defer(storing);
  const variant = await storing;
  if (!variant?.bytes) return draftBrokenOff(received.reason, response.status);
  // A part comes as it was asked for.
  if (plan.part || !viewer.headers.has("range")) return { ...draft, body: variant.bytes };
  const { result, cacheStatus, originMs = 0 } = draft;
  return (await answerFromStore(passage, variant, { result, cacheStatus, age: 0, originMs })) ?? draft;
}

/** Puts a response whose body has been recorded into the index: in memory at once. */
export function keepVariant(
  passage: Passage,
  others: readonly Variant[],
  plan: StoringPlan,
  body: RecordedBody | undefined,
  land: Land,
): Variant | undefined {
  if (!body) {
    land({ kind: "uncacheable" });
    return undefined;
  }
  const variant = new Variant({ ...plan, form: body.form, length: body.length }, body.bytes);
  passage.ports.defer(responseStore.write(passage.key.text, [variant, ...others]));
  land({ kind: "stored" });
  return variant;
}

function asNotModified(draft: Draft): Draft {
  for (const name of ["content-length", "content-range", "content-encoding", "content-type"])
    draft.headers.delete(name);
  return { ...draft, status: 304, statusText: "", body: null };
}

/** Content-Length in bytes; undefined where it is absent, or not a number. */
export function lengthOf(response: Response): number | undefined {
  const length = response.headers.get("content-length");
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

function draftHead({ answer, reason, originMs }: Received, more: string): Draft {
  const { status, statusText, headers } = answer.response;
  return {
    status,
    statusText,
    headers: new Headers(forwardableFields(headers)),
    body: null,
    result: status >= 400 ? "Error" : "Miss",
    cacheStatus: `fwd=${reason}; fwd-status=${status}${more}`,
    originMs,
  };
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function changeFields(headers: Headers, fields: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
}
