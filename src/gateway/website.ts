import type { Identity } from "../auth/identity.ts";
import { ServiceError } from "../lib/errors.ts";
import { encodeKey } from "../lib/percent.ts";
import type { S3Result } from "../s3/call.ts";
import { s3Error } from "../s3/errors.ts";
import { renderErrorPage } from "../s3/website/error-page.ts";
import { serveWebsite } from "../s3/website/serve-website.ts";
import { renderS3Result } from "./s3-response.ts";
import { readDocuments, type S3Request, serveS3 } from "./s3.ts";

export type WebsiteEndpointRequest = Omit<S3Request, "address"> & {
  readonly address: { readonly bucket: string; readonly key: string };
};

const ANYBODY: Identity = { kind: "anonymous" };
/** Of a browser's request, what a read of an object understands. Nothing of a signature: a website is for anybody. */
const PASSED = [
  "range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "origin",
  "referer",
  "user-agent",
];

/** Answers a request to a bucket's website. */
export async function answerWebsite(request: WebsiteEndpointRequest): Promise<Response> {
  return renderS3Result(await readWebsite(request), request.incoming);
}

/** What a bucket's website answers, in HTML whatever happens. */
export async function readWebsite(request: WebsiteEndpointRequest): Promise<S3Result> {
  const { incoming } = request;
  request.onMatch("Website");
  try {
    return await serve(request);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    incoming.witness.error = error;
    const bodiless = error.status === 304;
    return bodiless ? { status: 304, headers: error.headers } : renderErrorPage(error, incoming);
  }
}

async function serve(request: WebsiteEndpointRequest): Promise<S3Result> {
  const { incoming, address } = request;
  const { method, origin, requestId, hostId } = incoming;
  if (method !== "GET" && method !== "HEAD" && method !== "OPTIONS") {
    throw s3Error("MethodNotAllowed", {
      detail: { Method: method, ResourceType: "OBJECT" },
      headers: { allow: "GET, HEAD, OPTIONS" },
    });
  }
  const read = (key: string) => readObject(request, key);
  if (method === "OPTIONS") return read(address.key);
  const { website } = await readDocuments(address.bucket, request);
  if (!website) throw s3Error("NoSuchWebsiteConfiguration", { detail: { BucketName: address.bucket } });
  return serveWebsite(website, { key: address.key, origin, requestId, hostId, read });
}

function readObject({ incoming, address: { bucket }, ...request }: WebsiteEndpointRequest, key: string) {
  const headers = new Headers(incoming.method === "OPTIONS" ? incoming.headers : []);
  for (const name of incoming.method === "OPTIONS" ? [] : PASSED) {
    const value = incoming.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return serveS3({
    ...request,
    incoming: { ...incoming, rawPath: `/${encodeKey(key)}`, rawQuery: "", headers, body: null },
    address: { service: "s3", bucket, key, virtualHosted: true },
    identity: ANYBODY,
    onMatch: () => undefined,
  });
}
