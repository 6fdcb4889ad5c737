import type { HeaderFields } from "../../lib/header-fields.ts";
import { parseCredential, type CredentialScope } from "./credential.ts";
import { decodeQueryPart } from "./encoding.ts";

/**
 * A request exactly as it came over the wire. A `Request` object normalises its URL (`..`, case of
 * escapes, raw UTF-8), and SigV4 covers the bytes that the client sent.
 */
export interface SignedRequest {
  readonly method: string;
  /** Begins with "/", still percent-encoded as sent. */
  readonly rawPath: string;
  /** Without "?", as sent; empty when there is none. */
  readonly rawQuery: string;
  /** With the client's own Host and Accept-Encoding restored where the platform changed them. */
  readonly headers: HeaderFields;
}

/** Query parameters that mark a SigV4 (or SigV4a) presigned URL. */
const V4_MARKERS = ["x-amz-algorithm", "x-amz-signature", "x-amz-credential"];

export type SignatureForm = "v4-header" | "v4-query" | "v2-query" | "unsupported-header";

/** Where the request carries a signature: every form that is found, so that two can be refused. */
export function findSignatureForms(request: SignedRequest): SignatureForm[] {
  const forms: SignatureForm[] = [];
  const authorization = request.headers.get("authorization");
  if (authorization !== null) {
    forms.push(/^AWS4-HMAC-SHA256(\s|$)/.test(authorization) ? "v4-header" : "unsupported-header");
  }
  if (request.rawQuery === "") return forms;
  const names = new Set(queryNames(request.rawQuery));
  if (V4_MARKERS.some((name) => names.has(name))) forms.push("v4-query");
  // SigV2's two parameters have plain names; only together do they mean a signature.
  if (names.has("awsaccesskeyid") && names.has("signature")) forms.push("v2-query");
  return forms;
}

/**
 * Whether the request claims an identity: an Authorization header of any kind, or the parameters
 * of a presigned URL. SigV2 forms count, so that they are refused and never taken for anonymous.
 */
export function isSigned(request: SignedRequest): boolean {
  return request.headers.has("authorization") || findSignatureForms(request).length > 0;
}

/**
 * The credential scope that the request names, unverified: enough to route by service.
 * Undefined for unsigned requests, other mechanisms and malformed credentials.
 */
export function credentialScope(request: SignedRequest): CredentialScope | undefined {
  const authorization = request.headers.get("authorization");
  if (authorization !== null) {
    const match = /^AWS4-HMAC-SHA256\s.*?\bCredential=([^,\s]+)/.exec(authorization);
    return match?.[1] === undefined ? undefined : parseCredential(match[1]);
  }
  const values = queryValues(request.rawQuery, "X-Amz-Credential");
  return values[0] === undefined ? undefined : parseCredential(values[0]);
}

/**
 * All values of one query parameter, decoded; an empty list when it is absent. Names compare
 * without case, so that a second spelling of a parameter is seen as its duplicate.
 */
export function queryValues(rawQuery: string, name: string): string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (const [rawName, rawValue] of splitQuery(rawQuery)) {
    if (decodeQueryPart(rawName).toLowerCase() === wanted) values.push(decodeQueryPart(rawValue));
  }
  return values;
}

/** Raw name and value pairs in the order sent. A parameter without "=" has an empty value. */
export function splitQuery(rawQuery: string): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (const part of rawQuery.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    pairs.push(equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)]);
  }
  return pairs;
}

function queryNames(rawQuery: string): string[] {
  return splitQuery(rawQuery).map(([name]) => decodeQueryPart(name).toLowerCase());
}
