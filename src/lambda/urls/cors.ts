import type { UrlCors } from "../../metadata/function/protocol.ts";

/** Every header that a function's own code may have set and that the URL's configuration decides instead. */
const CORS_HEADERS = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-expose-headers",
];

/** The answer to a preflight request (Fetch standard, "CORS-preflight request"), which never reaches the function. */
export function answerPreflight(cors: UrlCors, request: Headers): Response {
  const headers = new Headers();
  const origin = allowedOrigin(cors, request);
  if (origin === undefined) return new Response(null, { status: 200, headers });
  allowOrigin(headers, cors, origin);
  headers.set("access-control-allow-methods", (cors.allowMethods ?? []).join(","));
  if (cors.allowHeaders) headers.set("access-control-allow-headers", cors.allowHeaders.join(","));
  if (cors.maxAge !== undefined) headers.set("access-control-max-age", String(cors.maxAge));
  return new Response(null, { status: 200, headers });
}

export function isPreflight(method: string, headers: Headers): boolean {
  return method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
}

/** Puts what the configuration says in place of what the function said. */
export function applyCors(response: Headers, cors: UrlCors, request: Headers): void {
  for (const name of CORS_HEADERS) response.delete(name);
  const origin = allowedOrigin(cors, request);
  if (origin === undefined) return;
  allowOrigin(response, cors, origin);
  if (cors.exposeHeaders) response.set("access-control-expose-headers", cors.exposeHeaders.join(","));
}

/** The value for Access-Control-Allow-Origin; undefined when the origin is not allowed, or none was sent. */
function allowedOrigin({ allowOrigins = [] }: UrlCors, request: Headers): string | undefined {
  const origin = request.get("origin");
  if (origin === null) return undefined;
  if (allowOrigins.includes("*")) return "*";
  return allowOrigins.some((allowed) => matchesOrigin(allowed, origin)) ? origin : undefined;
}

/** `https://*.example.com` stands for all hosts below. */
function matchesOrigin(allowed: string, origin: string): boolean {
  if (!allowed.includes("*")) return allowed.toLowerCase() === origin.toLowerCase();
  const [before = "", after = ""] = allowed.toLowerCase().split("*");
  const text = origin.toLowerCase();
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

function allowOrigin(headers: Headers, cors: UrlCors, origin: string): void {
  headers.set("access-control-allow-origin", origin);
  if (origin !== "*") headers.append("vary", "Origin");
  if (cors.allowCredentials) headers.set("access-control-allow-credentials", "true");
}
