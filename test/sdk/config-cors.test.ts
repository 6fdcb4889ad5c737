import { createHash } from "node:crypto";
import {
  type CORSRule,
  DeleteBucketCorsCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  GetObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

const PAGE = "https://app.example.com";
const VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
const RULES: CORSRule[] = [
  {
    AllowedOrigins: ["https://*.example.com"],
    AllowedMethods: ["GET", "PUT"],
    AllowedHeaders: ["X-Amz-*", "content-type"],
    ExposeHeaders: ["ETag", "x-amz-version-id"],
    MaxAgeSeconds: 3000,
  },
  { AllowedOrigins: ["*"], AllowedMethods: ["HEAD"] },
  { AllowedOrigins: ["http://start*end"], AllowedMethods: ["DELETE"] },
];

const putRules = (Bucket: string, CORSRules: CORSRule[]) =>
  client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));

/** The headers of CORS that an answer has, without their common prefix. */
function corsHeaders(headers: Headers): Record<string, string> {
  const found = [...headers].filter(([name]) => name.startsWith("access-control-"));
  return Object.fromEntries(found.map(([name, value]) => [name.slice("access-control-".length), value]));
}

const ALLOWED = {
  "allow-origin": PAGE,
  "allow-methods": "GET, PUT",
  "expose-headers": "ETag, x-amz-version-id",
  "max-age": "3000",
  "allow-credentials": "true",
};

describe.each([1, 2])("a bucket on %i index objects with CORS rules", (shards) => {
  let Bucket: string;
  const KEYS = ["a", "b", "c", "d"];
  beforeAll(async () => {
    Bucket = await makeBucket(client, { shards });
    for (const Key of KEYS) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    await putRules(Bucket, RULES);
  });

  const ask = (method: string, origin: string, headers?: string, key = "a") =>
    fetch(`${verge.endpoint}/${Bucket}/${key}`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": method,
        ...(headers !== undefined && { "access-control-request-headers": headers }),
      },
    });

  test("answers a preflight request", async () => {
    const answer = await ask("PUT", PAGE, "X-Amz-Date, Content-Type");
    expect(answer.status).toBe(200);
    expect(corsHeaders(answer.headers)).toEqual({ ...ALLOWED, "allow-headers": "x-amz-date, content-type" });
    expect(answer.headers.get("vary")).toBe(VARY);
  });

  test("lets any origin do what a rule for all of them allows, without credentials", async () => {
    const answer = await ask("HEAD", "null");
    expect(answer.status).toBe(200);
    expect(corsHeaders(answer.headers)).toEqual({ "allow-origin": "*", "allow-methods": "HEAD" });
  });

  test.each([
    ["http://startend", 200],
    ["http://start-and-end", 200],
    ["http://startendless", 403],
    ["http://staend", 403],
    ["x-http://startend", 403],
  ])("compares the origin %s with a wildcard", async (origin, status) => {
    expect((await ask("DELETE", origin)).status).toBe(status);
  });

  test.each([
    ["another origin", "GET", "https://example.com", undefined],
    ["another scheme", "GET", "http://app.example.com", undefined],
    ["another method", "DELETE", PAGE, undefined],
    ["another header", "PUT", PAGE, "content-type, x-other"],
  ])("refuses %s", async (_, method, origin, headers) => {
    const answer = await ask(method, origin, headers);
    expect(answer.status).toBe(403);
    expect(corsHeaders(answer.headers)).toEqual({});
    const text = await answer.text();
    expect(text).toContain("<Code>AccessForbidden</Code>");
    expect(text).toContain("CORSResponse: This CORS request is not allowed.");
  });

  test("answers the preflight request of a presigned URL, and then the request", async () => {
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: "a" }));
    const preflight = { origin: PAGE, "access-control-request-method": "GET" };
    const asked = await fetch(url, { method: "OPTIONS", headers: preflight });
    expect([asked.status, corsHeaders(asked.headers)]).toEqual([200, ALLOWED]);
    const got = await fetch(url, { headers: { origin: PAGE } });
    expect([got.status, await got.text(), corsHeaders(got.headers)]).toEqual([200, "a", ALLOWED]);
    expect(got.headers.get("vary")).toBe(VARY);
  });

  test("lets a page read answers, errors among them, but not every page", async () => {
    const get = (target: string, origin: string) => signedFetch(verge, { target, headers: { origin } });
    expect(corsHeaders((await get(`/${Bucket}?list-type=2`, PAGE)).headers)).toEqual(ALLOWED);
    const missing = await get(`/${Bucket}/none`, PAGE);
    expect([missing.status, corsHeaders(missing.headers)]).toEqual([404, ALLOWED]);
    const denied = await fetch(`${verge.endpoint}/${Bucket}/a`, { headers: { origin: PAGE } });
    expect([denied.status, corsHeaders(denied.headers)]).toEqual([403, ALLOWED]);
    const other = await get(`/${Bucket}/a`, "https://elsewhere.example");
    expect([other.status, corsHeaders(other.headers), other.headers.get("vary")]).toEqual([200, {}, VARY]);
  });

  test("tells caches that the answer depends on the origin, also where none was named", async () => {
    const answer = await signedFetch(verge, { target: `/${Bucket}/a` });
    expect([answer.headers.get("vary"), corsHeaders(answer.headers)]).toEqual([VARY, {}]);
  });

  test("has a change in force at once, whichever index object holds the key", async () => {
    for (const round of [1, 2, 3]) {
      const origin = `https://round-${round}.test`;
      await putRules(Bucket, [{ AllowedOrigins: [origin], AllowedMethods: ["GET"] }]);
      for (const key of KEYS) {
        const got = await signedFetch(verge, { target: `/${Bucket}/${key}`, headers: { origin } });
        expect(got.headers.get("access-control-allow-origin")).toBe(origin);
        expect((await ask("GET", origin, undefined, key)).status).toBe(200);
        expect((await ask("GET", PAGE, undefined, key)).status).toBe(403);
      }
    }
    await client.send(new DeleteBucketCorsCommand({ Bucket }));
    const refused = await ask("GET", "https://round-3.test");
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining("CORS is not enabled")]);
  });
});

test("one bucket's rules never answer for another", async () => {
  const [one, other] = [await makeBucket(client), await makeBucket(client)];
  await putRules(one, [{ AllowedOrigins: [PAGE], AllowedMethods: ["GET", "PUT"] }]);
  const headers = { origin: PAGE, "access-control-request-method": "GET" };
  expect((await fetch(`${verge.endpoint}/${other}/key`, { method: "OPTIONS", headers })).status).toBe(403);
  const copy = { origin: PAGE, "x-amz-copy-source": `/${one}/key` };
  await client.send(new PutObjectCommand({ Bucket: one, Key: "key", Body: "x" }));
  const copied = await signedFetch(verge, { method: "PUT", target: `/${other}/copy`, headers: copy });
  expect([copied.status, corsHeaders(copied.headers)]).toEqual([200, {}]);
});

test("a body in a document of rules is not run into headers", async () => {
  const Bucket = await makeBucket(client);
  const origin = "<AllowedOrigin>https://a&#13;&#10;x-evil: 1</AllowedOrigin>";
  const body = `<CORSConfiguration><CORSRule>${origin}<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`;
  const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
  expect(await signedFetch(verge, { method: "PUT", target: `/${Bucket}?cors`, body, headers })).toMatchObject({
    status: 400,
    code: "MalformedXML",
  });
});
