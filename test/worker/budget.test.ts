import { createHash } from "node:crypto";
import { createExecutionContext, reset, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { strToU8, zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { signRequest } from "../../src/auth/sigv4/presign.ts";
import { meterEnv, type PlatformOperation } from "../../src/gateway/metering.ts";
import { directoryOf } from "../../src/metadata/registry/directory.ts";
import worker from "../../src/worker.ts";

/**
 * The budget of platform operations per call (docs/cost.md), counted through wrapped bindings. Rows written
 * are counted inside the index object: bucket/writing.test.ts.
 */
const ORIGIN = "http://localhost";
const SMALL = "x".repeat(1024);
const LARGE = "y".repeat(100_000);

let counted: PlatformOperation[] = [];
const metered = meterEnv(env, (operation) => counted.push(operation));

async function send(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
  service: "s3" | "lambda" = "s3",
  mayFail = false,
): Promise<Response> {
  const url = ORIGIN + path;
  const signature = signRequest({
    method,
    url,
    region: "us-east-1",
    service,
    accessKeyId: env.VERGE_ROOT_ACCESS_KEY_ID!,
    secretAccessKey: env.VERGE_ROOT_SECRET_ACCESS_KEY!,
    now: Date.now(),
    payloadSha256:
      service === "s3"
        ? "UNSIGNED-PAYLOAD"
        : createHash("sha256")
            .update(body ?? "")
            .digest("hex"),
    headers,
  });
  const length = body === undefined ? {} : { "content-length": String(body.length) };
  const request = new Request(url, {
    method,
    headers: { host: "localhost", ...headers, ...signature, ...length },
    ...(body === undefined ? {} : { body }),
  });
  const context = createExecutionContext();
  const response = await worker.fetch(request, metered, context);
  const text = await response.clone().text();
  // Records of invocations wait for company: they are written in batches, some seconds later.
  if (service === "s3") await waitOnExecutionContext(context);
  if (response.status >= 400 && !mayFail) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return response;
}

/** What one call costs, by kind of operation. */
async function cost(call: () => Promise<Response>): Promise<Partial<Record<PlatformOperation, number>>> {
  counted = [];
  await call();
  const sums: Partial<Record<PlatformOperation, number>> = {};
  for (const operation of counted) sums[operation] = (sums[operation] ?? 0) + 1;
  return sums;
}

async function createUpload(key: string): Promise<string> {
  const response = await send("POST", `/budget/${key}?uploads`);
  return /<UploadId>(.+?)<\/UploadId>/.exec(await response.text())![1]!;
}

const INDEX_ALONE = { "durable-object": 1 };

describe("platform operations per call, in a warm isolate", () => {
  beforeEach(async () => {
    await send("PUT", "/budget");
    // The isolate learns the bucket's name.
    await send("PUT", "/budget/small", SMALL);
    await send("PUT", "/budget/large", LARGE);
  });
  afterEach(() => reset());

  it("PutObject: one index call, and one R2 write unless the body is inline", async () => {
    expect(await cost(() => send("PUT", "/budget/a", SMALL))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("PUT", "/budget/b", LARGE))).toEqual({ ...INDEX_ALONE, "r2-class-a": 1 });
    expect(await cost(() => send("PUT", "/budget/b", LARGE))).toEqual({ ...INDEX_ALONE, "r2-class-a": 1 });
  });

  it("PutObject in a bucket that notifies somebody: no call more; the event leaves the index by itself", async () => {
    const document = `<NotificationConfiguration><CloudFunctionConfiguration>
      <CloudFunction>arn:aws:lambda:us-east-1:000000000001:function:none</CloudFunction><Event>s3:ObjectCreated:*</Event>
    </CloudFunctionConfiguration></NotificationConfiguration>`;
    await send("PUT", "/budget?notification", document, { "x-amz-skip-destination-validation": "true" });
    expect(await cost(() => send("PUT", "/budget/a", SMALL))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("PUT", "/budget/b", LARGE))).toEqual({ ...INDEX_ALONE, "r2-class-a": 1 });
  });

  it("PutObject in a bucket that replicates: no call more; the version leaves the index by itself", async () => {
    await send("PUT", "/budget-replica");
    const put = (path: string, document: string) =>
      send("PUT", path, document, { "content-md5": createHash("md5").update(document).digest("base64") });
    const versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    for (const bucket of ["budget", "budget-replica"]) await put(`/${bucket}?versioning`, versioning);
    const { id } = await directoryOf(env).findRootAccount();
    await put(
      "/budget?replication",
      `<ReplicationConfiguration><Role>arn:aws:iam::${id}:role/r</Role><Rule><Prefix></Prefix><Status>Enabled</Status>
        <Destination><Bucket>arn:aws:s3:::budget-replica</Bucket></Destination></Rule></ReplicationConfiguration>`,
    );
    expect(await cost(() => send("PUT", "/budget/a", SMALL))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("PUT", "/budget/b", LARGE))).toEqual({ ...INDEX_ALONE, "r2-class-a": 1 });
  });

  it("a bucket with a policy and ACLs: no call more, for the owner and for anybody", async () => {
    const ownership =
      "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";
    const contentMd5 = createHash("md5").update(ownership).digest("base64");
    await send("PUT", "/budget?ownershipControls", ownership, { "content-md5": contentMd5 });
    await send("DELETE", "/budget?publicAccessBlock");
    const Statement = {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::budget/*",
      Condition: { StringNotEquals: { "s3:ExistingObjectTag/secret": "yes" } },
    };
    await send("PUT", "/budget?policy", JSON.stringify({ Version: "2012-10-17", Statement }));
    const readUnsigned = async () => {
      const context = createExecutionContext();
      const request = new Request(`${ORIGIN}/budget/small`, { headers: { host: "localhost" } });
      const response = await worker.fetch(request, metered, context);
      await response.clone().text();
      await waitOnExecutionContext(context);
      expect(response.status).toBe(200);
      return response;
    };
    // What is blocked for the account is learnt once.
    await readUnsigned();
    expect(await cost(readUnsigned)).toEqual(INDEX_ALONE);
    expect(await cost(() => send("GET", "/budget/small"))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("PUT", "/budget/a", SMALL))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("DELETE", "/budget/small"))).toEqual(INDEX_ALONE);
  });

  it("a bucket with versions, object lock and lifecycle rules: no call more", async () => {
    const checked = async (target: string, document: string) => {
      const contentMd5 = createHash("md5").update(document).digest("base64");
      await send("PUT", `/budget?${target}`, document, { "content-md5": contentMd5 });
    };
    await checked("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
    const retention = "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>";
    const lock = `<ObjectLockEnabled>Enabled</ObjectLockEnabled>${retention}`;
    await checked("object-lock", `<ObjectLockConfiguration>${lock}</ObjectLockConfiguration>`);
    const rule = "<Rule><Filter/><Status>Enabled</Status><Expiration><Days>9</Days></Expiration></Rule>";
    await checked("lifecycle", `<LifecycleConfiguration>${rule}</LifecycleConfiguration>`);
    const put = await send("PUT", "/budget/small", SMALL);
    const versionId = put.headers.get("x-amz-version-id");
    expect(await cost(() => send("PUT", "/budget/small", SMALL))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("PUT", "/budget/large", LARGE))).toEqual({ ...INDEX_ALONE, "r2-class-a": 1 });
    expect(await cost(() => send("GET", `/budget/small?versionId=${versionId}`))).toEqual(INDEX_ALONE);
    const bypass = { "x-amz-bypass-governance-retention": "true" };
    const remove = () => send("DELETE", `/budget/small?versionId=${versionId}`, undefined, bypass);
    expect(await cost(remove)).toEqual(INDEX_ALONE);
    expect(await cost(() => send("DELETE", "/budget/small"))).toEqual(INDEX_ALONE);
  });

  it("the audit trail: nothing for data calls that succeed, one call after the answer for what is recorded", async () => {
    await send("PUT", "/budget/key", SMALL);
    expect(await cost(() => send("GET", "/budget/key"))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("PUT", "/budget/key", SMALL))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("GET", "/budget?acl"))).toEqual({ "durable-object": 2 });
    // Refused before the index is asked: what remains is the record.
    const refused = () => send("PUT", "/budget?tagging=", "no document", {}, "s3", true);
    expect(await cost(refused)).toEqual({ "durable-object": 1 });
  });

  it("PutObject of a conditional body: one more index call before the upload", async () => {
    const put = () => send("PUT", "/budget/c", LARGE, { "if-none-match": "*" });
    expect(await cost(put)).toEqual({ "durable-object": 2, "r2-class-a": 1 });
  });

  it("GetObject: one index call, and at most one R2 read; none when inline or hot", async () => {
    expect(await cost(() => send("GET", "/budget/small"))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("GET", "/budget/large"))).toEqual({ ...INDEX_ALONE, "r2-class-b": 1 });
    await send("GET", "/budget/large");
    expect(await cost(() => send("GET", "/budget/large"))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("GET", "/budget/large", undefined, { range: "bytes=5-9" }))).toEqual(INDEX_ALONE);
  });

  it("HeadObject, ListObjects, GetObjectAttributes: one index call", async () => {
    expect(await cost(() => send("HEAD", "/budget/large"))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("GET", "/budget?list-type=2"))).toEqual(INDEX_ALONE);
    expect(await cost(() => send("GET", "/budget?versions"))).toEqual(INDEX_ALONE);
    const headers = { "x-amz-object-attributes": "ETag,ObjectSize" };
    expect(await cost(() => send("GET", "/budget/large?attributes", undefined, headers))).toEqual(INDEX_ALONE);
  });

  it("CopyObject inside an index: one call; DeleteObject: one call", async () => {
    const copy = () => send("PUT", "/budget/copy", undefined, { "x-amz-copy-source": "/budget/large" });
    expect(await cost(copy)).toEqual(INDEX_ALONE);
    expect(await cost(() => send("DELETE", "/budget/copy"))).toEqual(INDEX_ALONE);
  });

  it("CopyObject across indexes: two calls, no byte moved", async () => {
    await send("PUT", "/budget-other");
    const copy = () => send("PUT", "/budget-other/copy", undefined, { "x-amz-copy-source": "/budget/large" });
    await copy();
    expect(await cost(copy)).toEqual({ "durable-object": 2 });
  });

  it("multipart: one R2 write and one index call a part, one index call to complete", async () => {
    const uploadId = await createUpload("parts");
    const part = () => send("PUT", `/budget/parts?partNumber=1&uploadId=${encodeURIComponent(uploadId)}`, LARGE);
    expect(await cost(part)).toEqual({ ...INDEX_ALONE, "r2-class-a": 1 });
    const etag = (await part()).headers.get("etag");
    const list = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
    const complete = () => send("POST", `/budget/parts?uploadId=${encodeURIComponent(uploadId)}`, list);
    expect(await cost(complete)).toEqual(INDEX_ALONE);
  });

  it("DeleteObjects: one index call for all its keys", async () => {
    const list = `<Delete>${["small", "large", "none"].map((key) => `<Object><Key>${key}</Key></Object>`).join("")}</Delete>`;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(list));
    const headers = { "x-amz-checksum-sha256": Buffer.from(digest).toString("base64") };
    expect(await cost(() => send("POST", "/budget?delete", list, headers))).toEqual(INDEX_ALONE);
  });
});

describe("an invocation in a warm environment", () => {
  afterEach(() => reset());

  const call = (method: string, path: string, body: object) => send(method, path, JSON.stringify(body), {}, "lambda");

  it("asks neither storage nor a Durable Object nor a queue; one object if concurrency is reserved", async () => {
    const ZipFile = Buffer.from(zipSync({ "index.js": strToU8("exports.handler = async (event) => event;") }));
    await call("POST", "/2015-03-31/functions", {
      FunctionName: "budget",
      Runtime: "nodejs24.x",
      Role: "arn:aws:iam::123456789012:role/budget",
      Handler: "index.handler",
      Timeout: 30,
      Code: { ZipFile: ZipFile.toString("base64") },
    });
    const invoke = () => call("POST", "/2015-03-31/functions/budget/invocations", { a: 1 });
    expect(await (await invoke()).json()).toEqual({ a: 1 });
    expect(await cost(invoke)).toEqual({});
    await call("PUT", "/2017-10-31/functions/budget/concurrency", { ReservedConcurrentExecutions: 5 });
    await invoke();
    expect(await cost(invoke)).toEqual(INDEX_ALONE);
  });
});
