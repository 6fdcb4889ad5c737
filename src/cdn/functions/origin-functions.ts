/** What runs at the origin's side of the cache: its results are stored like any other answer. */
import type { OriginTarget } from "../edge/behavior.ts";
import type { CompiledDistribution } from "../edge/compile.ts";
import type { ViewerRequest } from "../edge/viewer.ts";
import type { OriginCall } from "../origin/call-origin.ts";
import type { Association } from "./associations.ts";
import {
  type ChangedRequest,
  describeLambdaEvent,
  describeLambdaHeaders,
  isLambdaAnswer,
  type LambdaRequest,
  readLambdaAnswer,
  readLambdaRequest,
} from "./lambda-event.ts";
import { describeLambdaOrigin, readLambdaOrigin } from "./lambda-origin.ts";
import { EdgeFunctionError, type EdgeFunctionPorts } from "./ports.ts";
import { readPrefix, streamBytes } from "./request-body.ts";
import { describeBody, describeContext } from "./viewer-functions.ts";

/** "Timeout of a function at an origin event". */
const LAMBDA_TIMEOUT_MS = 30_000;
/** "Exposing the body to a function": what of it a function at an origin event sees. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface OriginFunctionContext {
  readonly distribution: CompiledDistribution;
  readonly viewer: ViewerRequest;
  readonly ports: EdgeFunctionPorts;
}

export type OriginVerdict =
  | { readonly kind: "call"; readonly call: OriginCall; readonly target: OriginTarget | undefined }
  | { readonly kind: "answer"; readonly response: Response };

/**
 * Asks the function at origin-request about a request to the first origin of a behaviour.
 * @returns `target` where the function has chosen another origin
 * @throws {EdgeFunctionError}
 */
export async function runOriginRequest(
  association: Association,
  call: OriginCall,
  target: OriginTarget | undefined,
  context: OriginFunctionContext,
): Promise<OriginVerdict> {
  const shown = isIncluding(association) && call.body;
  const read = shown ? await readPrefix(shown, MAX_BODY_BYTES, context.viewer.headers) : undefined;
  const own = read ? { ...call, body: read.whole, bodyBroken: read.broken } : call;
  const request = {
    ...describeCall(call, target, context.viewer),
    ...(read && { body: describeBody(read.prefix, read.isAll) }),
  };
  const config = describeContext(context.distribution, context.viewer, "origin-request");
  const result = await invoke(association, describeLambdaEvent(config, request), context);
  if (isLambdaAnswer(result)) {
    const { body, ...head } = readLambdaAnswer("origin-request", result);
    return { kind: "answer", response: makeResponse(head, body ?? null) };
  }
  const changed = readLambdaRequest("origin-request", call.headers, result, MAX_BODY_BYTES);
  return { kind: "call", call: applyChange(own, changed), target: target && readLambdaOrigin(target, changed.origin) };
}

/**
 * Shows an origin's answer to the function at origin-response.
 * @param target the first origin, or the one that a function has chosen
 * @throws {EdgeFunctionError}
 */
export async function runOriginResponse(
  association: Association,
  call: OriginCall,
  target: OriginTarget | undefined,
  response: Response,
  context: OriginFunctionContext,
): Promise<Response> {
  const config = describeContext(context.distribution, context.viewer, "origin-response");
  const event = describeLambdaEvent(config, describeCall(call, target, context.viewer), {
    status: String(response.status),
    statusDescription: response.statusText,
    headers: describeLambdaHeaders(response.headers),
  });
  const result = await invoke(association, event, context);
  const { body, ...head } = readLambdaAnswer("origin-response", result, response.headers);
  if (!body) return makeResponse(head, response.body);
  await response.body?.cancel().catch(() => undefined);
  for (const name of ["content-length", "content-encoding", "content-range"]) head.headers.delete(name);
  return makeResponse(head, body);
}

function makeResponse(
  { status, statusText, headers }: { status: number; statusText: string; headers: Headers },
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
): Response {
  const isBodiless = status === 204 || status === 205 || status === 304;
  return new Response(isBodiless ? null : body, { status, statusText, headers, encodeBody: "manual" });
}

function applyChange(call: OriginCall, { uri, querystring, headers, body }: ChangedRequest): OriginCall {
  // The platform sends the host of the origin that is asked, and no other.
  headers.delete("host");
  return {
    ...call,
    path: uri,
    query: querystring,
    headers,
    body: body ? streamBytes(body) : call.body,
  };
}

function describeCall(
  { method, path, query, headers }: OriginCall,
  target: OriginTarget | undefined,
  { clientAddress }: ViewerRequest,
): LambdaRequest {
  const described = describeLambdaHeaders(headers);
  return {
    clientIp: clientAddress ?? "",
    method,
    uri: path,
    querystring: query,
    headers: target ? { ...described, host: [{ key: "Host", value: target.origin.DomainName }] } : described,
    ...(target && { origin: describeLambdaOrigin(target) }),
  };
}

function isIncluding(association: Association): boolean {
  return association.kind === "lambda" && association.includeBody;
}

async function invoke(
  { arn }: Association,
  event: object,
  { distribution, ports }: OriginFunctionContext,
): Promise<object> {
  const result = await ports.invokeLambda(arn, distribution.snapshot.accountId, event, LAMBDA_TIMEOUT_MS);
  if (typeof result === "object" && result !== null) return result;
  throw new EdgeFunctionError(502, "The Lambda function returned neither a request nor a response.");
}
