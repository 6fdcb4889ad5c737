import { DurableObject } from "cloudflare:workers";
import { distributions } from "../cdn/edge/distributions.ts";
import { renderDraft } from "../cdn/edge/draft.ts";
import { serveShield } from "../cdn/edge/serve.ts";
import { SHIELD_FAILURE, SHIELD_QUESTION, type ShieldQuestion } from "../cdn/edge/shield.ts";
import { OriginError } from "../cdn/origin/origin-request.ts";
import type { Env } from "../env.ts";
import { createRequestIds } from "../lib/request-id.ts";
import { createCdnPorts } from "./cdn-ports.ts";
import { deploymentOf } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { OwnEntrypoints } from "./function-runtime.ts";

/**
 * Where the locations of a distribution meet before its origin: an object for a share of its keys, which has no storage
 * of its own but the cache of where it runs.
 */
export class OriginShield extends DurableObject<Env> {
  override async fetch(request: Request): Promise<Response> {
    const headers = new Headers(request.headers);
    const question = JSON.parse(decodeURIComponent(headers.get(SHIELD_QUESTION) ?? "")) as ShieldQuestion;
    headers.delete(SHIELD_QUESTION);
    try {
      return await this.#answer(question, request.method, headers);
    } catch (error) {
      if (!(error instanceof OriginError)) logFault(error, question.viewer.requestId, "OriginShield");
      const [status, message] =
        error instanceof OriginError ? [error.status, error.message] : [502, "The origin shield failed."];
      return new Response(message, { status: 200, headers: { [SHIELD_FAILURE]: String(status) } });
    }
  }

  async #answer(question: ShieldQuestion, method: string, headers: Headers): Promise<Response> {
    const { env, ctx } = this;
    const deployment = deploymentOf(env);
    const defer = (work: Promise<unknown>) => ctx.waitUntil(work.catch(() => undefined));
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
    const entrypoints = ctx.exports as unknown as OwnEntrypoints;
    const ports = createCdnPorts({ incoming, env, deployment, entrypoints, defer, onMatch: () => undefined });
    const asked = { ...viewer, method, headers, body: null };
    const draft = await serveShield(distribution, question.behavior, asked, { ports, domain: deployment.domain });
    return renderDraft(method === "HEAD" ? { ...draft, body: null } : draft);
  }
}
