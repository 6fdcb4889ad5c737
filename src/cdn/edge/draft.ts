import type { Body } from "../store/variant.ts";

/** Values of X-Cache, without the name that follows. */
export type CacheResult =
  | "Hit"
  | "Miss"
  | "RefreshHit"
  | "Error"
  | "Redirect"
  | "FunctionGeneratedResponse"
  | "FunctionExecutionError"
  | "LambdaGeneratedResponse"
  | "LambdaExecutionError"
  | "LambdaValidationError";

/** Kinds of errors, by CloudFront's names (`x-edge-detailed-result-type` of standard logs). */
export type ErrorDetail =
  | "ClientGeoBlocked"
  | "InvalidRequest"
  | "InvalidRequestBlocked"
  | "InvalidRequestMethod"
  | "OriginCommError"
  | "OriginConnectError"
  | "OriginReadError";

/** An answer that is not yet rendered: policies still change its headers. */
export interface Draft {
  readonly status: number;
  readonly statusText: string;
  /** Made for this answer alone. */
  readonly headers: Headers;
  readonly body: Body | null;
  readonly result: CacheResult;
  /** Parameters of Cache-Status (RFC 9211): `hit; ttl=10`, `fwd=uri-miss; fwd-status=200; stored`. Empty where there is none. */
  readonly cacheStatus: string;
  /** The connection to the origin, of an answer 101. */
  readonly webSocket?: WebSocket | null;
  /** Milliseconds that the origin took, where it was asked. */
  readonly originMs?: number;
  /** What kind of error this is, where it was made here. */
  readonly detail?: ErrorDetail | undefined;
  /** Why there is no answer of an origin, where this was made in place of one. */
  readonly reason?: string;
}

/** Statuses without a body (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5). */
const BODILESS = new Set([204, 205, 304]);

export function hasBody(method: string, status: number): boolean {
  return method !== "HEAD" && !BODILESS.has(status);
}

/** Stored bodies are as the origin encoded them: the platform must not encode them again. */
export function renderDraft({ status, statusText, headers, body, webSocket }: Draft): Response {
  // The platform joins the two connections: no message passes through here.
  if (webSocket) return new Response(null, { status, headers, webSocket });
  // Without a text the platform knows the usual one.
  if (statusText === "") return new Response(body, { status, headers, encodeBody: "manual" });
  return new Response(body, { status, statusText, headers, encodeBody: "manual" });
}
