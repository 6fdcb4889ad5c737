/** What runs at the viewer's side of the cache: at viewer-request before it, at viewer-response after it. */
import type { CompiledDistribution } from "../edge/compile.ts";
import type { CacheResult, Draft } from "../edge/draft.ts";
import type { ViewerRequest } from "../edge/viewer.ts";
import type { Association } from "./associations.ts";
import { describeEvent, isAnswer, type MadeAnswer, readAnswer, readRequest } from "./function-event.ts";
import {
  describeLambdaEvent,
  describeLambdaHeaders,
  isLambdaAnswer,
  type LambdaBody,
  type LambdaRequest,
  readLambdaAnswer,
  readLambdaRequest,
} from "./lambda-event.ts";
import { EdgeFunctionError, type EdgeFunctionPorts } from "./ports.ts";
import { readPrefix, streamBytes } from "./request-body.ts";

/** "Timeout of a function at a viewer event". */
const LAMBDA_TIMEOUT_MS = 5_000;
/** "Exposing the body to a function": what of it a function at a viewer event sees. */
const MAX_BODY_BYTES = 40 * 1024;

/** Either the request goes on, or it is answered already. */
export type ViewerVerdict =
  | { readonly kind: "request"; readonly viewer: ViewerRequest }
  | { readonly kind: "answer"; readonly draft: Draft };

/** @throws {EdgeFunctionError} */
export async function runViewerRequest(
  association: Association,
  distribution: CompiledDistribution,
  viewer: ViewerRequest,
  ports: EdgeFunctionPorts,
): Promise<ViewerVerdict> {
  return association.kind === "function"
    ? askFunction(association, distribution, viewer, ports)
    : askLambda(association, distribution, viewer, ports);
}

/** @throws {EdgeFunctionError} */
export async function runViewerResponse(
  association: Association,
  distribution: CompiledDistribution,
  viewer: ViewerRequest,
  draft: Draft,
  ports: EdgeFunctionPorts,
): Promise<Draft> {
  const context = describeContext(distribution, viewer, "viewer-response");
  if (association.kind === "lambda") {
    const event = describeLambdaEvent(context, describeViewer(viewer), {
      status: String(draft.status),
      statusDescription: draft.statusText,
      headers: describeLambdaHeaders(draft.headers),
    });
    const result = await invoke(association, distribution, event, ports);
    const { body, ...head } = readLambdaAnswer("viewer-response", result, draft.headers);
    if (body) throw new EdgeFunctionError(502, "A Lambda function at viewer-response cannot change the body.");
    return { ...draft, ...head };
  }
  const event = describeEvent(context, viewer, draft);
  return replaceAnswer(
    draft,
    readAnswer(await run(association, distribution, event, viewer.query, ports), draft.headers),
  );
}

async function askFunction(
  association: Association & { readonly kind: "function" },
  distribution: CompiledDistribution,
  viewer: ViewerRequest,
  ports: EdgeFunctionPorts,
): Promise<ViewerVerdict> {
  const context = describeContext(distribution, viewer, "viewer-request");
  const result = await run(association, distribution, describeEvent(context, viewer), viewer.query, ports);
  return isAnswer(result)
    ? { kind: "answer", draft: makeDraft(readAnswer(result), "FunctionGeneratedResponse") }
    : { kind: "request", viewer: readRequest(viewer, result) };
}

async function askLambda(
  association: Association & { readonly kind: "lambda" },
  distribution: CompiledDistribution,
  viewer: ViewerRequest,
  ports: EdgeFunctionPorts,
): Promise<ViewerVerdict> {
  const context = describeContext(distribution, viewer, "viewer-request");
  const shown = association.includeBody && viewer.body;
  const read = shown ? await readPrefix(shown, MAX_BODY_BYTES, viewer.headers) : undefined;
  const own = read ? { ...viewer, body: read.whole, bodyBroken: read.broken } : viewer;
  const body: { body?: LambdaBody } = read ? { body: describeBody(read.prefix, read.isAll) } : {};
  const event = describeLambdaEvent(context, { ...describeViewer(viewer), ...body });
  const result = await invoke(association, distribution, event, ports);
  if (isLambdaAnswer(result)) {
    return {
      kind: "answer",
      draft: makeDraft(readLambdaAnswer("viewer-request", result), "LambdaGeneratedResponse"),
    };
  }
  const changed = readLambdaRequest("viewer-request", viewer.headers, result);
  const { uri, querystring, headers } = changed;
  if (changed.body) headers.set("content-length", String(changed.body.byteLength));
  return {
    kind: "request",
    viewer: {
      ...own,
      path: uri,
      query: querystring,
      headers,
      body: changed.body ? streamBytes(changed.body) : own.body,
    },
  };
}

export function describeBody(prefix: Uint8Array, isAll: boolean): LambdaBody {
  return {
    inputTruncated: !isAll,
    action: "read-only",
    encoding: "base64",
    data: Buffer.from(prefix).toString("base64"),
  };
}

export function describeContext<Event extends string>(
  { id, snapshot }: CompiledDistribution,
  { requestId }: ViewerRequest,
  eventType: Event,
) {
  return { distributionDomainName: snapshot.domainName, distributionId: id, eventType, requestId };
}

function describeViewer({ clientAddress, method, path, query, headers }: ViewerRequest): LambdaRequest {
  return {
    clientIp: clientAddress ?? "",
    method,
    uri: path,
    querystring: query,
    headers: describeLambdaHeaders(headers),
  };
}

async function run(
  { arn, source }: Association & { readonly kind: "function" },
  { snapshot }: CompiledDistribution,
  event: object,
  rawQuery: string,
  ports: EdgeFunctionPorts,
): Promise<object> {
  if (!source) throw new EdgeFunctionError(503, `The function ${arn} is not published.`);
  const { result, error } = await ports.runFunction(source, snapshot.accountId, event, rawQuery);
  if (error !== undefined) throw unusable();
  if (typeof result !== "object" || result === null) throw unusable();
  return result;
}

function unusable(): EdgeFunctionError {
  return new EdgeFunctionError(
    503,
    "The CloudFront function associated with the CloudFront distribution is invalid or could not run.",
  );
}

async function invoke(
  { arn }: Association & { readonly kind: "lambda" },
  { snapshot }: CompiledDistribution,
  event: object,
  ports: EdgeFunctionPorts,
): Promise<object> {
  const result = await ports.invokeLambda(arn, snapshot.accountId, event, LAMBDA_TIMEOUT_MS);
  if (typeof result === "object" && result !== null) return result;
  throw new EdgeFunctionError(502, "The Lambda function returned neither a request nor a response.");
}

function makeDraft({ status, statusText, headers, body }: MadeAnswer, result: CacheResult): Draft {
  return { status, statusText, headers, body: body ?? null, result, cacheStatus: "fwd=bypass; detail=function" };
}

/** A body that the function has given takes the place of the one that was there. */
function replaceAnswer(draft: Draft, { body, ...head }: MadeAnswer): Draft {
  if (!body) return { ...draft, ...head };
  if (draft.body instanceof ReadableStream) void draft.body.cancel().catch(() => undefined);
  for (const name of ["content-length", "content-encoding", "content-range", "etag"]) head.headers.delete(name);
  return { ...draft, ...head, body };
}
