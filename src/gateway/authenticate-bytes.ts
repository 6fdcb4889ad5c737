import { createHash } from "node:crypto";
import { authError } from "../auth/errors.ts";
import type { Identity } from "../auth/identity.ts";
import { authenticate } from "./authenticate.ts";
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
  const sha256 = createHash("sha256").update(body).digest("hex");
  const declared = incoming.headers.get("x-amz-content-sha256");
  if (declared !== null && declared !== sha256) throw authError("XAmzContentSHA256Mismatch");
  const stream = body.byteLength === 0 ? null : new Response(body).body;
  const { identity } = await authenticate({ ...incoming, body: stream }, scopes, deployment, async () => sha256);
  return identity;
}
