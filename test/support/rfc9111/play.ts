import { requestDirectives, isStorable } from "../../../src/cdn/engine/storability.ts";
import { computeFreshness, currentAge } from "../../../src/cdn/engine/freshness.ts";
import { decideReuse, mayServeOnError } from "../../../src/cdn/engine/reuse.ts";
import { isNotModified } from "../../../src/cdn/engine/validation.ts";
import { selectingHeaders, selects } from "../../../src/cdn/engine/vary.ts";
import type { Conduct, Scene } from "./model.ts";

/** The decisions of the engine, so that a fault can be put in the place of one. */
export const ENGINE = {
  isStorable,
  computeFreshness,
  currentAge,
  decideReuse,
  mayServeOnError,
  isNotModified,
  selectingHeaders,
  selects,
  requestDirectives,
};

export type Engine = typeof ENGINE;

/** What a cache of these decisions does in a scene: as it is, and then with an origin that fails. */
export function play(engine: Engine, scene: Scene): Conduct[] {
  const { method, status, requestedAt, receivedAt, laterAt, heuristic, heedsRequests } = scene;
  const [request, headers, later] = [new Headers(scene.request), new Headers(scene.response), new Headers(scene.later)];
  const exchange = { requestedAt, receivedAt };
  const ttl = { minimum: 0, fallback: 0, maximum: Infinity, errors: new Map<number, number>(), heuristic };
  const freshness = engine.computeFreshness(status, headers, exchange, ttl);
  const stored =
    method === "GET" &&
    status !== 206 &&
    engine.isStorable({
      method,
      url: new URL("http://example.com/"),
      requestHeaders: request,
      status,
      headers,
      lifetime: freshness.lifetime,
      honoursRequestDirectives: heedsRequests,
    });
  const selecting = engine.selectingHeaders(headers.get("vary"), (name) => request.get(name));
  const isRead = scene.laterMethod === "GET" || scene.laterMethod === "HEAD";
  if (!stored || !isRead || !engine.selects(selecting, null, (name) => later.get(name)))
    return [{ kind: "asked-origin" }];
  const times = { ...exchange, freshness };
  const notModified = status === 200 && engine.isNotModified(later, headers);
  const reuse = engine.decideReuse(
    times,
    laterAt,
    undefined,
    heedsRequests ? engine.requestDirectives(later) : undefined,
  );
  if (reuse.kind !== "validate") return [{ kind: "reused", age: reuse.age, notModified, onError: false }];
  const asked: Conduct = { kind: "asked-origin" };
  if (!engine.mayServeOnError(times, laterAt, undefined)) return [asked];
  return [asked, { kind: "reused", age: engine.currentAge(freshness, exchange, laterAt), notModified, onError: true }];
}
