import { gunzipSync, brotliDecompressSync } from "node:zlib";
import { type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import type { CachePolicyConfig, ResponseHeadersPolicyConfig } from "../../../src/metadata/cdn/policy-configs.ts";
import { ask, useCdn, waitUntil } from "../../support/cdn-fixture.ts";
import {
  describeBehavior,
  describeCachePolicy,
  describeCustomOrigin,
  describeSnapshot,
} from "../../support/distribution.ts";

const cdn = useCdn();

/** A distribution whose behaviour has this cache policy and no origin request policy. */
function withPolicy(
  ttl: Parameters<typeof describeCachePolicy>[0],
  parameters: Partial<CachePolicyConfig["ParametersInCacheKeyAndForwardedToOrigin"]>,
  behavior: Parameters<typeof describeBehavior>[0] = {},
) {
  const { OriginRequestPolicyId: _none, ...base } = describeBehavior({ CachePolicyId: "own", ...behavior });
  return [{ DefaultCacheBehavior: base }, { cachePolicies: { own: describeCachePolicy(ttl, parameters) } }] as const;
}

const ANY_QUERY = { QueryStringsConfig: { QueryStringBehavior: "none" } } as const;

describe("lifetimes", () => {
  test("are the policy's where the origin says nothing", async () => {
    const { url } = await cdn.install(
      (_request, response) => void response.end("x"),
      ...withPolicy({ DefaultTTL: 60 }, {}),
    );
    await ask(`${url}/page`);
    expect((await ask(`${url}/page`)).from).toBe("Hit");
  });

  test("are no shorter than the least, but no-store and private are heeded", async () => {
    const { url } = await cdn.install(
      (request, response) => void response.writeHead(200, { "cache-control": request.url!.slice(1) }).end("x"),
      ...withPolicy({ MinTTL: 60, DefaultTTL: 60 }, {}),
    );
    for (const path of ["/max-age=0", "/no-store", "/private"]) await ask(url + path);
    expect((await ask(`${url}/max-age=0`)).from).toBe("Hit");
    expect((await ask(`${url}/no-store`)).from).toBe("Miss");
    expect((await ask(`${url}/private`)).from).toBe("Miss");
  });

  test("of nothing at all store nothing", async () => {
    const { url } = await cdn.install(
      (_request, response) => void response.writeHead(200, { "cache-control": "max-age=60" }).end("x"),
      ...withPolicy({ MaxTTL: 0 }, {}),
    );
    await ask(`${url}/page`);
    expect((await ask(`${url}/page`)).from).toBe("Miss");
  });

  test.each([
    [404, {}, 1],
    [503, {}, 1],
    [403, {}, 2],
    [403, { "cache-control": "max-age=60" }, 1],
    [400, {}, 2],
  ])("of %i with %o: the origin is asked so often for two viewers", async (status, headers, calls) => {
    const { url } = await cdn.install(
      (_request, response) => void response.writeHead(status, headers).end("no"),
      ...withPolicy({ DefaultTTL: 60 }, {}),
    );
    for (let time = 0; time < 2; time++) expect(await ask(`${url}/e`)).toMatchObject({ status, from: "Error" });
    expect(cdn.origin.asked).toHaveLength(calls);
  });
});

describe("the cache key and what reaches the origin", () => {
  const echo = (request: IncomingMessage, response: ServerResponse) => {
    const { cookie, "x-a": a, "x-b": b } = request.headers;
    response.writeHead(200, { "cache-control": "max-age=60" }).end(JSON.stringify({ url: request.url, cookie, a, b }));
  };

  test("are the query strings, headers and cookies that the policy lists", async () => {
    const policy = withPolicy(
      {},
      {
        QueryStringsConfig: { QueryStringBehavior: "whitelist", QueryStrings: ["size"] },
        HeadersConfig: { HeaderBehavior: "whitelist", Headers: ["X-A"] },
        CookiesConfig: { CookieBehavior: "whitelist", Cookies: ["lang"] },
      },
    );
    const { url } = await cdn.install(echo, ...policy);
    const headers = { "x-a": "1", "x-b": "2", cookie: "session=secret; lang=en" };
    const first = await ask(`${url}/page?utm=1&size=2`, { headers });
    expect(JSON.parse(first.text)).toEqual({ url: "/page?size=2", cookie: "lang=en", a: "1" });
    const same = { "x-a": "1", "x-b": "3", cookie: "lang=en; session=other" };
    expect((await ask(`${url}/page?size=2&utm=9`, { headers: same })).from).toBe("Hit");
    expect((await ask(`${url}/page?size=3`, { headers })).from).toBe("Miss");
    expect((await ask(`${url}/page?size=2`, { headers: { ...headers, "x-a": "2" } })).from).toBe("Miss");
    expect((await ask(`${url}/page?size=2`, { headers: { ...headers, cookie: "lang=de" } })).from).toBe("Miss");
  });

  test("take the first behaviour whose pattern matches the path, however it is spelt", async () => {
    const { url } = await cdn.install(echo, {
      CacheBehaviors: [
        {
          ...describeBehavior({ AllowedMethods: { Items: ["GET", "HEAD"], CachedMethods: ["GET", "HEAD"] } }),
          PathPattern: "/read/*",
        },
        { ...describeBehavior(), PathPattern: "*" },
      ],
    });
    const post = (path: string) => ask(url + path, { method: "POST", body: "x" });
    expect((await post("/read/a")).status).toBe(403);
    expect((await post("/%72ead/a")).status).toBe(403);
    expect((await post("/write/a")).status).toBe(200);
  });
});

describe("compression", () => {
  const text = "compressible ".repeat(500);
  const codings = { EnableAcceptEncodingGzip: true, EnableAcceptEncodingBrotli: true, ...ANY_QUERY };
  const serveText = (_request: unknown, response: ServerResponse) => {
    response.writeHead(200, {
      "cache-control": "max-age=60",
      "content-type": "text/plain",
      "content-length": text.length,
      etag: '"t"',
    });
    response.end(text);
  };
  /** `fetch` decodes by itself. */
  const raw = (url: string, acceptEncoding: string) =>
    new Promise<{ headers: NodeJS.Dict<string | string[]>; bytes: Buffer }>((resolve, reject) => {
      httpRequest(url, { headers: { "accept-encoding": acceptEncoding } }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ headers: response.headers, bytes: Buffer.concat(chunks) }));
      })
        .on("error", reject)
        .end();
    });

  test("is what the viewer takes, and each coding is stored once", async () => {
    const { url } = await cdn.install(serveText, ...withPolicy({}, codings, { Compress: true }));
    for (const time of ["Miss", "Hit"]) {
      const gzip = await raw(`${url}/text`, "gzip");
      expect(gzip.headers).toMatchObject({
        "content-encoding": "gzip",
        "x-cache": `${time} from verge`,
        etag: 'W/"t"',
        vary: "Accept-Encoding",
      });
      expect(gunzipSync(gzip.bytes).toString()).toBe(text);
      const brotli = await raw(`${url}/text`, "deflate, gzip;q=0.8, br");
      expect(brotli.headers).toMatchObject({ "content-encoding": "br", "x-cache": `${time} from verge` });
      expect(brotliDecompressSync(brotli.bytes).toString()).toBe(text);
      const plain = await raw(`${url}/text`, "identity");
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect(plain.bytes.toString()).toBe(text);
    }
    expect(cdn.origin.asked).toHaveLength(3);
  });

  test("is left to the behaviour", async () => {
    const { url } = await cdn.install(serveText, ...withPolicy({}, codings, { Compress: false }));
    expect((await raw(`${url}/text`, "gzip")).headers["content-encoding"]).toBeUndefined();
  });
});

describe("a response headers policy", () => {
  const base: ResponseHeadersPolicyConfig = {
    Name: "p",
    Comment: "",
    CustomHeadersConfig: [],
    RemoveHeadersConfig: [],
  };
  const withHeaders = (policy: Partial<ResponseHeadersPolicyConfig>) =>
    [
      { DefaultCacheBehavior: describeBehavior({ ResponseHeadersPolicyId: "own" }) },
      { responseHeadersPolicies: { own: { ...base, ...policy } } },
    ] as const;
  const serve = (_request: unknown, response: ServerResponse) => {
    response.writeHead(200, { "cache-control": "max-age=60", server: "secret", "x-kept": "origin" }).end("x");
  };

  test("adds, replaces and removes", async () => {
    const { url } = await cdn.install(
      serve,
      ...withHeaders({
        RemoveHeadersConfig: [{ Header: "Server" }],
        CustomHeadersConfig: [
          { Header: "X-Kept", Value: "policy", Override: false },
          { Header: "X-New", Value: "policy", Override: true },
        ],
        SecurityHeadersConfig: {
          FrameOptions: { FrameOption: "DENY", Override: true },
          StrictTransportSecurity: { AccessControlMaxAgeSec: 60, IncludeSubdomains: true, Override: true },
        },
      }),
    );
    for (const from of ["Miss", "Hit"]) {
      const { headers, ...answer } = await ask(`${url}/page`);
      expect(answer.from).toBe(from);
      expect(headers.get("server")).toBeNull();
      expect(headers.get("x-kept")).toBe("origin");
      expect(headers.get("x-new")).toBe("policy");
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("strict-transport-security")).toBe("max-age=60; includeSubDomains");
    }
  });

  test("answers CORS for the origins that it lists, and for each its own", async () => {
    const { url } = await cdn.install(
      serve,
      ...withHeaders({
        CorsConfig: {
          AccessControlAllowOrigins: ["https://*.example.com"],
          AccessControlAllowHeaders: ["*"],
          AccessControlAllowMethods: ["GET"],
          AccessControlAllowCredentials: true,
          AccessControlExposeHeaders: ["ETag"],
          OriginOverride: true,
        },
      }),
    );
    const from = async (origin: string) => (await ask(`${url}/page`, { headers: { origin } })).headers;
    const good = await from("https://shop.example.com");
    expect(good.get("access-control-allow-origin")).toBe("https://shop.example.com");
    expect(good.get("access-control-allow-credentials")).toBe("true");
    expect(good.get("vary")).toBe("Origin");
    expect((await from("https://shop.example.com.evil.test")).get("access-control-allow-origin")).toBeNull();
    expect((await from("https://evil.test/.example.com")).get("access-control-allow-origin")).toBeNull();
  });
});

describe("requests that go no further", () => {
  const neverAsked = () => {
    throw new Error("The origin was asked.");
  };

  test("come by HTTP where HTTPS is wanted", async () => {
    const redirect = await cdn.install(neverAsked, {
      DefaultCacheBehavior: describeBehavior({ ViewerProtocolPolicy: "redirect-to-https" }),
    });
    const answer = await ask(`${redirect.url}/a?b=c`);
    expect([answer.status, answer.headers.get("location")]).toEqual([
      301,
      `${redirect.url.replace("http:", "https:")}/a?b=c`,
    ]);
    expect(answer.text).toContain("<h1>301 Moved Permanently</h1>");
    expect(await ask(`${redirect.url}/a`, { method: "HEAD" })).toMatchObject({ status: 301, text: "" });
    const only = await cdn.install(neverAsked, {
      DefaultCacheBehavior: describeBehavior({ ViewerProtocolPolicy: "https-only" }),
    });
    expect((await ask(`${only.url}/a`)).status).toBe(403);
  });

  test("name no distribution, or one that is disabled", async () => {
    expect((await ask(`${cdn.verge.endpoint}/_cdn/E0NOSUCHTHING0/`)).status).toBe(404);
    const disabled = await cdn.install(neverAsked, {}, { enabled: false });
    expect((await ask(`${disabled.url}/`)).status).toBe(403);
  });
});

test("the default root object answers for the root alone", async () => {
  const { url } = await cdn.install((request, response) => void response.end(request.url), {
    DefaultRootObject: "index.html",
  });
  expect((await ask(`${url}/`)).text).toBe("/index.html");
  expect((await ask(`${url}/folder/`)).text).toBe("/folder/");
});

test("a distribution answers by its host as well", async () => {
  const { id } = await cdn.install(
    (request, response) => void response.end(String(request.headers["x-forwarded-host"])),
  );
  const { hostname, port } = new URL(cdn.verge.endpoint);
  const text = await new Promise<string>((resolve, reject) => {
    httpRequest({ hostname, port, headers: { host: `${id.toLowerCase()}.cdn.localhost` } }, (response) => {
      response.setEncoding("utf8").on("data", resolve);
    })
      .on("error", reject)
      .end();
  });
  expect(text).toBe(`${id.toLowerCase()}.cdn.localhost`);
});

test("an origin that leads back is recognised", async () => {
  const { id, url, install } = await cdn.install((_request, response) => void response.end());
  const port = Number(new URL(cdn.verge.endpoint).port);
  const origin = describeCustomOrigin(port, { OriginPath: `/_cdn/${id}` });
  await install(describeSnapshot(id, { Origins: [origin] }));
  await waitUntil(async () => (await ask(`${url}/loop`)).status !== 200);
  expect((await ask(`${url}/loop`)).status).toBe(508);
});
