import type { CdnPorts } from "../origin/origin-request.ts";
import { OriginError } from "../origin/origin-request.ts";
import type { Association } from "../functions/associations.ts";
import { EdgeFunctionError } from "../functions/ports.ts";
import { runViewerRequest, runViewerResponse } from "../functions/viewer-functions.ts";
import type { ProtectionVerdict } from "../protection/protect.ts";
import { askOrigin } from "./ask-origin.ts";
import type { Behavior } from "./behavior.ts";
import { buildCacheKey } from "./cache-key.ts";
import { serveCached } from "./cached.ts";
import type { CompiledDistribution } from "./compile.ts";
import type { Draft } from "./draft.ts";
import { draftError, draftFailure, draftFunctionError, draftSignatureError } from "./error-page.ts";
import { finishAnswer } from "./finish.ts";
import { flights } from "./flights.ts";
import { invalidateByMethod } from "./invalidate.ts";
import { draftUnstored, draftWhileStoring } from "./origin-answer.ts";
import { CONDITIONAL_HEADERS, isLoop } from "./origin-headers.ts";
import type { Passage } from "./passage.ts";
import { refuseViewer } from "./refuse.ts";
import { checkSignature, stripSignature } from "./signed-access.ts";
import { planStoring } from "./storing.ts";
import { isWebSocketHandshake, type ViewerRequest } from "./viewer.ts";

/** What serving needs of the deployment, for one request. */
export interface ServeContext {
  readonly ports: CdnPorts;
  /** Of the deployment. */
  readonly domain: string;
}

const EMPTY_BODY_METHODS = new Set(["GET", "HEAD"]);

/** Answers a request to a distribution. Without a promise where the answer is in memory. */
export function serveDistribution(
  distribution: CompiledDistribution,
  viewer: ViewerRequest,
  context: ServeContext,
): Response | Promise<Response> {
  const behavior = distribution.findBehavior(viewer.path);
  const finish = (draft: Draft) => finishAnswer(draft, behavior, viewer);
  const refused = refuseViewer(distribution, behavior, viewer);
  if (refused)
    return isPageable(refused) ? finishWithPage(refused, distribution, behavior, viewer, context) : finish(refused);
  if (!distribution.guard) return serveKnown(distribution, behavior, viewer, context);
  const follow = (verdict: ProtectionVerdict) =>
    verdict.kind === "answer" ? finish(verdict.draft) : serveKnown(distribution, behavior, verdict.viewer, context);
  const verdict = distribution.guard.judge(viewer, context.ports);
  return verdict instanceof Promise ? verdict.then(follow) : follow(verdict);
}

/** "Restrict the geographic distribution of your content": of what is refused, this alone may have a page of one's own. */
function isPageable({ detail }: Draft): boolean {
  return detail === "ClientGeoBlocked";
}

/** Viewers that nothing refuses: they may still need a signature. */
function serveKnown(
  distribution: CompiledDistribution,
  behavior: Behavior,
  viewer: ViewerRequest,
  context: ServeContext,
): Response | Promise<Response> {
  if (!behavior.trustedKeys) return serveAllowed(distribution, behavior, viewer, context);
  return checkSignature(behavior.trustedKeys, viewer, Date.now()).then((refusal) =>
    refusal === undefined
      ? serveAllowed(distribution, behavior, stripSignature(viewer), context)
      : finishWithPage(draftSignatureError(refusal), distribution, behavior, viewer, context),
  );
}

function serveAllowed(
  distribution: CompiledDistribution,
  behavior: Behavior,
  asked: ViewerRequest,
  context: ServeContext,
): Response | Promise<Response> {
  const association = behavior.functions?.["viewer-request"];
  return association
    ? serveThroughFunction(association, distribution, behavior, asked, context)
    : serveRequest(distribution, behavior, asked, context);
}

/** The function at viewer-request comes first: it may change the request, or answer it. */
async function serveThroughFunction(
  association: Association,
  distribution: CompiledDistribution,
  behavior: Behavior,
  asked: ViewerRequest,
  context: ServeContext,
): Promise<Response> {
  try {
    const { ports } = context;
    const verdict = await runViewerRequest(association, { distribution, behavior, viewer: asked, ports });
    return verdict.kind === "request"
      ? await serveRequest(distribution, behavior, verdict.viewer, context)
      : finishAnswer(verdict.draft, behavior, asked);
  } catch (error) {
    if (!(error instanceof EdgeFunctionError)) throw error;
    return finishWithPage(draftFunctionError(association.kind, error), distribution, behavior, asked, context);
  }
}

function serveRequest(
  distribution: CompiledDistribution,
  behavior: Behavior,
  asked: ViewerRequest,
  context: ServeContext,
): Response | Promise<Response> {
  const viewer = withRootObject(distribution, asked);
  if (isLoop(viewer, distribution.id)) {
    return finishAnswer(draftError(508, "The origin leads back to this distribution."), behavior, viewer);
  }
  const answer = serveBehavior(distribution, behavior, viewer, context);
  const finish = (draft: Draft) =>
    distribution.errorPages.has(draft.status)
      ? finishWithPage(draft, distribution, behavior, viewer, context)
      : deliver(draft, distribution, behavior, viewer, context);
  return answer instanceof Promise ? answer.then(finish) : finish(answer);
}

/** The function at viewer-response has the last word; CloudFront runs it for answers below 400. A connection is none. */
function deliver(
  draft: Draft,
  distribution: CompiledDistribution,
  behavior: Behavior,
  viewer: ViewerRequest,
  { ports }: ServeContext,
): Response | Promise<Response> {
  const association = behavior.functions?.["viewer-response"];
  if (!association || draft.status >= 400 || draft.webSocket) return finishAnswer(draft, behavior, viewer);
  return runViewerResponse(association, { distribution, behavior, viewer, ports }, draft).then(
    (changed) => finishAnswer(changed, behavior, viewer),
    async (error: unknown) => {
      if (!(error instanceof EdgeFunctionError)) throw error;
      if (draft.body instanceof ReadableStream) await draft.body.cancel();
      return finishAnswer(draftFunctionError(association.kind, error), behavior, viewer);
    },
  );
}

function serveBehavior(
  distribution: CompiledDistribution,
  behavior: Behavior,
  viewer: ViewerRequest,
  { ports, domain }: ServeContext,
): Draft | Promise<Draft> {
  const key = buildCacheKey(distribution.id, behavior, viewer, viewer.method);
  const passage: Passage = { distribution, behavior, viewer, key, ports, domain, isShield: false };
  const isCached =
    behavior.caches && behavior.cachedMethods.has(viewer.method) && EMPTY_BODY_METHODS.has(viewer.method);
  return isCached && !isWebSocketHandshake(viewer) ? serveCached(passage) : passThrough(passage);
}

/** Answers a location in place of the origin: from a key of the shield's own, and never through the shield again. */
export async function serveShield(
  distribution: CompiledDistribution,
  position: number,
  viewer: ViewerRequest,
  { ports, domain }: ServeContext,
): Promise<Draft> {
  const behavior = distribution.behaviorAt(position);
  const key = buildCacheKey(`shield/${distribution.id}`, behavior, viewer, viewer.method);
  const draft = await serveCached({ distribution, behavior, viewer, key, ports, domain, isShield: true });
  if (draft.reason === undefined) return draft;
  throw new OriginError(draft.status === 504 ? 504 : draft.status === 503 ? 503 : 502, draft.reason);
}

/** What is never answered from the store: conditions and ranges are the origin's business, and so are connections. */
async function passThrough(passage: Passage): Promise<Draft> {
  const { viewer, distribution, behavior } = passage;
  const upgrades = isWebSocketHandshake(viewer);
  const fields = CONDITIONAL_HEADERS.flatMap((name): [string, string][] => {
    const value = viewer.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  if (upgrades) fields.push(["upgrade", "websocket"]);
  const reason = behavior.caches && !upgrades ? "method" : "bypass";
  const requestedAt = Date.now();
  try {
    const answer = await askOrigin(passage, { method: viewer.method, fields, withBody: true });
    const { response } = answer;
    const exchange = { requestedAt, receivedAt: Date.now() };
    const received = { answer, reason, originMs: exchange.receivedAt - requestedAt };
    await invalidateByMethod(passage, response.status, response.headers);
    const plan = viewer.method === "POST" ? planStoring(passage, "POST", response, exchange) : undefined;
    if (!plan) return await draftUnstored(passage, received);
    const stored = buildCacheKey(distribution.id, behavior, viewer, "GET");
    return await draftWhileStoring({ ...passage, key: stored }, received, plan, [], flights.begin(stored.text));
  } catch (error) {
    if (!(error instanceof OriginError)) throw error;
    return draftFailure(error, reason, Date.now() - requestedAt);
  }
}

function withRootObject({ config }: CompiledDistribution, viewer: ViewerRequest): ViewerRequest {
  if (viewer.path !== "/" || config.DefaultRootObject === "") return viewer;
  return { ...viewer, path: `/${config.DefaultRootObject.replace(/^\//, "")}` };
}

/** The page that the distribution has for an error, from wherever its path leads; the plain error when that fails too. */
async function finishWithPage(
  draft: Draft,
  distribution: CompiledDistribution,
  behavior: Behavior,
  viewer: ViewerRequest,
  context: ServeContext,
): Promise<Response> {
  const page = distribution.errorPages.get(draft.status);
  if (!page) return finishAnswer(draft, behavior, viewer);
  const headers = new Headers(viewer.headers);
  for (const name of [...CONDITIONAL_HEADERS, "upgrade"]) headers.delete(name);
  const method = viewer.method === "HEAD" ? "HEAD" : "GET";
  const asked: ViewerRequest = { ...viewer, method, path: page.path, query: "", headers, body: null };
  const found = await serveBehavior(distribution, distribution.findBehavior(page.path), asked, context);
  if (found.status !== 200) {
    if (found.body instanceof ReadableStream) await found.body.cancel();
    return finishAnswer(draft, behavior, viewer);
  }
  if (draft.body instanceof ReadableStream) await draft.body.cancel();
  return finishAnswer({ ...found, status: page.status, statusText: "", result: "Error" }, behavior, viewer);
}
