import type { Env } from "../env.ts";
import { type HeaderFields, SentFields } from "../lib/header-fields.ts";
import type { Witness } from "./audit/witness.ts";
import { createRequestIds } from "../lib/request-id.ts";

/** A request as sent: nothing of it is normalised, since the signature covers its very bytes. */
export interface Incoming {
  readonly requestId: string;
  readonly hostId: string;
  readonly method: string;
  /** Host name without port, in lower case. */
  readonly host: string;
  /** Scheme, host and port as the client named them: `http://127.0.0.1:8787`. */
  readonly origin: string;
  /** Percent-encoded, begins with `/`. */
  readonly rawPath: string;
  /** Without `?`. */
  readonly rawQuery: string;
  readonly headers: HeaderFields;
  readonly body: ReadableStream<Uint8Array> | null;
  /** The client's address where the platform tells it (not on Miniflare's direct socket). */
  readonly clientAddress: string | undefined;
  /** For the audit trail; the one part of it that changes. */
  readonly witness: Witness;
}

/** As the platform hands it over: for services that pass the fields on. */
export interface RawIncoming extends Incoming {
  readonly headers: Headers;
}

/**
 * Splits the request URL by hand: `new URL` would collapse `..` and re-encode, and the signature
 * and the key must see what was sent.
 */
export function readIncoming(request: Request, env: Pick<Env, "VERGE_DIRECT_CLIENTS">): RawIncoming {
  const { url } = request;
  const { host, rawPath, rawQuery } = splitUrl(url);
  const headers = restoreHeaders(request);
  const authority = headers.get("host") ?? host;
  return {
    ...createRequestIds(),
    method: request.method,
    host: authority.replace(/:\d+$/, "").toLowerCase(),
    origin: `${url.slice(0, url.indexOf("://"))}://${authority}`,
    rawPath,
    rawQuery,
    headers,
    body: request.body,
    // Cloudflare replaces what a client says in it; without Cloudflare in between it is the client's word.
    clientAddress: env.VERGE_DIRECT_CLIENTS ? undefined : (headers.get("cf-connecting-ip") ?? undefined),
    witness: {},
  };
}

/** For services that read many of the fields and hand none of them on. */
export function withSentFields(incoming: RawIncoming): Incoming {
  return { ...incoming, headers: new SentFields(incoming.headers) };
}

function splitUrl(url: string): { host: string; rawPath: string; rawQuery: string } {
  const authority = url.indexOf("://") + 3;
  const fragment = url.indexOf("#", authority);
  const end = fragment < 0 ? url.length : fragment;
  const question = url.indexOf("?", authority);
  const pathEnd = question < 0 || question > end ? end : question;
  const slash = url.indexOf("/", authority);
  const pathStart = slash < 0 || slash > pathEnd ? pathEnd : slash;
  return {
    host: url.slice(authority, pathStart),
    rawPath: url.slice(pathStart, pathEnd) || "/",
    rawQuery: pathEnd < end ? url.slice(pathEnd + 1, end) : "",
  };
}

/** Cloudflare replaces Accept-Encoding; clients that sign it (Go SDK, rclone, Terraform) need their own value back. */
function restoreHeaders(request: Request): Headers {
  const original = (request.cf as { clientAcceptEncoding?: string } | undefined)?.clientAcceptEncoding;
  if (!original || original === request.headers.get("accept-encoding")) return request.headers;
  const headers = new Headers(request.headers);
  headers.set("accept-encoding", original);
  return headers;
}
