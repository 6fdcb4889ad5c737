import type { Credential, Identity } from "../auth/identity.ts";
import { type SignedPolicy, verifyPolicySignature } from "../auth/post-policy.ts";
import { authError } from "../auth/errors.ts";
import { openPayload, type PayloadAuth } from "../auth/sigv4/payload.ts";
import { isSigned } from "../auth/sigv4/request.ts";
import { verifySignature } from "../auth/sigv4/verify.ts";
import type { Payload } from "../lib/payload.ts";
import type { Deployment } from "./deployment.ts";
import type { Incoming } from "./incoming.ts";

export interface Authenticated {
  readonly identity: Identity;
  readonly payload: Payload;
}

/** Who asks, and the body as the signature covers it. */
export async function authenticate(
  incoming: Incoming,
  scopes: readonly string[],
  deployment: Deployment,
  bodySha256?: () => Promise<string>,
): Promise<Authenticated> {
  const { identity, covered } = await identify(incoming, scopes, deployment, bodySha256);
  return { identity, payload: openPayload(incoming.body, incoming.headers, covered) };
}

/**
 * Who asks, and what the signature says of the body, of which nothing is read. An unsigned request is
 * anonymous; a signed one is what its signature proves, or an error: never anonymous.
 */
export async function identify(
  incoming: Incoming,
  scopes: readonly string[],
  deployment: Deployment,
  /** For services whose clients sign the body without naming its hash: its SHA-256 in hexadecimal digits. */
  bodySha256?: () => Promise<string>,
): Promise<{ readonly identity: Identity; readonly covered: PayloadAuth }> {
  const known = await identifySigner(incoming, scopes, deployment, bodySha256);
  incoming.witness.identity = known.identity;
  return known;
}

async function identifySigner(
  incoming: Incoming,
  scopes: readonly string[],
  deployment: Deployment,
  bodySha256?: () => Promise<string>,
): ReturnType<typeof identify> {
  if (!isSigned(incoming)) return { identity: { kind: "anonymous" }, covered: { kind: "unsigned" } };
  const verified = await verifySignature(incoming, {
    service: scopes,
    region: deployment.region,
    now: Date.now(),
    findCredential: (accessKeyId, sessionToken) => deployment.credentials.findCredential(accessKeyId, sessionToken),
    ...(bodySha256 && { bodySha256 }),
  });
  return { identity: identityOf(verified.credential), covered: verified.payload };
}

/** Who signed the policy of a form, sent by `sender`: it must not be signed in another way as well. */
export async function authenticateSigner(
  signed: SignedPolicy,
  sender: Identity,
  deployment: Deployment,
): Promise<Identity> {
  if (sender.kind !== "anonymous") {
    throw authError(
      "InvalidArgument",
      { ArgumentName: "Authorization" },
      "Only one auth mechanism allowed; the request is signed, and so is its form",
    );
  }
  const credential = await verifyPolicySignature(signed, {
    region: deployment.region,
    now: Date.now(),
    findCredential: (accessKeyId, sessionToken) => deployment.credentials.findCredential(accessKeyId, sessionToken),
  });
  return identityOf(credential);
}

function identityOf({ account, accessKeyId, principal }: Credential): Identity {
  return { kind: "account", account, accessKeyId, ...(principal && { principal }) };
}
