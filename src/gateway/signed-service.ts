import { parseCredential } from "../auth/sigv4/credential.ts";
import type { HeaderFields } from "../lib/header-fields.ts";

const SCOPE_END = "/aws4_request";

/**
 * The service that a signed request names in its credential scope, `s3` or `scheduler`, unverified: enough to
 * route by. Several of AWS's APIs have paths that could be buckets. Undefined for unsigned and presigned requests.
 */
export function readSignedService(headers: HeaderFields): string | undefined {
  const authorization = headers.get("authorization");
  if (authorization === null) return undefined;
  const end = authorization.indexOf(SCOPE_END);
  if (end < 0) return undefined;
  return authorization.slice(authorization.lastIndexOf("/", end - 1) + 1, end);
}

/**
 * The region that a signature for a service of the whole world is checked with: the one that it names. AWS's own
 * endpoints of such services are signed for where they are, and clients that are given another endpoint sign for the
 * region that they are configured with.
 */
export function readGlobalRegion(headers: HeaderFields, region: string): string {
  const credential = /Credential=([^,\s]+)/.exec(headers.get("authorization") ?? "")?.[1] ?? "";
  return parseCredential(credential)?.region ?? region;
}
