const SCOPE_END = "/aws4_request";

/**
 * The service that a signed request names in its credential scope, `s3` or `scheduler`, unverified: enough to
 * route by. Several of AWS's APIs have paths that could be buckets. Undefined for unsigned and presigned requests.
 */
export function readSignedService(headers: Headers): string | undefined {
  const authorization = headers.get("authorization");
  if (authorization === null) return undefined;
  const end = authorization.indexOf(SCOPE_END);
  if (end < 0) return undefined;
  return authorization.slice(authorization.lastIndexOf("/", end - 1) + 1, end);
}
