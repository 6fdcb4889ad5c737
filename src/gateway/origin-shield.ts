import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { distributions } from "../cdn/edge/distributions.ts";
import { type Draft, renderDraft } from "../cdn/edge/draft.ts";
import { serveShield } from "../cdn/edge/serve.ts";
import { SHIELD_CACHING, SHIELD_FAILURE, SHIELD_QUESTION, type ShieldQuestion } from "../cdn/edge/shield.ts";
import { OriginError } from "../cdn/origin/origin-request.ts";
import type { Env } from "../env.ts";
import { createRequestIds } from "../lib/request-id.ts";
import { createCdnPorts } from "./cdn-ports.ts";
import { deploymentOf } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { OwnEntrypoints } from "./function-runtime.ts";

/** Of Cache-Status: from the store, or on its way into it. */
const SHARED = /^hit(?:;|$)|; stored(?:;|$)/;

/**
 * Where the locations of a distribution meet before its origin: an object for a share of its keys, which has no storage
 * of its own but the cache of where it runs.
 */
export class OriginShield extends DurableObject<Env> {
  override async fetch(request: Request): Promise<Response> {
    const { response } = await answerLocation(request, this.env, this.ctx);
    return response;
  }
}

/**
 * The same behind Workers Cache, which is tiered and collapses by itself: on Cloudflare alone, and where wrangler.toml enables
 * it for this entrypoint. It stores what the origin's headers allow; what the engine does not keep is not for it either.
 */
export class OriginShieldCache extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    const { response, isShared } = await answerLocation(request, this.env, this.ctx);
    if (!isShared) response.headers.set(SHIELD_CACHING, "no-store");
    return response;
  }
}

interface ShieldContext {
  readonly exports: unknown;
  waitUntil(work: Promise<unknown>): void;
}

interface ShieldAnswer {
  readonly response: Response;
  /** Whether the engine has it, and may give it to others. */
  readonly isShared: boolean;
}

async function answerLocation(request: Request, env: Env, context: ShieldContext): Promise<ShieldAnswer> {
  const headers = new Headers(request.headers);
  const question = JSON.parse(decodeURIComponent(headers.get(SHIELD_QUESTION) ?? "")) as ShieldQuestion;
  headers.delete(SHIELD_QUESTION);
  try {
    const draft = await draftAnswer(question, request.method, headers, env, context);
    const response = renderDraft(request.method === "HEAD" ? { ...draft, body: null } : draft);
    return { response, isShared: SHARED.test(draft.cacheStatus) };
  } catch (error) {
    if (!(error instanceof OriginError)) logFault(error, question.viewer.requestId, "OriginShield");
    const [status, message] =
      error instanceof OriginError ? [error.status, error.message] : [502, "The origin shield failed."];
    const response = new Response(message, { status: 200, headers: { [SHIELD_FAILURE]: String(status) } });
    return { response, isShared: false };
  }
}

async function draftAnswer(
  question: ShieldQuestion,
  method: string,
  headers: Headers,
  env: Env,
  context: ShieldContext,
): Promise<Draft> {
  const deployment = deploymentOf(env);
  const defer = (work: Promise<unknown>) => context.waitUntil(work.catch(() => undefined));
  const distribution = await distributions.findSince(env, question.distributionId, question.revision, defer);
  if (!distribution) throw new OriginError(502, "There is no such distribution any more.");
  const { viewer } = question;
  const incoming = {
    ...createRequestIds(),
    method,
    host: viewer.host,
    origin: `${viewer.protocol}://${viewer.host}`,
    rawPath: viewer.path,
    rawQuery: viewer.query,
    headers,
    body: null,
    clientAddress: viewer.clientAddress,
    witness: {},
  };
  const entrypoints = context.exports as OwnEntrypoints;
  const ports = createCdnPorts({ incoming, env, deployment, entrypoints, defer, onMatch: () => undefined });
  const asked = { ...viewer, method, headers, body: null };
  return serveShield(distribution, question.behavior, asked, { ports, domain: deployment.domain });
}
