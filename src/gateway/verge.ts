import { createHash } from "node:crypto";
import { Hono } from "hono";
import { distributions } from "../cdn/edge/distributions.ts";
import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { Query } from "../lib/query.ts";
import { readBounded } from "../lib/read-bounded.ts";
import type { VergeResult } from "../verge-api/call.ts";
import { vergeOperations } from "../verge-api/operations.ts";
import type { Address } from "./address.ts";
import { authenticate } from "./authenticate.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { Incoming } from "./incoming.ts";

const MAX_BODY_BYTES = 65_536;

/** What a route below `/_verge` gets of the gateway. */
export interface VergeRequest {
  readonly incoming: Incoming;
  readonly address: Extract<Address, { service: "verge" }>;
  readonly env: Env;
  readonly deployment: Deployment;
}

/**
 * Everything below `/_verge`: health, the API, and the pages of the console. Errors are JSON. The rest of the
 * product is routed by the services' own tables, which select by query and header as AWS's APIs do.
 */
const routes = new Hono<{ Bindings: VergeRequest }>();

routes.use(async ({ env }, next) => {
  refuseForeignOrigin(env.incoming);
  await next();
});
routes.get("/_verge/health", ({ env }) => serveHealth(env.deployment));
routes.all("/_verge/api/*", async ({ env }) => renderJson(await callApi(env), env.incoming));
routes.get("*", ({ env, req }) => servePage(env, req.raw));
routes.all("*", () => {
  throw new ServiceError("MethodNotAllowed", 405, "Pages are read with GET.", {}, { allow: "GET, HEAD" });
});
routes.onError((error, { env }) => {
  if (error instanceof ServiceError) return renderError(error, env.incoming);
  logFault(error, env.incoming.requestId, "verge");
  return renderError(new ServiceError("InternalError", 500, "An internal error occurred."), env.incoming);
});

/** Answers a request below `/_verge`. */
export async function serveVerge(request: Request, verge: VergeRequest): Promise<Response> {
  return routes.fetch(request, verge);
}

/** A page of another origin must not drive what listens on this machine, whatever the browser sends along. */
function refuseForeignOrigin(incoming: Incoming): void {
  const origin = incoming.headers.get("origin");
  if (origin !== null && origin !== incoming.origin) {
    throw new ServiceError("AccessDenied", 403, "Requests from pages of another origin are not allowed.");
  }
}

function serveHealth({ complaint }: Deployment): Response {
  return complaint === undefined ? new Response("ok\n") : new Response(`${complaint}\n`, { status: 503 });
}

async function callApi({ incoming, address, env, deployment }: VergeRequest): Promise<VergeResult> {
  if (deployment.complaint) throw new ServiceError("ServiceUnavailable", 503, deployment.complaint);
  const body = await readBody(incoming.body);
  const { identity, payload } = await authenticate(
    { ...incoming, body: body.length === 0 ? null : new Response(body).body },
    ["verge"],
    deployment,
    async () => createHash("sha256").update(body).digest("hex"),
  );
  if (identity.kind === "anonymous")
    throw new ServiceError("AccessDenied", 403, "Sign the request with the scope `verge`.");
  const query = new Query(incoming.rawQuery);
  const template = vergeOperations.findTemplate(address.segments.slice(1));
  if (!template) throw new ServiceError("NoSuchEntity", 404, `There is nothing at ${incoming.rawPath}.`);
  const operation = vergeOperations.select(incoming.method, template.path, query, incoming.headers);
  if (!operation) {
    const allow = vergeOperations.methodsOf(template.path).join(", ");
    throw new ServiceError("MethodNotAllowed", 405, `${incoming.rawPath} answers ${allow}.`, {}, { allow });
  }
  const result = await operation.handle({
    requestId: incoming.requestId,
    identity,
    source: incoming.clientAddress ?? "",
    parameters: template.parameters,
    query,
    payload,
    env,
  });
  // In force here at once, and in other locations within seconds.
  if (incoming.method !== "GET" && template.path.startsWith("/distributions/")) {
    await distributions.forget(template.parameters["id"]);
  }
  return result;
}

/** A whole body, which is small here: JSON clients sign its hash without sending it. */
async function readBody(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array<ArrayBuffer>> {
  const body = await readBounded(stream, MAX_BODY_BYTES);
  if (body) return body;
  throw new ServiceError("RequestEntityTooLarge", 413, `The body is longer than ${MAX_BODY_BYTES} bytes.`);
}

/** Of the console's files, which lie in one folder. */
async function servePage({ env, address }: VergeRequest, request: Request): Promise<Response> {
  const name = address.segments.join("/") || "index.html";
  const page = await env.ASSETS.fetch(new URL(`/${encodeURIComponent(name)}`, request.url), { method: request.method });
  const headers = new Headers(page.headers);
  headers.set("x-content-type-options", "nosniff");
  headers.set("content-security-policy", "default-src 'self'; frame-ancestors 'none'");
  return new Response(page.body, { status: page.status, headers });
}

function renderJson({ status, body }: VergeResult, incoming: Incoming): Response {
  const headers = { "x-amz-request-id": incoming.requestId, "cache-control": "no-store" };
  return status === 204 || body === undefined
    ? new Response(null, { status, headers })
    : Response.json(body, { status, headers });
}

function renderError({ code, status, message, headers }: ServiceError, incoming: Incoming): Response {
  return Response.json(
    { code, message, requestId: incoming.requestId },
    { status, headers: { ...headers, "x-amz-request-id": incoming.requestId } },
  );
}
