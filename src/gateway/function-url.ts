import type { Identity } from "../auth/identity.ts";
import { type MasterKey, masterKeyOf } from "../auth/secrets.ts";
import { isSigned } from "../auth/sigv4/request.ts";
import type { Signer } from "../cdn/origin/origin-request.ts";
import { ServiceError } from "../lib/errors.ts";
import { readBounded } from "../lib/read-bounded.ts";
import { lambdaError } from "../lambda/errors.ts";
import { callFunctionUrl } from "../lambda/urls/call-url.ts";
import { answerPreflight, isPreflight } from "../lambda/urls/cors.ts";
import { readUrlId } from "../lambda/urls/url-id.ts";
import { functionDirectoryOf } from "../metadata/function/directory.ts";
import type { UrlRecord } from "../metadata/function/protocol.ts";
import type { Address } from "./address.ts";
import { authenticateBytes } from "./authenticate-bytes.ts";
import { UNKNOWN_ADDRESS } from "./event-context.ts";
import { logFault } from "./faults.ts";
import type { LambdaRequest } from "./lambda.ts";
import { createLambdaPorts } from "./lambda-ports.ts";
import { renderLambdaError } from "./lambda-response.ts";
import { factsOf } from "./request-facts.ts";

export type FunctionUrlRequest = LambdaRequest & {
  readonly address: Extract<Address, { service: "function-url" }>;
  /** Of this deployment, where one asks in its own name: by origin access control. */
  readonly distribution?: Signer;
};

/** A function URL takes as much as Invoke does. */
const MAX_BODY_BYTES = 6_291_456;
const OPERATION = "InvokeFunctionUrl";

/** Answers a request to a function URL: who asks, preflight requests, then the function. */
export async function answerFunctionUrl(request: FunctionUrlRequest): Promise<Response> {
  const requestId = crypto.randomUUID();
  request.onMatch(OPERATION);
  try {
    const response = await serveFunctionUrl(request, requestId);
    response.headers.set("x-amzn-requestid", requestId);
    return response;
  } catch (error) {
    request.incoming.witness.error = error;
    if (error instanceof ServiceError) return renderLambdaError(error, requestId);
    logFault(error, requestId, OPERATION);
    return renderLambdaError(lambdaError("ServiceException", "Internal Server Error"), requestId);
  }
}

async function serveFunctionUrl(request: FunctionUrlRequest, requestId: string): Promise<Response> {
  const { incoming, address, env, deployment } = request;
  const accountId = await findOwner(address.urlId, await masterKeyOf(env.VERGE_MASTER_KEY ?? ""));
  const directory = functionDirectoryOf(env);
  const url = accountId === undefined ? undefined : await directory.findUrl(accountId, address.urlId);
  if (!url || accountId === undefined) throw lambdaError("ResourceNotFoundException", "Not Found");
  incoming.witness.ownerId = accountId;
  if (url.cors && isPreflight(incoming.method, incoming.headers)) return answerPreflight(url.cors, incoming.headers);
  const body = await readBounded(incoming.body, MAX_BODY_BYTES);
  if (!body) throw lambdaError("RequestTooLargeException", "Request Entity Too Large");
  const identity = await identify(request, url, body);
  const target = { accountId, name: url.functionName, qualifier: url.qualifier };
  return callFunctionUrl(
    url,
    {
      requestId,
      method: incoming.method,
      host: incoming.host,
      protocol: incoming.origin.slice(0, incoming.origin.indexOf(":")),
      rawPath: address.rawPath,
      rawQuery: incoming.rawQuery,
      headers: incoming.headers,
      body,
      sourceAddress: incoming.clientAddress ?? UNKNOWN_ADDRESS,
      identity,
    },
    {
      target,
      region: deployment.region,
      directory,
      facts: factsOf(identity, incoming, deployment),
      distribution: request.distribution,
      ports: createLambdaPorts(request, identity),
    },
  );
}

/** Owners of ids that were found genuine: to look at the tag each time costs more than all else about a URL. */
const owners = new WeakMap<MasterKey, Map<string, string>>();
const MAX_OWNERS = 10_000;

async function findOwner(urlId: string, master: MasterKey): Promise<string | undefined> {
  const known = owners.get(master) ?? new Map<string, string>();
  owners.set(master, known);
  const owner = known.get(urlId) ?? (await readUrlId(urlId, (text) => master.tag(text)));
  if (owner === undefined || known.has(urlId)) return owner;
  if (known.size >= MAX_OWNERS) known.clear();
  known.set(urlId, owner);
  return owner;
}

/**
 * With AuthType NONE nobody is anybody: an Authorization header there is the function's own business. Nor is the viewer
 * of a distribution that asks in its own name.
 */
function identify(
  { incoming, deployment, distribution }: FunctionUrlRequest,
  { authType }: UrlRecord,
  body: Uint8Array<ArrayBuffer>,
): Identity | Promise<Identity> {
  if (authType === "NONE" || !isSigned(incoming)) incoming.witness.identity = { kind: "anonymous" };
  if (authType === "NONE" || distribution) return { kind: "anonymous" };
  if (!isSigned(incoming)) throw lambdaError("AccessDeniedException", "Forbidden");
  return authenticateBytes(incoming, body, ["lambda"], deployment);
}
