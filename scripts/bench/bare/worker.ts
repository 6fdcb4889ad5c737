import type { Credential } from "../../../src/auth/identity.ts";
import { verifySignature } from "../../../src/auth/sigv4/verify.ts";
import { ServiceError } from "../../../src/lib/errors.ts";
import { escapeText } from "../../../src/lib/xml.ts";

/**
 * What one writes who puts an S3 front before R2 and wants nothing of what Verge adds: the same signature
 * check, then one call of the R2 binding for each request. The yardstick of `npm run bench`.
 */
interface Env {
  readonly OBJECTS: R2Bucket;
  readonly UPLOADS: R2Bucket;
  readonly LISTING: R2Bucket;
  readonly ACCESS_KEY_ID: string;
  readonly SECRET_ACCESS_KEY: string;
}

interface Target {
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly bucket: string;
  readonly key: string;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    try {
      const target = readTarget(request.url);
      await verify(request, target, env);
      return await answer(request, target, env);
    } catch (error) {
      if (error instanceof ServiceError) return xmlResponse(error.status, errorXml(error.code, error.message));
      throw error;
    }
  },
} satisfies ExportedHandler<Env>;

function readTarget(url: string): Target {
  const slash = url.indexOf("/", url.indexOf("://") + 3);
  const question = url.indexOf("?", slash);
  const rawPath = question < 0 ? url.slice(slash) : url.slice(slash, question);
  const rawQuery = question < 0 ? "" : url.slice(question + 1);
  const [, bucket = "", ...key] = rawPath.split("/");
  return { rawPath, rawQuery, bucket, key: decodeURIComponent(key.join("/")) };
}

async function verify(request: Request, { rawPath, rawQuery }: Target, env: Env): Promise<void> {
  const { method, headers } = request;
  await verifySignature(
    { method, rawPath, rawQuery, headers },
    {
      service: ["s3"],
      region: "us-east-1",
      now: Date.now(),
      findCredential: async (accessKeyId) => (accessKeyId === env.ACCESS_KEY_ID ? credentialOf(env) : undefined),
    },
  );
}

function credentialOf(env: Env): Credential {
  return {
    accessKeyId: env.ACCESS_KEY_ID,
    secretAccessKey: env.SECRET_ACCESS_KEY,
    status: "Active",
    account: { id: "000000000000", canonicalId: "0".repeat(64), displayName: "root", email: "", root: true },
  };
}

async function answer(request: Request, target: Target, env: Env): Promise<Response> {
  const bucket = findBucket(target.bucket, env);
  if (bucket === undefined) throw new ServiceError("NoSuchBucket", 404, "The specified bucket does not exist");
  if (target.key === "") {
    // The bindings exist: creating a bucket has nothing to do.
    return request.method === "PUT" ? new Response(null) : listObjects(bucket, target);
  }
  switch (request.method) {
    case "GET":
      return getObject(bucket, target.key);
    case "HEAD":
      return headObject(bucket, target.key);
    case "PUT":
      return putObject(bucket, target.key, request);
    default:
      throw new ServiceError("NotImplemented", 501, "Not part of the comparison");
  }
}

function findBucket(name: string, env: Env): R2Bucket | undefined {
  switch (name) {
    case "objects":
      return env.OBJECTS;
    case "uploads":
      return env.UPLOADS;
    case "listing":
      return env.LISTING;
  }
}

async function getObject(bucket: R2Bucket, key: string): Promise<Response> {
  const object = await bucket.get(key);
  if (object === null) throw noSuchKey();
  return new Response(object.body, { headers: objectHeaders(object) });
}

async function headObject(bucket: R2Bucket, key: string): Promise<Response> {
  const object = await bucket.head(key);
  if (object === null) throw noSuchKey();
  return new Response(null, { headers: { ...objectHeaders(object), "content-length": String(object.size) } });
}

async function putObject(bucket: R2Bucket, key: string, request: Request): Promise<Response> {
  const contentType = request.headers.get("content-type") ?? "binary/octet-stream";
  const stored = await bucket.put(key, request.body, { httpMetadata: { contentType } });
  return new Response(null, { headers: { etag: stored.httpEtag } });
}

function objectHeaders(object: R2Object): Record<string, string> {
  return {
    "accept-ranges": "bytes",
    "content-type": object.httpMetadata?.contentType ?? "binary/octet-stream",
    etag: object.httpEtag,
    "last-modified": object.uploaded.toUTCString(),
  };
}

/** ListObjectsV2 without a delimiter. */
async function listObjects(bucket: R2Bucket, { bucket: name, rawQuery }: Target): Promise<Response> {
  const query = new URLSearchParams(rawQuery);
  const prefix = query.get("prefix") ?? "";
  const startAfter = query.get("start-after") ?? "";
  const limit = Number(query.get("max-keys") ?? 1000);
  const page = await bucket.list({ prefix, limit, ...(startAfter !== "" && { startAfter }) });
  let entries = "";
  for (const object of page.objects) {
    entries +=
      `<Contents><Key>${escapeText(object.key)}</Key><LastModified>${object.uploaded.toISOString()}</LastModified>` +
      `<ETag>&quot;${object.etag}&quot;</ETag><Size>${object.size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
  }
  const token = page.truncated ? `<NextContinuationToken>${escapeText(page.cursor)}</NextContinuationToken>` : "";
  return xmlResponse(
    200,
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
      `<Name>${escapeText(name)}</Name><Prefix>${escapeText(prefix)}</Prefix><StartAfter>${escapeText(startAfter)}</StartAfter>` +
      `<KeyCount>${page.objects.length}</KeyCount><MaxKeys>${limit}</MaxKeys><IsTruncated>${page.truncated}</IsTruncated>` +
      `${token}${entries}</ListBucketResult>`,
  );
}

function noSuchKey(): ServiceError {
  return new ServiceError("NoSuchKey", 404, "The specified key does not exist.");
}

function errorXml(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeText(message)}</Message></Error>`;
}

function xmlResponse(status: number, body: string): Response {
  return new Response(body, { status, headers: { "content-type": "application/xml" } });
}
