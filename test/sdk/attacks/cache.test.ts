import type { IncomingMessage, ServerResponse } from "node:http";
import { request as httpRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { ALL_VIEWER, describeBehavior, describeCachePolicy } from "../../support/distribution.ts";

// What shared caches were made to tell the wrong person, or to keep for everybody.
const cdn = useCdn();

/** Stores for a day whatever does not say otherwise: the careless configuration that attacks live on. */
const CARELESS = [
  { DefaultCacheBehavior: describeBehavior({ CachePolicyId: "careless", OriginRequestPolicyId: ALL_VIEWER }) },
  { cachePolicies: { careless: describeCachePolicy({ MinTTL: 1, DefaultTTL: 86_400 }) } },
] as const;

/** Answers who asked, by the cookie. */
function greet(headers: Record<string, string>) {
  return (request: IncomingMessage, response: ServerResponse) => {
    response
      .writeHead(200, { "content-type": "text/html", ...headers })
      .end(`hello ${request.headers.cookie ?? "nobody"}`);
  };
}

const as = (who: string) => ({ headers: { cookie: who } });

describe("one user's answer for another", () => {
  test.each(["private", "private, max-age=600", 'no-store, max-age="600"', "Max-Age=600, PRIVATE", "no-store"])(
    "Cache-Control: %s is heeded, whatever the distribution's least lifetime",
    async (value) => {
      const { url } = await cdn.install(greet({ "cache-control": value }), ...CARELESS);
      await ask(`${url}/home`, as("alice"));
      expect((await ask(`${url}/home`, as("bob"))).text).toBe("hello bob");
    },
  );

  test("a Set-Cookie without a lifetime of its own is not shared", async () => {
    const { url } = await cdn.install(greet({ "set-cookie": "session=alice" }), ...CARELESS);
    await ask(`${url}/login`, as("alice"));
    const other = await ask(`${url}/login`, as("bob"));
    expect([other.text, other.from]).toEqual(["hello bob", "Miss"]);
  });

  test("an answer to a request with Authorization is stored only if it says so", async () => {
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      const value = request.url === "/open" ? "public, max-age=600" : "max-age=600";
      response.writeHead(200, { "cache-control": value }).end(request.headers.authorization);
    };
    const { url } = await cdn.install(serve, ...CARELESS);
    const by = (authorization: string) => ({ headers: { authorization } });
    await ask(`${url}/account`, by("Bearer alice"));
    expect((await ask(`${url}/account`, by("Bearer bob"))).text).toBe("Bearer bob");
    await ask(`${url}/open`, by("Bearer alice"));
    expect((await ask(`${url}/open`, by("Bearer bob"))).from).toBe("Hit");
  });

  test.each(["Cookie", "Authorization, Cookie", "*"])("Vary: %s keeps them apart", async (vary) => {
    const { url } = await cdn.install(greet({ "cache-control": "public, max-age=600", vary }), ...CARELESS);
    await ask(`${url}/home`, as("alice"));
    expect((await ask(`${url}/home`, as("bob"))).text).toBe("hello bob");
    expect((await ask(`${url}/home`)).text).toBe("hello nobody");
  });

  test("a page that pretends to be a file is not kept", async () => {
    const { url } = await cdn.install(greet({}), ...CARELESS);
    for (const path of ["/account/x.css", "/account/y.JPG", "/account/z.js"]) {
      await ask(url + path, as("alice"));
      expect((await ask(url + path, as("bob"))).text).toBe("hello bob");
    }
  });
});

describe("poison for everybody", () => {
  const reflect = (request: IncomingMessage, response: ServerResponse) => {
    const { "x-forwarded-host": host, "x-original-url": original, "x-evil": evil } = request.headers;
    response
      .writeHead(200, { "cache-control": "max-age=600" })
      .end(JSON.stringify({ host, original, evil, url: request.url }));
  };
  const NO_REQUEST_POLICY = (() => {
    const { OriginRequestPolicyId: _none, ...behavior } = describeBehavior();
    return { DefaultCacheBehavior: behavior };
  })();

  test("headers that are not in the key do not reach the origin", async () => {
    const { url } = await cdn.install(reflect, NO_REQUEST_POLICY);
    const headers = { "x-forwarded-host": "evil.test", "x-original-url": "/admin", "x-evil": "<script>" };
    expect(JSON.parse((await ask(`${url}/page`, { headers })).text)).toEqual({ url: "/page" });
  });

  test("even with all headers forwarded, the host is the one that was asked", async () => {
    const { url } = await cdn.install(reflect);
    const { text } = await ask(`${url}/page`, { headers: { "x-forwarded-host": "evil.test" } });
    expect(JSON.parse(text)).toMatchObject({ host: "127.0.0.1" });
  });

  test("a body, a method or a Range of one viewer is not the answer of the next", async () => {
    const { url } = await cdn.install((request, response) => {
      const status = request.method === "GET" ? 200 : 400;
      response.writeHead(status, { "cache-control": "max-age=600" }).end(`${request.method} ${request.headers.range}`);
    });
    await ask(`${url}/page`, { method: "POST", body: "evil" });
    await ask(`${url}/page`, { method: "OPTIONS" });
    expect((await ask(`${url}/page`)).text).toBe("GET undefined");
    await ask(`${url}/part`, { headers: { range: "bytes=999999-" } });
    expect((await ask(`${url}/part`)).text).not.toBe("");
  });

  test("reordering parameters makes neither another entry nor another request where only some count", async () => {
    const parameters = { QueryStringsConfig: { QueryStringBehavior: "whitelist", QueryStrings: ["a", "b"] } } as const;
    const { OriginRequestPolicyId: _none, ...behavior } = describeBehavior({ CachePolicyId: "some" });
    const { url } = await cdn.install(
      reflect,
      { DefaultCacheBehavior: behavior },
      { cachePolicies: { some: describeCachePolicy({}, parameters) } },
    );
    expect(JSON.parse((await ask(`${url}/page?b=2&evil=1&a=1`)).text)).toMatchObject({ url: "/page?a=1&b=2" });
    expect((await ask(`${url}/page?a=1&b=2`)).from).toBe("Hit");
    // Twice the same name is not the same as once, and their order counts.
    expect((await ask(`${url}/page?a=2&a=1&b=2`)).from).toBe("Miss");
  });

  test("no two requests that a policy tells apart share a key", async () => {
    const parameters = { HeadersConfig: { HeaderBehavior: "whitelist", Headers: ["X-A", "X-B"] } } as const;
    const behavior = describeBehavior({ CachePolicyId: "keyed" });
    const { url } = await cdn.install(
      (request, response) => {
        const { "x-a": a = "-", "x-b": b = "-" } = request.headers;
        response.writeHead(200, { "cache-control": "max-age=600" }).end([request.url, a, b].join(" "));
      },
      { DefaultCacheBehavior: behavior },
      { cachePolicies: { keyed: describeCachePolicy({}, parameters) } },
    );
    const requests: [string, Record<string, string>, string][] = [
      ["/p?q", {}, "/p?q - -"],
      ["/p%3Fq", {}, "/p%3Fq - -"],
      ["/p", { "x-a": "q" }, "/p q -"],
      ["/p", { "x-b": "q" }, "/p - q"],
      ["/p", { "x-a": "1,x-b:2" }, "/p 1,x-b:2 -"],
      ["/p", { "x-a": "1", "x-b": "2" }, "/p 1 2"],
      ["/p?x-a:1", {}, "/p?x-a:1 - -"],
    ];
    for (const [path, headers, text] of requests) expect((await ask(url + path, { headers })).text).toBe(text);
  });
});

describe("a distribution that is somebody else's", () => {
  const askHost = (host: string, path = "/") =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const { hostname, port } = new URL(cdn.verge.endpoint);
      httpRequest({ hostname, port, path, headers: { host } }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      })
        .on("error", reject)
        .end();
    });

  test("does not answer for a host that the registry did not give it", async () => {
    const { id } = await cdn.install(greet({}), { Aliases: ["victim.example.com"] });
    // The alias is in its configuration, but the registry never gave it away.
    expect((await askHost("victim.example.com")).text).not.toContain("hello");
    expect((await askHost(`${id.toLowerCase()}.cdn.localhost`)).text).toContain("hello");
  });

  test("keeps what it stored to itself, however alike the requests", async () => {
    const first = await cdn.install(greet({ "cache-control": "max-age=600" }));
    const second = await cdn.install(greet({ "cache-control": "max-age=600" }));
    await ask(`${first.url}/page`, as("alice"));
    expect((await ask(`${second.url}/page`, as("bob"))).text).toBe("hello bob");
  });

  test("gives no way to the entries of the store", async () => {
    for (const host of ["cdn.verge.invalid", "blobs.verge.invalid"]) {
      expect((await askHost(host, "/index/x")).status).toBeGreaterThanOrEqual(400);
    }
  });
});
