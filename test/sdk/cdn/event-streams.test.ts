import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { useCdn, waitUntil } from "../../support/cdn-fixture.ts";
import { AS_ORIGIN_SAYS, describeCachePolicy } from "../../support/distribution.ts";

const cdn = useCdn();

/** The first event of a stream, and the means to leave it. */
async function listen(url: string) {
  const controller = new AbortController();
  const response = await fetch(url, { signal: controller.signal, headers: { accept: "text/event-stream" } });
  const reader = response.body!.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  return { response, read, leave: () => controller.abort() };
}

/** An origin whose streams stay open until the test writes to them or their listeners leave. */
async function installStreams(head: Record<string, string>) {
  const open = new Set<ServerResponse>();
  const { url } = await cdn.install(
    (_request, response) => {
      open.add(response);
      response.once("close", () => open.delete(response));
      response.writeHead(200, { "content-type": "text/event-stream", ...head }).write("data: first\n\n");
    },
    {},
    { cachePolicies: { [AS_ORIGIN_SAYS]: describeCachePolicy({ DefaultTTL: 86_400 }) } },
  );
  return { url: `${url}/events`, open };
}

test.each([
  ["without Cache-Control", {}],
  ["that say no-cache", { "cache-control": "no-cache" }],
])("event streams %s come event by event to all who listen, and end when they leave", async (_what, head) => {
  const { url, open } = await installStreams(head);
  const began = performance.now();
  const listeners = [await listen(url), await listen(url), await listen(url)];
  for (const { read, response } of listeners) {
    expect(await read()).toBe("data: first\n\n");
    expect(response.headers.get("x-cache")).toBe("Miss from verge");
  }
  expect(performance.now() - began).toBeLessThan(5_000);
  for (const stream of open) stream.write("data: second\n\n");
  for (const { read } of listeners) expect(await read()).toBe("data: second\n\n");
  for (const { leave } of listeners) leave();
  // An origin that says something finds that nobody listens.
  await waitUntil(() => {
    for (const stream of open) stream.write(": still there?\n\n");
    return open.size === 0;
  });
});

test("who asks for an answer of unknown length that must be validated anyway does not wait for its end", async () => {
  const { url } = await installStreams({ "content-type": "application/x-ndjson", "cache-control": "no-cache" });
  const began = performance.now();
  const listeners = [await listen(url), await listen(url)];
  for (const { read } of listeners) expect(await read()).toBe("data: first\n\n");
  expect(performance.now() - began).toBeLessThan(5_000);
  for (const { leave } of listeners) leave();
});

test("an event stream that gives itself a lifetime is stored like anything else", async () => {
  const { url, open } = await installStreams({ "cache-control": "max-age=60" });
  const listener = await listen(url);
  expect(await listener.read()).toBe("data: first\n\n");
  for (const stream of open) stream.end("data: last\n\n");
  await expect.poll(async () => (await fetch(url)).headers.get("x-cache"), { timeout: 10_000 }).toBe("Hit from verge");
});
