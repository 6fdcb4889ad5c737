/** What runs at the viewer's side of the cache: at viewer-request before it, at viewer-response after it. */
import type { CompiledDistribution } from "../edge/compile.ts";
import { type CacheResult, type Draft, hasBody } from "../edge/draft.ts";
import type { Behavior } from "../edge/behavior.ts";
import { readViewerHeader, type ViewerRequest } from "../edge/viewer.ts";
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

export interface ViewerFunctionContext {
  readonly distribution: CompiledDistribution;
  readonly behavior: Behavior;
  readonly viewer: ViewerRequest;
  readonly ports: EdgeFunctionPorts;
}

/** @throws {EdgeFunctionError} */
export async function runViewerRequest(
  association: Association,
  context: ViewerFunctionContext,
): Promise<ViewerVerdict> {
  return association.kind === "function" ? askFunction(association, context) : askLambda(association, context);
}

/** @throws {EdgeFunctionError} */
export async function runViewerResponse(
  association: Association,
  own: ViewerFunctionContext,
  draft: Draft,
): Promise<Draft> {
  const { distribution, viewer, ports } = own;
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
    if (head.status !== draft.status) {
      throw new EdgeFunctionError(502, "A Lambda function at viewer-response cannot change the status.");
    }
    return { ...draft, ...head };
  }
  const event = describeEvent(context, withMadeHeaders(own), draft);
  return replaceAnswer(
    draft,
    readAnswer(await run(association, distribution, event, viewer.query, ports), draft.headers),
  );
}

async function askFunction(
  association: Association & { readonly kind: "function" },
  own: ViewerFunctionContext,
): Promise<ViewerVerdict> {
  const { distribution, viewer, ports } = own;
  const context = describeContext(distribution, viewer, "viewer-request");
  const event = describeEvent(context, withMadeHeaders(own));
  const result = await run(association, distribution, event, viewer.query, ports);
  return isAnswer(result)
    ? { kind: "answer", draft: makeDraft(readAnswer(result), "FunctionGeneratedResponse") }
    : { kind: "request", viewer: readRequest(viewer, result) };
}

/**
 * The request as CloudFront Functions see it: with the CloudFront headers that the policies name, such as
 * `cloudfront-viewer-country`, whatever the viewer said under those names. Lambda@Edge sees them at origin events alone.
 */
function withMadeHeaders({ behavior, viewer }: ViewerFunctionContext): ViewerRequest {
  const names = behavior.forward.madeHeaders;
  if (names.length === 0) return viewer;
  const headers = new Headers(viewer.headers);
  for (const name of names) {
    const value = readViewerHeader(viewer, name);
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return { ...viewer, headers };
}

async function askLambda(
  association: Association & { readonly kind: "lambda" },
  { distribution, viewer, ports }: ViewerFunctionContext,
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
  const changed = readLambdaRequest("viewer-request", viewer.headers, result, MAX_BODY_BYTES);
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

function makeDraft({ status, statusText, headers, body }: Omit<MadeAnswer, "coding">, result: CacheResult): Draft {
  const own = body && hasBody("GET", status) ? body : null;
  if (own) headers.set("content-length", String(own.byteLength));
  return { status, statusText, headers, body: own, result, cacheStatus: "" };
}

/** A body that the function has given takes the place of the one that was there; some statuses have none. */
function replaceAnswer(draft: Draft, { body: given, coding, ...head }: MadeAnswer): Draft {
  const mayHave = hasBody("GET", head.status);
  const body = mayHave ? given : undefined;
  if (!body && (mayHave || draft.body === null)) return { ...draft, ...head };
  if (draft.body instanceof ReadableStream) void draft.body.cancel().catch(() => undefined);
  for (const name of ["content-length", "content-encoding", "content-range", "etag"]) head.headers.delete(name);
  if (coding !== undefined) head.headers.set("content-encoding", coding);
  if (body) head.headers.set("content-length", String(body.byteLength));
  return { ...draft, ...head, body: body ?? null };
}
