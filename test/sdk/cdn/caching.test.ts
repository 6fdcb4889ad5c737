import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { ask, useCdn, waitUntil } from "../../support/cdn-fixture.ts";

const cdn = useCdn();

/** Answers with a counter, and these headers. */
function counting(headers: Record<string, string>) {
  let count = 0;
  return (_request: unknown, response: ServerResponse) => {
    count++;
    response.writeHead(200, headers).end(`answer ${count}`);
  };
}

describe("what an origin lets be stored", () => {
  test("is asked for once, and says how old it is", async () => {
    const { url } = await cdn.install(counting({ "cache-control": "max-age=60", age: "7" }));
    expect(await ask(`${url}/page`)).toMatchObject({ text: "answer 1", from: "Miss" });
    const hit = await ask(`${url}/page`);
    expect(hit).toMatchObject({ text: "answer 1", from: "Hit" });
    expect(Number(hit.headers.get("age"))).toBeGreaterThanOrEqual(7);
    expect(hit.headers.get("cache-status")).toMatch(/^verge; hit; ttl=5\d$/);
    expect(hit.headers.get("via")).toBe("1.1 verge");
    expect(hit.headers.get("x-amz-cf-id")).toMatch(/^\S{40,}$/);
    expect(cdn.origin.asked).toHaveLength(1);
  });

  test("answers HEAD from GET", async () => {
    const { url } = await cdn.install(counting({ "cache-control": "max-age=60" }));
    await ask(`${url}/page`);
    const head = await ask(`${url}/page`, { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, text: "", from: "Hit" });
    expect(head.headers.get("content-length")).toBe("8");
    expect(cdn.origin.asked).toHaveLength(1);
  });

  test("answers conditions from the store", async () => {
    const { url } = await cdn.install(counting({ "cache-control": "max-age=60", etag: '"v1"' }));
    await ask(`${url}/page`);
    const same = await ask(`${url}/page`, { headers: { "if-none-match": '"v0", "v1"' } });
    expect(same).toMatchObject({ status: 304, text: "", from: "Hit" });
    expect(await ask(`${url}/page`, { headers: { "if-none-match": '"v2"' } })).toMatchObject({ status: 200 });
    expect(cdn.origin.asked).toHaveLength(1);
  });

  test("keeps variants apart by what Vary names", async () => {
    const { url } = await cdn.install((request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60", vary: "X-Flavour" });
      response.end(String(request.headers["x-flavour"]));
    });
    const taste = (flavour: string) => ask(`${url}/page`, { headers: { "x-flavour": flavour } });
    expect((await taste("sweet")).text).toBe("sweet");
    expect((await taste("sour")).text).toBe("sour");
    expect(await taste("sweet")).toMatchObject({ text: "sweet", from: "Hit" });
    expect(await taste("sour")).toMatchObject({ text: "sour", from: "Hit" });
    expect(cdn.origin.asked).toHaveLength(2);
  });

  test("is validated when it is stale, and a 304 brings its fields up to date", async () => {
    let version = 0;
    const { url } = await cdn.install((request, response) => {
      version++;
      const headers = {
        "cache-control": version === 1 ? "max-age=0" : "max-age=60",
        etag: '"v1"',
        "x-version": version,
      };
      if (request.headers["if-none-match"] === '"v1"') response.writeHead(304, headers).end();
      else response.writeHead(200, headers).end("body");
    });
    await ask(`${url}/page`);
    const refreshed = await ask(`${url}/page`);
    expect(refreshed).toMatchObject({ status: 200, text: "body", from: "RefreshHit" });
    expect(refreshed.headers.get("x-version")).toBe("2");
    expect(await ask(`${url}/page`)).toMatchObject({ text: "body", from: "Hit" });
    expect(cdn.origin.asked).toHaveLength(2);
  });

  test("is served stale while it is validated in the background", async () => {
    const { url } = await cdn.install(counting({ "cache-control": "max-age=0, stale-while-revalidate=60" }));
    await ask(`${url}/page`);
    expect(await ask(`${url}/page`)).toMatchObject({ text: "answer 1", from: "Hit" });
    await waitUntil(() => cdn.origin.asked.length === 2);
    await waitUntil(async () => (await ask(`${url}/page`)).text !== "answer 1");
  });

  test("is invalidated by an unsafe method that succeeds, and by no other", async () => {
    let count = 0;
    const { url } = await cdn.install((request, response) => {
      count++;
      const status = request.method === "GET" || request.url === "/good" ? 200 : 500;
      response.writeHead(status, { "cache-control": "max-age=60" }).end(String(count));
    });
    for (const path of ["/good", "/bad"]) {
      await ask(url + path);
      await ask(url + path, { method: "POST", body: "x" });
    }
    expect((await ask(`${url}/good`)).from).toBe("Miss");
    expect((await ask(`${url}/bad`)).from).toBe("Hit");
  });

  test("ignores what a viewer's Cache-Control asks for", async () => {
    const { url } = await cdn.install(counting({ "cache-control": "max-age=60" }));
    await ask(`${url}/page`);
    const reload = { "cache-control": "no-cache, max-age=0", pragma: "no-cache" };
    expect(await ask(`${url}/page`, { headers: reload })).toMatchObject({ from: "Hit" });
  });
});

describe("what an origin does not let be stored", () => {
  test.each(["no-store", "private, max-age=60", "max-age=60, no-store"])("%s is asked for each time", async (value) => {
    const { url } = await cdn.install(counting({ "cache-control": value }));
    expect(await ask(`${url}/page`)).toMatchObject({ text: "answer 1", from: "Miss" });
    expect(await ask(`${url}/page`)).toMatchObject({ text: "answer 2", from: "Miss" });
  });
});

describe("many at once", () => {
  /** The isolate knows the distribution: what is not in the registry would be nobody's for a flood that comes first. */
  async function meet(url: string): Promise<void> {
    await ask(`${url}/first`, { method: "OPTIONS" });
    cdn.origin.asked.length = 0;
  }

  test("500 requests for one cold key make one request to the origin", async () => {
    const { url } = await cdn.install(async (_request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      response.writeHead(200, { "cache-control": "max-age=60" }).end("slow");
    });
    await meet(url);
    const answers = await Promise.all(Array.from({ length: 500 }, () => ask(`${url}/storm`)));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["slow"]));
    expect(cdn.origin.asked).toHaveLength(1);
  });

  test("500 requests for one key do not wait for each other where the answer cannot be stored", async () => {
    const allAsked = Promise.withResolvers<void>();
    const { url } = await cdn.install(async (request, response) => {
      // Headers at once; the end when the last of them has come to the origin.
      response.writeHead(200, { "cache-control": "no-store" }).write("begin ");
      if (request.method === "OPTIONS") return void response.end();
      if (cdn.origin.asked.length === 500) allAsked.resolve();
      await allAsked.promise;
      response.end("end");
    });
    await meet(url);
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 500 }, () => ask(`${url}/each`)));
    // Who waits for another's exchange gives up after ten seconds: none of them may have.
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(answers.every(({ text }) => text === "begin end")).toBe(true);
    expect(cdn.origin.asked).toHaveLength(500);
  });
});

describe("bodies", () => {
  test("stream while they are stored", async () => {
    let finish: () => void = () => undefined;
    const { url } = await cdn.install(async (_request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60" }).write("first");
      await new Promise<void>((resolve) => (finish = resolve));
      response.end(" second");
    });
    const response = await fetch(`${url}/stream`);
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value ?? "").toString()).toBe("first");
    finish();
    expect(Buffer.from((await reader.read()).value ?? "").toString()).toBe(" second");
    await reader.read();
    await waitUntil(async () => (await ask(`${url}/stream`)).from === "Hit");
    expect(await ask(`${url}/stream`)).toMatchObject({ text: "first second" });
  });

  test.each([100_000, 900_000, 5_000_000])("of %i bytes come back whole from the store", async (size) => {
    const body = Buffer.alloc(size, "0123456789");
    const { url } = await cdn.install((_request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60", "content-length": size }).end(body);
    });
    expect((await ask(`${url}/large`)).text).toBe(body.toString());
    await waitUntil(async () => (await ask(`${url}/large`)).from === "Hit");
    const hit = await ask(`${url}/large`);
    expect(hit.headers.get("content-length")).toBe(String(size));
    expect(hit.text === body.toString()).toBe(true);
  });

  test("that a viewer leaves in the middle are stored whole, or not at all", async () => {
    const size = 3_000_000;
    const { url } = await cdn.install((_request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60", "content-length": size }).end(Buffer.alloc(size, "x"));
    });
    const { hostname, port, pathname } = new URL(`${url}/left`);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () =>
        socket.write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
      );
      socket.once("data", () => {
        socket.resetAndDestroy();
        resolve();
      });
    });
    for (let time = 0; time < 3; time++) expect((await ask(`${url}/left`)).text).toHaveLength(size);
  });
});
