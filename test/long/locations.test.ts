import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleWorker } from "../../scripts/local/bundle.ts";
import { generateCredentials } from "../../scripts/local/credentials.ts";
import { measureLocations } from "../../scripts/local/locations/measure.ts";
import { renderSvg, renderTable } from "../../scripts/local/locations/report.ts";
import { type Locations, startLocations } from "../../scripts/local/locations/runtime.ts";
import { describeCustomOrigin, installDistribution } from "../support/distribution.ts";
import { startOrigin } from "../support/origin.ts";

const credentials = generateCredentials();
const stateDir = mkdtempSync(join(tmpdir(), "verge-locations-"));
let locations: Locations;
beforeAll(async () => {
  const { mainModule } = await bundleWorker(join(stateDir, "bundle"));
  locations = await startLocations({ mainModule, stateDir, credentials });
}, 120_000);
afterAll(async () => {
  await locations[Symbol.asyncDispose]();
  rmSync(stateDir, { recursive: true, force: true });
});

test("each location fills its own cache, and an invalidation reaches all of them", async () => {
  const measured = await measureLocations(locations, credentials);
  for (const { place, first, second, after, inForce } of measured) {
    expect([first.from, second.from, after.from]).toEqual(["Miss", "Hit", "Miss"]);
    // The origin is that far away, for misses alone.
    expect(first.milliseconds).toBeGreaterThanOrEqual(place.distance);
    expect(after.milliseconds).toBeGreaterThanOrEqual(place.distance);
    expect(second.milliseconds).toBeLessThan(first.milliseconds);
    expect(inForce).toBeLessThan(10_000);
  }
  // At once where it was asked for.
  expect(measured[0]!.inForce).toBeLessThan(1_000);
  expect(renderTable(measured)).toContain("Stockholm (ARN)");
  expect(renderSvg(measured).match(/<rect/g)).toHaveLength(1 + 3 + 9);
}, 60_000);

test("with an origin shield what all locations lack is asked for once", async () => {
  let version = 1;
  await using origin = await startOrigin((request, response) => {
    if (request.url === "/broken") return void response.destroy();
    response.writeHead(200, { "cache-control": "max-age=3600", etag: `"${version}"` });
    setTimeout(() => response.end(`version ${version} ${request.method}`), 100);
  });
  const { endpoints, miniflare } = locations;
  const shielded = describeCustomOrigin(origin.port, { OriginShield: { Enabled: true }, ConnectionAttempts: 1 });
  const { id, invalidate } = await installDistribution({ endpoint: endpoints[0]!, miniflare }, { Origins: [shielded] });
  const askEach = (path: string) =>
    Promise.all(
      endpoints.map(async (endpoint) => {
        const response = await fetch(`${endpoint}/_cdn/${id}${path}`);
        const from = response.headers.get("x-cache")?.split(" ")[0];
        return { status: response.status, from, text: await response.text() };
      }),
    );
  const everywhere = (answer: object | string) => endpoints.map(() => answer);

  expect(await askEach("/page")).toEqual(everywhere({ status: 200, from: "Miss", text: "version 1 GET" }));
  expect(origin.asked).toHaveLength(1);
  expect(await askEach("/page")).toEqual(everywhere({ status: 200, from: "Hit", text: "version 1 GET" }));
  // The shield forgets what was invalidated as well.
  version = 2;
  await invalidate(["/*"]);
  const texts = async () => (await askEach("/page")).map(({ text }) => text);
  await expect.poll(texts, { timeout: 15_000, interval: 200 }).toEqual(everywhere("version 2 GET"));
  expect(origin.asked).toHaveLength(2);
  // An origin that gives no answer gives the locations none.
  expect(await askEach("/broken")).toMatchObject(everywhere({ status: 502, from: "Error" }));
}, 60_000);
