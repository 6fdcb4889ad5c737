import { authError } from "../auth/errors.ts";
import type { Identity } from "../auth/identity.ts";
import { openPayload } from "../auth/sigv4/payload.ts";
import type { ServiceError } from "../lib/errors.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { discard, readBounded } from "../lib/read-bounded.ts";
import { identify } from "./authenticate.ts";
import { authenticateBytes, hashOf } from "./authenticate-bytes.ts";
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

interface SignedBody {
  readonly identity: Identity;
  readonly body: Uint8Array<ArrayBuffer>;
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
): Promise<SignedBody> {
  const signed = await readAndIdentify(incoming, scopes, deployment, limit);
  incoming.witness.body = signed.body;
  return signed;
}

async function readAndIdentify(
  incoming: Incoming,
  scopes: readonly string[],
  deployment: Deployment,
  limit: BodyLimit,
): Promise<SignedBody> {
  const length = readLength(incoming.headers);
  if (length !== undefined && length > limit.bytes) {
    // Clients look for an answer once they have sent everything: one that comes before breaks their connection.
    await discard(incoming.body, limit.discarded);
    throw limit.tooLarge();
  }
  if (!incoming.headers.has("x-amz-content-sha256")) {
    const body = await readBody(incoming.body, limit, length);
    return { identity: await authenticateBytes(incoming, body, scopes, deployment), body };
  }
  const { identity, covered } = await identify(incoming, scopes, deployment);
  if (covered.kind !== "sha256") {
    const { stream } = openPayload(incoming.body, incoming.headers, covered);
    return { identity, body: await readBody(stream, limit) };
  }
  // Bytes that lie here as a whole are hashed at once: passing them through a stream costs more than the rest.
  const body = await readBody(incoming.body, limit, length);
  if (hashOf(body) !== covered.sha256) throw authError("XAmzContentSHA256Mismatch");
  return { identity, body };
}

/** `length` is what Content-Length says of the stream. */
async function readBody(
  stream: ReadableStream<Uint8Array> | null,
  { bytes, tooLarge }: BodyLimit,
  length?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const body = await readBounded(stream, bytes, length);
  if (!body) throw tooLarge();
  return body;
}

function readLength(headers: HeaderFields): number | undefined {
  const text = headers.get("content-length");
  return text === null ? undefined : Number(text);
}
