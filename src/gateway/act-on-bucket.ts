import type { Identity } from "../auth/identity.ts";
import { ServiceError } from "../lib/errors.ts";
import { encodeKey } from "../lib/percent.ts";
import { createRequestIds } from "../lib/request-id.ts";
import { invalidParameter, lambdaError } from "../lambda/errors.ts";
import type { NewObject } from "../lambda/events/context.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import type { S3Result } from "../s3/call.ts";
import type { LambdaRequest } from "./lambda.ts";
import { findBucketConfig, serveS3 } from "./s3.ts";

/** What S3 requests of other services are made of. */
export type BucketActor = Pick<LambdaRequest, "env" | "deployment" | "defer">;

/** Whether the caller may use the bucket at all (HeadBucket). Throws InvalidParameterValueException. */
export async function checkBucketAs(identity: Identity, bucket: string, actor: BucketActor): Promise<void> {
  try {
    await sendToBucket(actor, identity, "HEAD", { bucket, key: "" });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw invalidParameter(`The destination ARN arn:aws:s3:::${bucket} is invalid: ${error.code}: ${error.message}`);
  }
}

/** Stores an object in the name of an account. Throws a ServiceError of S3. */
export async function putObjectFor(accountId: string, object: NewObject, actor: BucketActor): Promise<void> {
  const account = await actor.deployment.directory.findAccount(accountId);
  if (!account) throw lambdaError("ResourceNotFoundException", `There is no account ${accountId}`);
  const { bytes, contentType, traceHeader } = object;
  await sendToBucket(actor, { kind: "account", account, accessKeyId: "" }, "PUT", object, {
    bytes,
    headers: new Headers({
      "content-type": contentType,
      "content-length": String(bytes.byteLength),
      ...(traceHeader !== "" && { "x-amzn-trace-id": traceHeader }),
    }),
  });
}

/** A bucket as its index has it now; undefined where there is none. */
export function findBucketFor(
  { env, deployment }: Pick<BucketActor, "env" | "deployment">,
  name: string,
): Promise<BucketConfig | undefined> {
  const incoming = {
    ...createRequestIds(),
    method: "PUT",
    host: deployment.domain,
    origin: deployment.endpointUrl,
    rawPath: "/",
    rawQuery: "",
    headers: new Headers(),
    body: null,
    clientAddress: undefined,
    witness: {},
  };
  return findBucketConfig(name, { incoming, env, deployment });
}

interface SentBody {
  readonly bytes?: Uint8Array;
  /** Instead, of a length that nobody knows yet: the headers say `transfer-encoding: chunked`. */
  readonly stream?: ReadableStream<Uint8Array>;
  readonly headers?: Headers;
}

/** An S3 request on behalf of somebody, whose rights decide. Throws a ServiceError of S3. */
export async function sendToBucket(
  { env, deployment, defer }: BucketActor,
  identity: Identity,
  method: "HEAD" | "PUT",
  { bucket, key }: Pick<NewObject, "bucket" | "key">,
  { bytes, headers = new Headers(), stream: given }: SentBody = {},
): Promise<S3Result> {
  const stream = given ?? (bytes === undefined ? null : new Response(bytes.slice()).body);
  return serveS3({
    incoming: {
      ...createRequestIds(),
      method,
      host: deployment.domain,
      origin: deployment.endpointUrl,
      rawPath: `/${encodeKey(bucket)}${key === "" ? "" : `/${encodeKey(key)}`}`,
      rawQuery: "",
      headers,
      body: stream,
      clientAddress: undefined,
      witness: {},
    },
    address: { service: "s3", bucket, key, virtualHosted: false },
    identity,
    payload: { stream, length: given ? undefined : (bytes?.byteLength ?? 0), trailerNames: [], trailers: new Map() },
    env,
    deployment,
    defer,
    onMatch: () => undefined,
  });
}
