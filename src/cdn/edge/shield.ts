/**
 * Origin Shield: one more cache between the locations and an origin, so that what all of them lack is asked for once. The
 * shield runs this same engine, on a key of its own: what the location asks, conditions and ranges included, is to it what
 * a viewer asks.
 */
import { answerHere, type OriginAnswer } from "../origin/call-origin.ts";
import { OriginError } from "../origin/origin-request.ts";
import type { Behavior } from "./behavior.ts";
import { CONDITIONAL_HEADERS } from "./origin-headers.ts";
import type { Passage } from "./passage.ts";
import type { ViewerRequest } from "./viewer.ts";

/** What a location tells the shield beside method and headers. */
export interface ShieldQuestion {
  readonly distributionId: string;
  /** Of the location's snapshot: the shield must know of no fewer invalidations. */
  readonly revision: number;
  /** By which the behaviour was found: a function may have changed the path since. */
  readonly behavior: number;
  readonly viewer: Omit<ViewerRequest, "headers" | "body" | "method">;
}

/** Header of the question, and of an answer that says that the origin gave none. */
export const SHIELD_QUESTION = "x-verge-shield-question";
export const SHIELD_FAILURE = "x-verge-shield-failure";
/** Of an answer that Workers Cache, where it stands before the shield, must not keep. */
export const SHIELD_CACHING = "cloudflare-cdn-cache-control";

/** Whether a request is to go through the shield. */
export function usesShield({ behavior, isShield }: Passage, method: string): boolean {
  if (isShield || (method !== "GET" && method !== "HEAD")) return false;
  return usesOriginShield(behavior);
}

/** Whether a shield stands before the origins of a behaviour. */
export function usesOriginShield({ caches, origins }: Behavior): boolean {
  return caches && (origins[0]?.origin.OriginShield.Enabled ?? false);
}

/** @throws {OriginError} when the origin gave the shield no answer, or the shield cannot be reached. */
export async function askShield(
  { distribution, behavior, viewer, key, ports }: Passage,
  method: string,
  fields: readonly (readonly [name: string, value: string])[],
): Promise<OriginAnswer> {
  const headers = new Headers(viewer.headers);
  for (const name of CONDITIONAL_HEADERS) headers.delete(name);
  for (const [name, value] of fields) headers.set(name, value);
  const { requestId, startedAt, host, protocol, path, query, clientAddress, place, root } = viewer;
  const question: ShieldQuestion = {
    distributionId: distribution.id,
    revision: distribution.snapshot.revision,
    behavior: behavior.position,
    viewer: { requestId, startedAt, host, protocol, path, query, clientAddress, place, root },
  };
  headers.set(SHIELD_QUESTION, encodeURIComponent(JSON.stringify(question)));
  const { revision } = distribution.snapshot;
  const call = { distributionId: distribution.id, revision, key: key.text, method, headers };
  const response = await ports.callShield(call).catch((error: unknown) => {
    throw new OriginError(502, `The origin shield cannot be reached: ${String(error)}`);
  });
  const failure = Number(response.headers.get(SHIELD_FAILURE));
  if (!failure) return answerHere(withoutWord(response));
  const message = await response.text();
  throw new OriginError(failure === 504 ? 504 : failure === 503 ? 503 : 502, message);
}

/** What the shield tells the cache before it is nobody else's business. */
function withoutWord(response: Response): Response {
  if (!response.headers.has(SHIELD_CACHING)) return response;
  const { status, statusText, headers } = response;
  const copy = new Response(response.body, { status, statusText, headers, encodeBody: "manual" });
  copy.headers.delete(SHIELD_CACHING);
  return copy;
}
