import type { CompiledDistribution } from "../cdn/edge/compile.ts";
import { distributions } from "../cdn/edge/distributions.ts";
import { renderDraft } from "../cdn/edge/draft.ts";
import { draftError } from "../cdn/edge/error-page.ts";
import { serveDistribution } from "../cdn/edge/serve.ts";
import type { ViewerPlace, ViewerRequest } from "../cdn/edge/viewer.ts";
import { describeServed, observeServed } from "../cdn/seeing/served.ts";
import type { Env } from "../env.ts";
import type { Address } from "./address.ts";
import { createCdnPorts } from "./cdn-ports.ts";
import { recordServed } from "./cdn-recorder.ts";
import { drainUnreadBody } from "./unread-body.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { Incoming } from "./incoming.ts";
import type { LambdaRequest } from "./lambda.ts";

export type CdnRequest = LambdaRequest & {
  readonly request: Request;
  readonly address: Extract<Address, { service: "cdn" }>;
};

/** Answers a request to a distribution, by its id or by an alias. */
export async function answerCdn(call: CdnRequest): Promise<Response> {
  call.onMatch("CdnRequest");
  try {
    return await serveCdn(call);
  } catch (error) {
    logFault(error, call.incoming.requestId, "CdnRequest");
    return renderDraft(draftError(503, "The request could not be answered now."));
  }
}

async function serveCdn(call: CdnRequest): Promise<Response> {
  const { address, env, deployment, defer } = call;
  const found =
    address.distributionId === undefined
      ? distributions.findByAlias(env, call.incoming.host, defer)
      : distributions.find(env, address.distributionId, defer);
  const distribution = found instanceof Promise ? await found : found;
  if (!distribution) return renderDraft(draftError(404, "There is no distribution of this name."));
  const { domain } = deployment;
  const viewer = toViewerRequest(call, distribution, Date.now());
  const response = await serveDistribution(distribution, viewer, { ports: createCdnPorts(call), domain });
  // What is refused goes unread: its sender should see why.
  if (call.request.body) await drainUnreadBody(call.request);
  return observeServed(describeServed(distribution, viewer, response), (served) => recordServed(served, call));
}

/**
 * Whether a host that is none of the deployment's own is a distribution's alias. Without a promise where that is
 * known: the APIs of the deployment may be asked by such a host too (a tunnel, a domain in front).
 */
export function isAlias(
  { host }: Incoming,
  env: Env,
  { domain }: Deployment,
  defer: (work: Promise<unknown>) => void,
): boolean | Promise<boolean> {
  if (host === domain || !mayBeAlias(host, domain)) return false;
  const id = distributions.findAlias(env, host, defer);
  if (!(id instanceof Promise)) return id !== undefined;
  // Who comes for another service must not suffer from a registry that fails.
  return id.then(
    (found) => found !== undefined,
    () => false,
  );
}

/** Addresses and names without a dot are nobody's alias. */
function mayBeAlias(host: string, domain: string): boolean {
  return host.includes(".") && !host.endsWith(`.${domain}`) && !/^[\d.]+$|^\[/.test(host);
}

function toViewerRequest(
  { incoming, address, request, deployment }: CdnRequest,
  distribution: CompiledDistribution,
  startedAt: number,
): ViewerRequest {
  const { host, method, headers, body, hostId, rawQuery, clientAddress } = incoming;
  const origin = deployment.viewersUseHttps ? incoming.origin.replace(/^http:/, "https:") : incoming.origin;
  const prefix = address.byPath ? `/_cdn/${distribution.id}` : "";
  return {
    requestId: hostId,
    startedAt,
    method,
    host,
    protocol: origin.startsWith("https:") ? "https" : "http",
    path: address.rawPath,
    query: rawQuery,
    headers,
    body,
    clientAddress,
    // Read by few: making it costs more than much of what a hit does.
    get place() {
      return request.cf as ViewerPlace | undefined;
    },
    root: origin + prefix,
  };
}
