/**
 * `npm run bench:profile -- --case put-1k`: one case under load with a CPU profile of every isolate of
 * workerd; says where the JavaScript spends its time (docs/performance.md).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleWorker } from "../local/bundle.ts";
import { findFreePort } from "../local/free-port.ts";
import { bundleBareWorker } from "./bare/runtime.ts";
import { type BenchCase, selectCases } from "./cases.ts";
import { type CpuProfile, openProfilers, sumByFunction } from "./inspector.ts";
import { measureCase } from "./measure.ts";
import { Side } from "./side.ts";
import { loadState } from "./state.ts";

const SHOWN_FUNCTIONS = 25;

async function profile(): Promise<void> {
  const { values } = parseArgs({
    options: {
      case: { type: "string", default: "get-1k" },
      side: { type: "string", default: "verge" },
      seconds: { type: "string", default: "5" },
      out: { type: "string", default: "dist/profiles" },
    },
  });
  const [one] = selectCases([values.case]);
  const folder = mkdtempSync(join(tmpdir(), "verge-profile-"));
  const out = resolve(values.out);
  const side = await createSide(values.side, folder, out);
  try {
    const { requestsPerSecond, requests, profiles } = await profileCase(one!, side, Number(values.seconds));
    console.log(
      `${values.case} on ${side.name}: ${requestsPerSecond.toFixed(0)} requests/s while profiled, ${requests} requests`,
    );
    for (const [title, taken] of profiles) printProfile(title, taken, requests, join(out, fileName(one!, side, title)));
  } finally {
    await side.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The bundle stays with the profiles: their lines are its lines. */
async function createSide(name: string, folder: string, out: string): Promise<Side> {
  const state = join(folder, "state");
  const bundle = join(out, `${name}-bundle`);
  if (name === "bare") return new Side("bare", state, await bundleBareWorker(bundle));
  const { mainModule } = await bundleWorker(bundle);
  return new Side("verge", state, mainModule);
}

async function profileCase(one: BenchCase, side: Side, seconds: number) {
  await loadState(side, [one]);
  await side.stop();
  const inspectorPort = await findFreePort();
  await side.start({ inspectorPort });
  // A server that starts again would lose its profilers: it has just started, which is as cold.
  if (one.coldWarmup === undefined) await measureCase(one, side, 1);
  const profilers = await openProfilers(inspectorPort);
  for (const profiler of profilers) await profiler.start();
  const measured = await measureCase(one, side, seconds, { restart: false });
  const profiles: [string, CpuProfile][] = [];
  for (const profiler of profilers) {
    profiles.push([profiler.title, await profiler.stop()]);
    profiler.close();
  }
  return { ...measured, profiles };
}

function printProfile(title: string, taken: CpuProfile, requests: number, path: string): void {
  const functions = sumByFunction(taken);
  const busy = functions.filter(({ name }) => name !== "(idle)" && name !== "(root)");
  const inJavaScript = busy.filter(({ name }) => name !== "(program)");
  const busyTime = inJavaScript.reduce((sum, { self }) => sum + self, 0);
  if (busyTime < 1) return;
  writeFileSync(path, JSON.stringify(taken));
  console.log(`\n${title}: ${((busyTime * 1000) / requests).toFixed(0)} µs of JavaScript a request (${path})`);
  console.log("   self   total  µs a request");
  for (const { name, place, self, total } of busy.slice(0, SHOWN_FUNCTIONS)) {
    const times = [self, total].map((time) => ((time * 1000) / requests).toFixed(1).padStart(7));
    console.log(`${times.join(" ")}  ${name} ${place}`);
  }
}

function fileName(one: BenchCase, side: Side, title: string): string {
  return `${one.name}-${side.name}-${title.replaceAll(/\W+/g, "-")}.cpuprofile`;
}

profile().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
