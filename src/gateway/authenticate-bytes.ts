import { createHash } from "node:crypto";
import { authError } from "../auth/errors.ts";
import type { Identity } from "../auth/identity.ts";
import { identify } from "./authenticate.ts";
import type { Deployment } from "./deployment.ts";
import type { Incoming } from "./incoming.ts";

/**
 * Who asks, of a request whose whole body has been read: clients of JSON services sign its hash without
 * sending it. One that is sent must be the body's.
 */
export async function authenticateBytes(
  incoming: Incoming,
  body: Uint8Array<ArrayBuffer>,
  scopes: readonly string[],
  deployment: Deployment,
): Promise<Identity> {
  const sha256 = hashOf(body);
  const declared = incoming.headers.get("x-amz-content-sha256");
  if (declared !== null && declared !== sha256) throw authError("XAmzContentSHA256Mismatch");
  const { identity } = await identify(incoming, scopes, deployment, async () => sha256);
  return identity;
}

/** SHA-256 in hexadecimal digits. */
export function hashOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}
