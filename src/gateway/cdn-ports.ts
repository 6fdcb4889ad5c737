import type { Identity } from "../auth/identity.ts";
import type { CdnPorts, OriginRequest, Signer } from "../cdn/origin/origin-request.ts";
import { ServiceError } from "../lib/errors.ts";
import { decodePercent } from "../lib/percent.ts";
import { formatDistributionArn } from "../metadata/cdn/ids.ts";
import type { S3Result } from "../s3/call.ts";
import type { ActingResource } from "../s3/condition-keys.ts";
import { s3Error } from "../s3/errors.ts";
import { createEdgeFunctionPorts } from "./edge-functions.ts";
import { answerFunctionUrl } from "./function-url.ts";
import type { Incoming, RawIncoming } from "./incoming.ts";
import type { LambdaRequest } from "./lambda.ts";
import { createProtectionPorts } from "./protection-ports.ts";
import { callShield } from "./call-shield.ts";
import { renderS3Error, renderS3Result } from "./s3-response.ts";
import { serveS3 } from "./s3.ts";
import { readWebsite } from "./website.ts";

/** What a distribution may do to a bucket. */
const READ_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
/** Of what a request in the name of the distribution may ask: the object itself, or a version of it. */
const SIGNED_PARAMETERS = /^(?:versionId|partNumber)=/;
const DEFAULT_PORTS = { http: 80, https: 443 };

/** How the CDN reaches origins, for one request. */
export function createCdnPorts(request: LambdaRequest): CdnPorts {
  return {
    ...createEdgeFunctionPorts(request),
    ...createProtectionPorts(request.env),
    fetchNetwork,
    callShield: (call) => callShield(request, call),
    callBucket: (call, bucket, signer) => callBucket(request, call, bucket, signer),
    callWebsite: (call, bucket) => callWebsite(request, call, bucket),
    callFunctionUrl: (call, urlId, signer) =>
      answerFunctionUrl({
        ...request,
        incoming: toIncoming(request.incoming, call),
        address: { service: "function-url", urlId, rawPath: call.path },
        onMatch: () => undefined,
        ...(signer && { distribution: signer }),
      }),
    defer: request.defer,
  };
}

/**
 * The network. Redirects are the viewer's to follow, encoded bodies stay as they are, and Cloudflare's own cache
 * keeps out: this product's decides. Private addresses are a laptop's origins; the platform's network has none.
 */
function fetchNetwork({
  method,
  protocol,
  host,
  port,
  path,
  query,
  headers,
  body,
  signal,
}: OriginRequest): Promise<Response> {
  const authority = port === DEFAULT_PORTS[protocol] ? host : `${host}:${port}`;
  return fetch(`${protocol}://${authority}${path}${query === "" ? "" : `?${query}`}`, {
    method,
    headers,
    body,
    signal,
    redirect: "manual",
    encodeResponseBody: "manual",
    cf: { cacheTtl: -1 },
  });
}

/**
 * A bucket of this deployment, within this request: no signature exists that could leak. In the name of an account
 * its own objects can be read and nothing else; otherwise what anybody may read.
 */
async function callBucket(
  { incoming, env, deployment, defer }: LambdaRequest,
  call: OriginRequest,
  bucket: string,
  signer: Signer | undefined,
): Promise<Response> {
  const own = toIncoming(incoming, call);
  try {
    if (!READ_METHODS.has(call.method)) throw s3Error("MethodNotAllowed");
    const key = decodePercent(call.path.slice(1));
    const account = signer && (await deployment.directory.findAccount(signer.accountId));
    // Listing a bucket is not reading an object, and neither are its sub-resources.
    if (account && key === "") throw s3Error("AccessDenied");
    const identity: Identity = account ? { kind: "account", account, accessKeyId: "" } : { kind: "anonymous" };
    const rawQuery = account ? keepSignedParameters(call.query) : call.query;
    const result = await serveS3({
      incoming: { ...own, rawQuery },
      address: { service: "s3", bucket, key, virtualHosted: true },
      identity,
      ...(signer && { actingFor: actingResource(signer) }),
      env,
      deployment,
      defer,
      onMatch: () => undefined,
    });
    return renderWithLength(result, own);
  } catch (error) {
    if (error instanceof ServiceError) return renderS3Error(error, own);
    throw error;
  }
}

function actingResource({ accountId, distributionId }: Signer): ActingResource {
  return { arn: formatDistributionArn(accountId, distributionId), accountId };
}

/** The website of a bucket, within this request. It answers anybody alike, and in HTML whatever happens. */
async function callWebsite(
  { incoming, env, deployment, defer }: LambdaRequest,
  call: OriginRequest,
  bucket: string,
): Promise<Response> {
  const own = toIncoming(incoming, call);
  const result = await readWebsite({
    incoming: own,
    address: { bucket, key: decodePercent(call.path.slice(1)) },
    env,
    deployment,
    defer,
    onMatch: () => undefined,
  });
  return renderWithLength(result, own);
}

/** Whether to compress, and whether a body is whole, is decided by its length. */
function renderWithLength(result: S3Result, own: RawIncoming): Response {
  const response = renderS3Result(result, own);
  if (result.length !== undefined) response.headers.set("content-length", String(result.length));
  return response;
}

function keepSignedParameters(query: string): string {
  return query
    .split("&")
    .filter((pair) => SIGNED_PARAMETERS.test(pair))
    .join("&");
}

function toIncoming(incoming: Incoming, call: OriginRequest): RawIncoming {
  return {
    ...incoming,
    method: call.method,
    host: call.host,
    origin: `${call.protocol}://${call.host}`,
    rawPath: call.path,
    rawQuery: call.query,
    headers: call.headers,
    body: call.body,
  };
}
