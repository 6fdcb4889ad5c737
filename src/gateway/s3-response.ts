import type { ServiceError } from "../lib/errors.ts";
import { element, renderXml } from "../lib/xml.ts";
import type { S3Result } from "../s3/call.ts";
import type { Incoming } from "./incoming.ts";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Renders what an operation answered. */
export function renderS3Result(result: S3Result, incoming: Incoming): Response {
  const headers: Record<string, string> = { ...commonHeaders(incoming), ...result.headers };
  const status = result.status ?? 200;
  if (result.xml) {
    headers["content-type"] = "application/xml";
    return new Response(incoming.method === "HEAD" ? null : renderXml(result.xml, { namespace: NAMESPACE }), {
      status,
      headers,
    });
  }
  // "manual": a stored Content-Encoding describes the stored bytes; the platform must not encode them again.
  return new Response(incoming.method === "HEAD" ? null : (result.body ?? null), {
    status,
    headers,
    encodeBody: "manual",
  });
}

/**
 * Renders an error as S3 does: code, message, what belongs to it, the resource and the ids that the
 * headers carry too. HEAD and 304 have no body.
 */
export function renderS3Error(error: ServiceError, incoming: Incoming): Response {
  const headers: Record<string, string> = { ...commonHeaders(incoming), ...error.headers };
  if (incoming.method === "HEAD" || error.status === 304) return new Response(null, { status: error.status, headers });
  headers["content-type"] = "application/xml";
  const root = element("Error", [
    element("Code", error.code),
    element("Message", error.message),
    ...Object.entries(error.detail).map(([name, value]) => element(name, value)),
    element("Resource", incoming.rawPath),
    element("RequestId", incoming.requestId),
    element("HostId", incoming.hostId),
  ]);
  return new Response(renderXml(root), { status: error.status, headers });
}

function commonHeaders(incoming: Incoming): Record<string, string> {
  return {
    "x-amz-request-id": incoming.requestId,
    "x-amz-id-2": incoming.hostId,
    date: new Date().toUTCString(),
    server: "Verge",
    // Stored content is served from the origin of an API: a browser must not guess that it is a page.
    "x-content-type-options": "nosniff",
  };
}
