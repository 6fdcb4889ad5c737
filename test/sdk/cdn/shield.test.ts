import { describe, expect, test } from "vitest";
import { ask, useCdn } from "../../support/cdn-fixture.ts";
import { describeCustomOrigin } from "../../support/distribution.ts";

/** Workers Cache is not simulated: there its entrypoint answers each time, from the engine's own store. */
describe.each([
  ["an object", {}],
  ["an entrypoint behind Workers Cache", { VERGE_ORIGIN_SHIELD: "workers-cache" }],
])("the origin shield as %s", (_kind, settings) => {
  const cdn = useCdn({ settings });
  const Origins = () => [
    describeCustomOrigin(cdn.origin.port, { OriginShield: { Enabled: true }, ConnectionAttempts: 1 }),
  ];

  test("stands between the locations and the origin, and knows what was invalidated", async () => {
    let version = 1;
    const { url, invalidate } = await cdn.install(
      ({ url: path }, response) => {
        response.writeHead(path === "/gone" ? 404 : 200, { "cache-control": "max-age=60" }).end(`version ${version}`);
      },
      { Origins: Origins() },
    );
    expect(await ask(`${url}/page`)).toMatchObject({ status: 200, text: "version 1", from: "Miss" });
    expect(await ask(`${url}/page`)).toMatchObject({ text: "version 1", from: "Hit" });
    expect(await ask(`${url}/gone`)).toMatchObject({ status: 404, from: "Error" });
    expect(cdn.origin.asked.map((asked) => asked.url)).toEqual(["/page", "/gone"]);
    version = 2;
    await invalidate(["/page"]);
    await expect
      .poll(async () => (await ask(`${url}/page`)).text, { timeout: 10_000, interval: 200 })
      .toBe("version 2");
  });

  test("tells that the origin gave no answer", async () => {
    const { url } = await cdn.install((request) => void request.socket.destroy(), { Origins: Origins() });
    const answer = await ask(`${url}/page`);
    expect(answer).toMatchObject({ status: 502, from: "Error" });
    expect(answer.headers.has("cloudflare-cdn-cache-control")).toBe(false);
  });

  test("passes on what is not to be shared, without a word of its own", async () => {
    const { url } = await cdn.install(
      (_request, response) => void response.writeHead(200, { "cache-control": "private" }).end("mine"),
      { Origins: Origins() },
    );
    for (let round = 0; round < 2; round++) {
      const answer = await ask(`${url}/page`);
      expect(answer).toMatchObject({ status: 200, text: "mine", from: "Miss" });
      expect(answer.headers.has("cloudflare-cdn-cache-control")).toBe(false);
    }
    expect(cdn.origin.asked).toHaveLength(2);
  });
});
