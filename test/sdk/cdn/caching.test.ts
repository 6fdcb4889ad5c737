import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { describeCustomOrigin, installDistribution, type InstalledDistribution } from "../../support/distribution.ts";
import { type LoopbackOrigin, startOrigin } from "../../support/origin.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let origin: LoopbackOrigin;
let distribution: InstalledDistribution;

beforeAll(async () => {
  [verge, origin] = await Promise.all([startVerge(), startOrigin((_request, response) => void response.end())]);
  distribution = await installDistribution(verge, { Origins: [describeCustomOrigin(origin.port)] });
});
afterAll(async () => {
  await Promise.all([verge.stop(), origin[Symbol.asyncDispose]()]);
});
beforeEach(() => {
  origin.asked.length = 0;
});

const get = (path: string, init?: RequestInit) => fetch(distribution.url + path, init);

describe("what an origin lets be stored", () => {
  test("is asked for once", async () => {
    origin.answer = (_request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60", etag: '"one"' }).end("hello");
    };
    const first = await get("/page");
    expect([await first.text(), first.headers.get("x-cache")]).toEqual(["hello", "Miss from verge"]);
    const second = await get("/page");
    expect([await second.text(), second.headers.get("x-cache")]).toEqual(["hello", "Hit from verge"]);
    expect(second.headers.get("age")).toBe("0");
    expect(second.headers.get("cache-status")).toMatch(/^verge; hit; ttl=\d+$/);
    expect(origin.asked).toHaveLength(1);
  });
});
