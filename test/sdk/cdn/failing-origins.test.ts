import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { ask, useCdn, waitUntil } from "../../support/cdn-fixture.ts";
import {
  AS_ORIGIN_SAYS,
  describeBehavior,
  describeCachePolicy,
  describeCustomOrigin,
  installDistribution,
} from "../../support/distribution.ts";

const cdn = useCdn();

/** Answers once, then says nothing, as long as it is not well again. */
function installSilent(headers: Record<string, string> = { "cache-control": "max-age=0" }) {
  const state = { isSilent: false };
  const slow = describeCustomOrigin(cdn.origin.port);
  const Origins = [{ ...slow, CustomOriginConfig: { ...slow.CustomOriginConfig!, OriginReadTimeout: 1 } }];
  const answer = (_request: unknown, response: ServerResponse) => {
    if (!state.isSilent) response.writeHead(200, headers).end("good");
  };
  return { state, installed: cdn.install(answer, { Origins }) };
}

test("one viewer waits for an origin that is silent, the next ones have what is stored at once", async () => {
  const { state, installed } = installSilent();
  const { url } = await installed;
  await ask(`${url}/page`);
  state.isSilent = true;
  const first = await ask(`${url}/page`);
  expect(first).toMatchObject({ status: 200, text: "good", from: "Hit" });
  expect(first.headers.get("cache-status")).toBe("verge; fwd=stale; detail=stale-if-error");
  const asked = cdn.origin.asked.length;
  const began = performance.now();
  for (let time = 0; time < 5; time++) {
    const next = await ask(`${url}/page`);
    expect(next).toMatchObject({ status: 200, text: "good", from: "Hit" });
    expect(next.headers.get("cache-status")).toBe("verge; hit; detail=stale-if-error");
  }
  expect(performance.now() - began).toBeLessThan(900);
  expect(cdn.origin.asked).toHaveLength(asked);
});

test("an invalidation is a reason to ask again", async () => {
  const { state, installed } = installSilent();
  const { url, invalidate } = await installed;
  await ask(`${url}/page`);
  state.isSilent = true;
  await ask(`${url}/page`);
  state.isSilent = false;
  const asked = cdn.origin.asked.length;
  await invalidate(["/other"]);
  await expect
    .poll(async () => (await ask(`${url}/page`)) && cdn.origin.asked.length, { timeout: 9_000, interval: 50 })
    .toBeGreaterThan(asked);
});

test("what may not be used stale is asked for each time", async () => {
  const { state, installed } = installSilent({ "cache-control": "max-age=0, must-revalidate", etag: '"a"' });
  const { url } = await installed;
  await ask(`${url}/page`);
  state.isSilent = true;
  const asked = cdn.origin.asked.length;
  for (let time = 0; time < 2; time++) expect(await ask(`${url}/page`)).toMatchObject({ status: 504, from: "Error" });
  expect(cdn.origin.asked).toHaveLength(asked + 2);
});

test.each([
  ["is kept for the time of errors where answers are kept unasked", {}, 1],
  ["is not kept where ErrorCachingMinTTL is 0", { ErrorCode: 504, ErrorCachingMinTTL: 0 }, 2],
])("the error of an origin that gives no answer %s", async (_what, page, calls) => {
  const slow = describeCustomOrigin(cdn.origin.port);
  const { url } = await cdn.install(
    () => undefined,
    {
      Origins: [{ ...slow, CustomOriginConfig: { ...slow.CustomOriginConfig!, OriginReadTimeout: 1 } }],
      DefaultCacheBehavior: describeBehavior(),
      CustomErrorResponses: "ErrorCode" in page ? [{ ResponseCode: "", ResponsePagePath: "", ...page }] : [],
    },
    { cachePolicies: { [AS_ORIGIN_SAYS]: describeCachePolicy({ DefaultTTL: 60 }) } },
  );
  for (let time = 0; time < 2; time++) expect(await ask(`${url}/none`)).toMatchObject({ status: 504, from: "Error" });
  expect(cdn.origin.asked).toHaveLength(calls);
});

test("stale-while-revalidate does not press an origin that fails", async () => {
  let isBroken = false;
  const { url } = await cdn.install((_request, response) => {
    if (isBroken) response.writeHead(503).end();
    else response.writeHead(200, { "cache-control": "max-age=0, stale-while-revalidate=60" }).end("good");
  });
  await ask(`${url}/page`);
  isBroken = true;
  await ask(`${url}/page`);
  await waitUntil(() => cdn.origin.asked.length === 2);
  for (let time = 0; time < 20; time++) expect(await ask(`${url}/page`)).toMatchObject({ text: "good", from: "Hit" });
  expect(cdn.origin.asked).toHaveLength(2);
});

test("metrics of a location that cannot reach its origin count the calls", async () => {
  const { url } = await installDistribution(cdn.verge, {
    Origins: [describeCustomOrigin(1, { ConnectionAttempts: 1 })],
  });
  expect((await ask(`${url}/page`)).headers.get("server-timing")).toMatch(/^origin;dur=\d+$/);
});

test("an origin that says 304 to who has nothing is asked once more at most, and answered for", async () => {
  const { url } = await cdn.install((_request, response) => void response.writeHead(304, { etag: '"a"' }).end());
  expect(await ask(`${url}/page`)).toMatchObject({ status: 502, from: "Error" });
  expect(cdn.origin.asked.length).toBeLessThanOrEqual(2);
});
