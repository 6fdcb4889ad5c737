import type { HeaderFields } from "../lib/header-fields.ts";
import { isHeader } from "../lib/header-syntax.ts";
import type { Query } from "../lib/query.ts";
import { invalidArgument } from "../s3/errors.ts";

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
 * Says that the SDK computed the checksum beside it. When it presigns there is no body yet, so that is the
 * checksum of nothing (`x-amz-checksum-crc32=AAAAAA==` by default), which S3 ignores. A checksum that the
 * caller gave comes without this parameter, and counts.
 */
const SDK_CHECKSUM = "x-amz-sdk-checksum-algorithm";

/**
 * The headers that an operation sees. SDKs that presign a URL move `x-amz-*` headers into the query,
 * where the signature covers them; S3 reads them there as it does in headers.
 * @throws ServiceError InvalidArgument for a name or value that no header can have.
 */
export function mergeHoistedHeaders(headers: HeaderFields, query: Query): HeaderFields {
  if (!query.has("X-Amz-Signature")) return headers;
  const ignoresChecksum = query.has(SDK_CHECKSUM);
  let merged: Headers | undefined;
  for (const name of query.names()) {
    const lower = name.toLowerCase();
    if (!lower.startsWith("x-amz-") || SIGNATURE_PARAMETERS.has(lower)) continue;
    if (ignoresChecksum && (lower === SDK_CHECKSUM || lower.startsWith("x-amz-checksum-"))) continue;
    const value = query.get(name)!;
    if (!isHeader(lower, value)) {
      throw invalidArgument("The parameter cannot stand for a header.", name, value);
    }
    if (headers.has(lower)) continue;
    merged ??= new Headers(headers);
    merged.set(lower, value);
  }
  return merged ?? headers;
}
