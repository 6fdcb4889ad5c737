import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleWorker } from "../../scripts/local/bundle.ts";
import { generateCredentials } from "../../scripts/local/credentials.ts";
import { measureLocations } from "../../scripts/local/locations/measure.ts";
import { renderSvg, renderTable } from "../../scripts/local/locations/report.ts";
import { type Locations, startLocations } from "../../scripts/local/locations/runtime.ts";

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
