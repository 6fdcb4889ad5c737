import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { describeCustomOrigin, type InstalledDistribution } from "../../support/distribution.ts";
import type { AnswerOrigin } from "../../support/origin.ts";
import { callVerge } from "../../support/verge-api.ts";

// Requests come with the client's address, as behind Cloudflare.
const cdn = useCdn({ settings: { VERGE_DIRECT_CLIENTS: "" } });

const echo: AnswerOrigin = ({ url, headers }, response) => {
  response.writeHead(200, { "cache-control": "max-age=60" }).end(`${url} ${headers.cookie ?? "-"}`);
};

/** A distribution that is protected like this. */
async function protect(protection: object, answer: AnswerOrigin = echo): Promise<InstalledDistribution> {
  const distribution = await cdn.install(answer, {
    Origins: [describeCustomOrigin(cdn.origin.port, { ConnectionAttempts: 1 })],
  });
  await callVerge(cdn.verge, "PUT", `/distributions/${distribution.id}/protection`, protection);
  return distribution;
}

const from = (address: string, headers: Record<string, string> = {}): RequestInit => ({
  headers: { "cf-connecting-ip": address, ...headers },
});

test("the document is kept as it was written, and checked", async () => {
  const { id } = await cdn.install(echo);
  const path = `/distributions/${id}/protection`;
  expect(await callVerge(cdn.verge, "GET", path)).toEqual({});
  const document = { rules: [{ action: "block", addresses: ["203.0.113.0/24"] }], maxUrlBytes: 4096 };
  expect(await callVerge(cdn.verge, "PUT", path, document)).toEqual(document);
  expect(await callVerge(cdn.verge, "GET", path)).toEqual(document);
  for (const bad of [
    { rules: [{ action: "block", addresses: ["203.0.113.0/33"] }] },
    { rules: [{ action: "drop" }] },
    { rateLimits: [{ requests: 50, by: ["address"] }] },
    { rateLimits: [{ requests: 10, by: [] }] },
    { challenge: { paths: ["/*"], difficulty: 64 } },
    { unknown: true },
  ]) {
    await expect(callVerge(cdn.verge, "PUT", path, bad)).rejects.toThrow(/ValidationError/);
  }
  await expect(callVerge(cdn.verge, "PUT", "/distributions/E0000000000000/protection", {})).rejects.toThrow(
    /NoSuchEntity/,
  );
});

test("rules decide in order, by address, method, path and header", async () => {
  const { url } = await protect({
    rules: [
      { action: "allow", addresses: ["203.0.113.7"] },
      { action: "block", addresses: ["203.0.113.0/24", "2001:db8::/32"] },
      { action: "block", paths: ["/admin/*"], methods: ["GET"] },
      { action: "block", headers: [{ name: "user-agent", matches: "*BadBot*" }] },
    ],
  });
  const status = async (path: string, init: RequestInit) => (await ask(url + path, init)).status;
  expect(await status("/", from("203.0.113.7"))).toBe(200);
  expect(await status("/", from("203.0.113.8"))).toBe(403);
  expect(await status("/", from("2001:db8::5"))).toBe(403);
  expect(await status("/", from("198.51.100.1"))).toBe(200);
  expect(await status("/admin/x", from("198.51.100.1"))).toBe(403);
  // However it is written.
  expect(await status("/%61dmin/x", from("198.51.100.1"))).toBe(403);
  expect(await status("/", from("198.51.100.1", { "user-agent": "Mozilla badbot/1" }))).toBe(403);
});

test("a refusal asks neither the origin nor the store", async () => {
  const { url } = await protect({ rules: [{ action: "block", paths: ["/no"] }] });
  expect(await ask(`${url}/no`)).toMatchObject({ status: 403, from: "Error" });
  expect(cdn.origin.asked).toEqual([]);
});

test("rate limits count by what they say", async () => {
  const { url } = await protect({
    rateLimits: [
      { requests: 10, by: ["address"], paths: ["/login"] },
      { requests: 10, by: ["header:x-api-key"], paths: ["/api"] },
    ],
  });
  const statuses = async (path: string, init: RequestInit) => {
    const answers = [];
    for (let number = 0; number < 14; number++) answers.push(await ask(url + path, init));
    return answers;
  };
  const flooded = await statuses("/login", from("203.0.113.1"));
  expect(flooded.slice(0, 10).every(({ status }) => status === 200)).toBe(true);
  expect(flooded.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(1);
  expect(flooded.find(({ status }) => status === 429)?.headers.get("retry-after")).toBe("10");
  expect((await ask(`${url}/login`, from("203.0.113.2"))).status).toBe(200);
  expect((await ask(`${url}/other`, from("203.0.113.1"))).status).toBe(200);
  expect((await statuses("/api", from("203.0.113.3", { "x-api-key": "one" }))).at(-1)?.status).toBe(429);
  expect((await ask(`${url}/api`, from("203.0.113.3", { "x-api-key": "two" }))).status).toBe(200);
});

test("URLs and bodies are bounded", async () => {
  const { url } = await protect({ maxUrlBytes: 100, maxBodyBytes: 1_000 }, (request, response) => {
    let length = 0;
    request.on("data", (chunk: Buffer) => (length += chunk.byteLength)).on("end", () => response.end(`read ${length}`));
  });
  expect((await ask(`${url}/${"x".repeat(200)}`)).status).toBe(414);
  expect((await ask(`${url}/p`, { method: "POST", body: "x".repeat(2_000) })).status).toBe(413);
  expect((await ask(`${url}/p`, { method: "POST", body: "x".repeat(1_000) })).text).toBe("read 1000");
  const chunked = new ReadableStream({
    start(controller) {
      for (let number = 0; number < 4; number++) controller.enqueue(new TextEncoder().encode("x".repeat(500)));
      controller.close();
    },
  });
  const asked = cdn.origin.asked.length;
  expect((await ask(`${url}/p`, { method: "POST", body: chunked, duplex: "half" } as RequestInit)).status).toBe(411);
  expect(cdn.origin.asked).toHaveLength(asked);
});

test("pages of others do not embed", async () => {
  const { url } = await protect({
    hotlink: { paths: ["/images/*"], hosts: ["example.com", "*.example.com"], allowEmpty: false },
  });
  const status = async (referer: string | undefined) =>
    (await ask(`${url}/images/a.png`, referer === undefined ? {} : { headers: { referer } })).status;
  expect(await status("https://example.com/page")).toBe(200);
  expect(await status("https://www.example.com/")).toBe(200);
  expect(await status(`${url}/page`)).toBe(200);
  expect(await status("https://example.com.evil.test/")).toBe(403);
  expect(await status(undefined)).toBe(403);
  expect((await ask(`${url}/other`)).status).toBe(200);
});

describe("the challenge", () => {
  const CHALLENGE = { challenge: { paths: ["/*"], difficulty: 8 } };

  /** What the page's script does. */
  function solve(page: string): string {
    const question = /const question = "([^"]+)"/.exec(page)?.[1] ?? "";
    for (let number = 0; ; number++) {
      const first = createHash("sha256").update(`${question}.${number}`).digest()[0];
      if (first === 0) return `verge-pass=${question}.${number}`;
    }
  }

  test("is passed by who solves it, from where it was asked", async () => {
    const { url } = await protect(CHALLENGE);
    const page = await ask(`${url}/page`, from("203.0.113.1"));
    expect(page).toMatchObject({ status: 403, from: "Error" });
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(cdn.origin.asked).toEqual([]);
    const cookie = solve(page.text);
    // The origin sees the other cookies alone.
    const passed = await ask(`${url}/page`, from("203.0.113.1", { cookie: `a=b; ${cookie}` }));
    expect(passed).toMatchObject({ status: 200, text: "/page a=b" });
    expect((await ask(`${url}/page`, from("203.0.113.2", { cookie }))).status).toBe(403);
  });

  test("is not passed by what was made up, nor with another distribution's", async () => {
    const [{ url }, other] = [await protect(CHALLENGE), await protect(CHALLENGE)];
    const cookie = solve((await ask(`${url}/page`, from("203.0.113.1"))).text);
    const status = async (base: string, pass: string) =>
      (await ask(`${base}/page`, from("203.0.113.1", { cookie: pass }))).status;
    expect(await status(other.url, cookie)).toBe(403);
    expect(await status(url, cookie.replace(/\d+$/, "0"))).toBe(403);
    const [, ends = ""] = /=(\d+)\./.exec(cookie) ?? [];
    expect(await status(url, cookie.replace(ends, String(Number(ends) + 1_000)))).toBe(403);
    expect(await status(url, solve(`const question = "${ends}.${"0".repeat(64)}"`))).toBe(403);
    expect(await status(url, "verge-pass=nonsense")).toBe(403);
  });
});

test("an origin that keeps failing is left alone, and tried again", async () => {
  let fails = true;
  const { url } = await protect({ circuitBreaker: { failures: 3, seconds: 1 } }, (_request, response) => {
    response.writeHead(fails ? 500 : 200, { "cache-control": "no-store" }).end("answered");
  });
  for (let number = 0; number < 3; number++) expect((await ask(`${url}/${number}`)).status).toBe(500);
  const refused = await ask(`${url}/3`);
  expect(refused.status).toBe(503);
  // No call of the origin, to metrics either.
  expect(refused.headers.has("server-timing")).toBe(false);
  expect(cdn.origin.asked).toHaveLength(3);
  fails = false;
  await expect.poll(async () => (await ask(`${url}/4`)).status, { timeout: 5_000, interval: 100 }).toBe(200);
});

test("what covered for an origin that is left alone is not kept up longer than that", async () => {
  let text = "old";
  let fails = false;
  const { url } = await protect({ circuitBreaker: { failures: 1, seconds: 1 } }, (_request, response) => {
    if (fails) response.writeHead(500, { "cache-control": "no-store" }).end();
    else response.writeHead(200, { "cache-control": "max-age=0" }).end(text);
  });
  await ask(`${url}/page`);
  fails = true;
  await ask(`${url}/other`);
  expect((await ask(`${url}/page`)).text).toBe("old");
  [fails, text] = [false, "new"];
  await expect.poll(async () => (await ask(`${url}/page`)).text, { timeout: 5_000, interval: 100 }).toBe("new");
});
