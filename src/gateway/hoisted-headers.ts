import type { Query } from "../lib/query.ts";

/** Parameters of the signature itself (SigV4, "Authenticating requests: using query parameters"). */
const SIGNATURE_PARAMETERS = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-signedheaders",
  "x-amz-signature",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

/**
 * The headers that an operation sees. SDKs that presign a URL move `x-amz-*` headers into the query,
 * where the signature covers them; S3 reads them there as it does in headers.
 */
export function mergeHoistedHeaders(headers: Headers, query: Query): Headers {
  if (!query.has("X-Amz-Signature")) return headers;
  let merged: Headers | undefined;
  for (const name of query.names()) {
    const lower = name.toLowerCase();
    if (!lower.startsWith("x-amz-") || SIGNATURE_PARAMETERS.has(lower) || headers.has(lower)) continue;
    merged ??= new Headers(headers);
    merged.set(lower, query.get(name)!);
  }
  return merged ?? headers;
}
