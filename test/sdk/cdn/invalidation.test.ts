import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { ask, useCdn, waitUntil } from "../../support/cdn-fixture.ts";

// Each waits for seconds until what it made is in force everywhere: they wait together.
const cdn = useCdn();
let release: (() => void) | undefined;

const TAGS: Readonly<Record<string, string>> = { "/one": "Shop, product-1", "/two": "blog" };

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = { "cache-control": "max-age=600", "cache-tag": TAGS[request.url ?? ""] ?? "none", etag: '"same"' };
  if (request.url === "/slow" && !release) await new Promise<void>((resolve) => (release = resolve));
  if (request.headers["if-none-match"]) response.writeHead(304, headers).end();
  else response.writeHead(200, headers).end("body");
}

const install = () => cdn.install(answer, { CacheTagConfig: { HeaderName: "Cache-Tag" } });

/** Of each path, whether it still comes from the store. */
async function listHits(url: string, paths: readonly string[]): Promise<boolean[]> {
  const hits: boolean[] = [];
  for (const path of paths) hits.push((await ask(url + path)).from === "Hit");
  return hits;
}

test.concurrent.each([
  ["a path", ["/a.jpg"], [false, true, true, true]],
  ["a path with its query", ["/a.jpg?size=1"], [true, false, true, true]],
  ["a wildcard", ["/a*"], [false, false, true, true]],
  ["everything below a folder", ["/pictures/*"], [true, true, false, false]],
  ["everything", ["/*"], [false, false, false, false]],
  ["an encoded spelling of a path", ["/pictures/%62.jpg"], [true, true, false, true]],
])("an invalidation of %s makes what it names a miss within five seconds", async (_what, names, expected) => {
  const { url, invalidate } = await install();
  const paths = ["/a.jpg", "/a.jpg?size=1", "/pictures/b.jpg", "/pictures/c.jpg"];
  await listHits(url, paths);
  expect(await listHits(url, paths)).toEqual([true, true, true, true]);
  await invalidate(names);
  const began = performance.now();
  const witness = paths[expected.indexOf(false)]!;
  await waitUntil(async () => (await ask(url + witness)).from === "Miss");
  expect(performance.now() - began).toBeLessThan(5_500);
  const left = await listHits(url, paths);
  expect(left).toEqual(expected.map((valid, position) => valid || paths[position] === witness));
  expect(await listHits(url, paths)).toEqual([true, true, true, true]);
});

test.concurrent("an invalidation by tag reaches what carries the tag", async () => {
  const { url, invalidate } = await install();
  await listHits(url, ["/one", "/two"]);
  await invalidate([], { tags: ["shop"] });
  await waitUntil(async () => (await ask(`${url}/one`)).from === "Miss");
  expect(await listHits(url, ["/one", "/two"])).toEqual([true, true]);
});

test.concurrent("a soft one makes it stale, and lets it be confirmed", async () => {
  const { url, invalidate } = await install();
  await ask(`${url}/page`);
  await invalidate(["/page"], { soft: true });
  await waitUntil(async () => (await ask(`${url}/page`)).from === "RefreshHit");
  expect(await ask(`${url}/page`)).toMatchObject({ from: "Hit", text: "body" });
});

test.concurrent("what was asked for before an invalidation and stored after it does not survive", async () => {
  const { url, invalidate } = await install();
  await ask(`${url}/other`);
  const slow = ask(`${url}/slow`);
  await waitUntil(() => release !== undefined);
  await invalidate(["/*"]);
  await waitUntil(async () => (await ask(`${url}/other`)).from === "Miss");
  release?.();
  await slow;
  expect((await ask(`${url}/slow`)).from).toBe("Miss");
});
