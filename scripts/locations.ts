/**
 * `npm run locations`: the CDN as three data centres would serve it, each with a cache of its own, and an origin as
 * far away as Virginia is. Prints what the first request, the second and the first after an invalidation take, and
 * draws it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { bundleWorker, projectDir } from "./local/bundle.ts";
import { generateCredentials } from "./local/credentials.ts";
import { measureLocations } from "./local/locations/measure.ts";
import { renderSvg, renderTable } from "./local/locations/report.ts";
import { startLocations } from "./local/locations/runtime.ts";

const { values } = parseArgs({ options: { svg: { type: "string" } } });
const picture = values.svg ?? join(projectDir, "docs", "locations.svg");
const stateDir = mkdtempSync(join(tmpdir(), "verge-locations-"));
try {
  const credentials = generateCredentials();
  const { mainModule } = await bundleWorker(join(stateDir, "bundle"));
  await using locations = await startLocations({ mainModule, stateDir, credentials });
  const measured = await measureLocations(locations, credentials);
  console.log(renderTable(measured));
  console.log("\nThe distances to the origin are simulated; those to the owner of the state are not.");
  writeFileSync(picture, renderSvg(measured));
  console.log(`Drawn in ${relative(process.cwd(), picture)}.`);
} finally {
  rmSync(stateDir, { recursive: true, force: true });
}
