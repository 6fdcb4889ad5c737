import type { Identity } from "../auth/identity.ts";
import type { ServiceError } from "../lib/errors.ts";
import { discard, readBounded } from "../lib/read-bounded.ts";
import { authenticate } from "./authenticate.ts";
import { authenticateBytes } from "./authenticate-bytes.ts";
import type { Deployment } from "./deployment.ts";
import type { Incoming } from "./incoming.ts";

export interface BodyLimit {
  /** Bytes that are taken. */
  readonly bytes: number;
  /** Of a body that is larger: bytes that are read all the same, so that the client hears the answer. */
  readonly discarded: number;
  /** What is said of a larger one. */
  readonly tooLarge: () => ServiceError;
}

/**
 * Who asks, and the whole body, which is small. Clients that send its hash are known by their signature before
 * a byte of it is read; botocore signs the hash without sending it, so that the body has to come first.
 */
export async function readSignedBody(
  incoming: Incoming,
  scopes: readonly string[],
  deployment: Deployment,
  limit: BodyLimit,
): Promise<{ identity: Identity; body: Uint8Array<ArrayBuffer> }> {
  if (Number(incoming.headers.get("content-length")) > limit.bytes) {
    // Clients look for an answer once they have sent everything: one that comes before breaks their connection.
    await discard(incoming.body, limit.discarded);
    throw limit.tooLarge();
  }
  if (incoming.headers.has("x-amz-content-sha256")) {
    const { identity, payload } = await authenticate(incoming, scopes, deployment);
    return { identity, body: await readBody(payload.stream, limit) };
  }
  const body = await readBody(incoming.body, limit);
  return { identity: await authenticateBytes(incoming, body, scopes, deployment), body };
}

async function readBody(
  stream: ReadableStream<Uint8Array> | null,
  { bytes, tooLarge }: BodyLimit,
): Promise<Uint8Array<ArrayBuffer>> {
  const body = await readBounded(stream, bytes);
  if (!body) throw tooLarge();
  return body;
}
