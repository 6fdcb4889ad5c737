import { request as httpRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { AS_ORIGIN_SAYS, describeBehavior, describeCachePolicy } from "../../support/distribution.ts";
import type { AnswerOrigin } from "../../support/origin.ts";

const cdn = useCdn();

const ok =
  (headers: Record<string, string>): AnswerOrigin =>
  (_request, response) =>
    void response.writeHead(200, { "cache-control": "max-age=60", ...headers }).end("x");

describe("X-Cache and Cache-Status", () => {
  test("call an error an error, wherever it comes from", async () => {
    const { url } = await cdn.install(
      (_request, response) => void response.writeHead(410, { "cache-control": "max-age=60" }).end("gone"),
    );
    for (const cacheStatus of [/^verge; fwd=uri-miss; fwd-status=410; stored$/, /^verge; hit; ttl=\d+$/]) {
      const answer = await ask(`${url}/gone`);
      expect(answer).toMatchObject({ status: 410, from: "Error" });
      expect(answer.headers.get("cache-status")).toMatch(cacheStatus);
    }
  });

  test("name a redirect to HTTPS", async () => {
    const { url } = await cdn.install(ok({}), {
      DefaultCacheBehavior: describeBehavior({ ViewerProtocolPolicy: "redirect-to-https" }),
    });
    expect(await ask(`${url}/p`)).toMatchObject({ status: 301, from: "Redirect" });
  });

  test("say nothing of a cache that was not asked", async () => {
    const { url } = await cdn.install(ok({}));
    const refused = await ask(`${url}/p`, { method: "PROPFIND" });
    expect(refused).toMatchObject({ status: 403, from: "Error" });
    expect(refused.headers.has("cache-status")).toBe(false);
  });

  test("go behind those of caches nearer to the origin", async () => {
    const { url } = await cdn.install(ok({ "cache-status": "inner; hit" }));
    const status = async () => (await ask(`${url}/p`)).headers.get("cache-status");
    expect(await status()).toBe("inner; hit, verge; fwd=uri-miss; fwd-status=200; stored");
    expect(await status()).toMatch(/^inner; hit, verge; hit; ttl=\d+$/);
  });
});

describe("Server-Timing", () => {
  const installTimed = (SamplingRate: number) =>
    cdn.install(
      ok({ "server-timing": "db;dur=7" }),
      { DefaultCacheBehavior: describeBehavior({ ResponseHeadersPolicyId: "timed" }) },
      {
        responseHeadersPolicies: {
          timed: {
            Name: "timed",
            Comment: "",
            RemoveHeadersConfig: [],
            CustomHeadersConfig: [],
            ServerTimingHeadersConfig: { Enabled: true, SamplingRate },
          },
        },
      },
    );

  test("has CloudFront's metrics: after the origin's for a miss, and alone for a hit", async () => {
    const { url } = await installTimed(100);
    const timing = async () => (await ask(`${url}/p`)).headers.get("server-timing");
    expect(await timing()).toMatch(
      /^db;dur=7, cdn-upstream-layer;desc="EDGE",cdn-upstream-fbl;dur=\d+,cdn-cache-miss,cdn-rid;desc="\S+",cdn-downstream-fbl;dur=\d+$/,
    );
    expect(await timing()).toMatch(
      /^cdn-cache-hit,cdn-rid;desc="\S+",cdn-hit-layer;desc="EDGE",cdn-downstream-fbl;dur=\d+$/,
    );
  });

  test("comes for who asks by Pragma, whatever the sampling rate", async () => {
    const { url } = await installTimed(0);
    expect((await ask(`${url}/p`)).headers.get("server-timing")).not.toContain("cdn-");
    const asked = await ask(`${url}/p`, { headers: { pragma: "server-timing" } });
    expect(asked.headers.get("server-timing")).toContain("cdn-cache-hit");
  });
});

describe("what is in no key", () => {
  test("a GET with a body is refused, and its headers do not reach the origin", async () => {
    const { url } = await cdn.install(ok({}));
    const { hostname, port, pathname } = new URL(`${url}/p`);
    const status = await new Promise((resolve, reject) => {
      const headers = { "content-type": "text/evil", "content-length": 4 };
      httpRequest({ hostname, port, path: pathname, method: "GET", headers }, ({ statusCode }) => resolve(statusCode))
        .on("error", reject)
        .end("body");
    });
    expect(status).toBe(403);
    expect(cdn.origin.asked).toEqual([]);
    expect(await ask(`${url}/p`, { headers: { "content-length": "0" } })).toMatchObject({ status: 200 });
  });

  test("scheme and host of a viewer are told to the origin by what policies forward, or where nothing is cached", async () => {
    const { OriginRequestPolicyId: _all, ...plain } = describeBehavior();
    const seen = async (behavior: object, cachePolicies = {}) => {
      const { url } = await cdn.install(ok({}), { DefaultCacheBehavior: { ...plain, ...behavior } }, { cachePolicies });
      await ask(`${url}/p`);
      const { "x-forwarded-host": host, "x-forwarded-proto": scheme } = cdn.origin.asked.at(-1)!.headers;
      return { host, scheme };
    };
    const keep = describeCachePolicy();
    const keyed = (name: string) =>
      describeCachePolicy({}, { HeadersConfig: { HeaderBehavior: "whitelist", Headers: [name] } });
    expect(await seen({}, { [AS_ORIGIN_SAYS]: keep })).toEqual({});
    expect(await seen({}, { [AS_ORIGIN_SAYS]: keyed("Host") })).toEqual({ host: "127.0.0.1" });
    expect(await seen({}, { [AS_ORIGIN_SAYS]: keyed("CloudFront-Forwarded-Proto") })).toEqual({ scheme: "http" });
    const none = describeCachePolicy({ MaxTTL: 0 });
    expect(await seen({}, { [AS_ORIGIN_SAYS]: none })).toEqual({ host: "127.0.0.1", scheme: "http" });
  });
});

test("what an unsafe method has changed is gone in every coding", async () => {
  const policy = describeCachePolicy({}, { EnableAcceptEncodingGzip: true, EnableAcceptEncodingBrotli: true });
  const { url } = await cdn.install(ok({}), {}, { cachePolicies: { [AS_ORIGIN_SAYS]: policy } });
  const codings = ["gzip, br", "gzip", "br", "identity"];
  const read = (accepted: string) => ask(`${url}/p`, { headers: { "accept-encoding": accepted } });
  for (const coding of codings) await read(coding);
  expect((await read("gzip")).from).toBe("Hit");
  await ask(`${url}/p`, { method: "PUT", body: "new", headers: { "accept-encoding": "identity" } });
  for (const coding of codings) expect(await read(coding), coding).toMatchObject({ from: "Miss" });
});
