/**
 * `npm run bench`: Verge beside a bare Worker on R2 and beside s3rver, its functions and its CDN beside what they could
 * be taken for, in one run (docs/performance.md).
 * Each side has a process of its own; only the one under load runs, the others are stopped meanwhile.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { bundleWorker } from "../local/bundle.ts";
import { bundleBareWorker } from "./bare/runtime.ts";
import { benchCdn, renderCdn } from "./cdn/bench-cdn.ts";
import { benchFunctions, renderFunctions } from "./functions/bench-functions.ts";
import { type BenchCase, selectCases, type SideName } from "./cases.ts";
import type { Measurement } from "./load.ts";
import { measureCase } from "./measure.ts";
import { type CaseResult, compare, renderReport, summarize } from "./report.ts";
import { Side } from "./side.ts";
import { loadState } from "./state.ts";

const USAGE = `npm run bench -- [options]
  --only get-1k,put-8m   these cases alone; get-64k means get-64k-cold and get-64k-hot;
                         functions: invocations, cold starts and events;
                         cdn: hits beside nginx and Varnish, where they are installed (cdn-hit-1k-hot: one of its cases)
  --rounds N             alternating rounds, of which the medians are taken (5)
  --seconds N            of load in each round and case on each side (1.5)
  --json FILE            every measurement, for comparison with other runs
  --state DIR            where the states are made, in a folder that is removed at the end (the system's)`;

/** As `--only` names all that is measured of functions. */
const FUNCTIONS = "functions";
const CDN = "cdn";
const OF_CDN = /^cdn(?:-(.+))?$/;

interface Options {
  readonly cases: readonly BenchCase[];
  readonly rounds: number;
  readonly seconds: number;
  /** Whether functions are measured, besides the store. */
  readonly functions: boolean;
  /** The cases of the CDN, none of them for all; undefined where it is not measured. */
  readonly cdn: readonly string[] | undefined;
  readonly json: string | undefined;
  readonly parent: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "1.5" },
      json: { type: "string" },
      state: { type: "string", default: tmpdir() },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const only = values.only?.split(",").map((name) => name.trim());
  const ofStore = only?.filter((name) => name !== FUNCTIONS && !OF_CDN.test(name));
  const ofCdn = only?.flatMap((name) => OF_CDN.exec(name)?.[1] ?? []);
  return {
    cases: ofStore?.length === 0 ? [] : selectCases(ofStore ?? []),
    functions: only === undefined || only.includes(FUNCTIONS),
    cdn: only === undefined || only.includes(CDN) ? [] : ofCdn?.length === 0 ? undefined : ofCdn,
    rounds: readPositive("rounds", values.rounds),
    seconds: readPositive("seconds", values.seconds),
    json: values.json,
    parent: resolve(values.state),
  };
}

function readPositive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not "${text}".\n${USAGE}`);
  return value;
}

async function bench(): Promise<void> {
  const options = readOptions();
  mkdirSync(options.parent, { recursive: true });
  const folder = mkdtempSync(join(options.parent, "verge-bench-"));
  const sides: Side[] = [];
  let ended: Promise<void> | undefined;
  // A signal ends the servers, which ends the measurement with an error, which comes here again.
  const end = () => (ended ??= endAll(sides, folder));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void end().finally(() => process.exit(1)));
  }
  try {
    const started = performance.now();
    const [{ mainModule }, bareModule] = await Promise.all([
      bundleWorker(join(folder, "verge-bundle")),
      bundleBareWorker(join(folder, "bare-bundle")),
    ]);
    if (options.cases.length > 0) {
      sides.push(new Side("bare", join(folder, "bare"), bareModule));
      sides.push(new Side("verge", join(folder, "verge"), mainModule));
      sides.push(new Side("s3rver", join(folder, "s3rver")));
    }
    for (const side of sides) await prepareSide(side, options.cases);
    const results: CaseResult[] = [];
    for (const one of options.cases) results.push(await runRounds(one, sides, options));
    if (results.length > 0) console.log(`\n${renderReport(results)}\n`);
    const functions = options.functions ? await benchFunctions(folder, mainModule, options) : undefined;
    if (functions) console.log(`\n${renderFunctions(functions)}\n`);
    const cdn = options.cdn && (await benchCdn(folder, mainModule, { ...options, only: options.cdn }));
    if (cdn) console.log(`\n${renderCdn(cdn)}\n`);
    console.log(`${options.rounds} rounds in ${formatSeconds(performance.now() - started)}, ${cpus().length} cores.`);
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify({ ...describe(results, options), functions, cdn }, null, 2)}\n`);
  } finally {
    await end();
  }
}

async function endAll(sides: readonly Side[], folder: string): Promise<void> {
  await Promise.all(sides.map((side) => side.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function prepareSide(side: Side, cases: readonly BenchCase[]): Promise<void> {
  const started = performance.now();
  await loadState(side, cases);
  await settle(side);
  side.pause();
  console.error(`${side.name}: state made in ${formatSeconds(performance.now() - started)}`);
}

/** Waits until the server has done what loading left it to do (Verge exports its journal), a minute at most. */
async function settle(side: Side): Promise<void> {
  let quiet = 0;
  for (let second = 0; second < 60 && quiet < 2; second++) {
    const before = side.cpuSeconds() ?? 0;
    await wait(1_000);
    quiet = (side.cpuSeconds() ?? 0) - before < 0.05 ? quiet + 1 : 0;
  }
}

/** bare, Verge, s3rver, then back, and so on: what the machine does over time falls on all alike. */
async function runRounds(one: BenchCase, sides: readonly Side[], options: Options): Promise<CaseResult> {
  const rounds: Record<SideName, Measurement[]> = { bare: [], verge: [], s3rver: [] };
  for (let round = 0; round < options.rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      side.resume();
      rounds[side.name].push(await measureCase(one, side, options.seconds));
      side.pause();
    }
  }
  const result = { one, rounds };
  const { toBare, toS3rver } = compare(result);
  console.error(`${one.name}: ${toBare.toFixed(2)} of bare (goal ${one.goal}), ${toS3rver.toFixed(2)} of s3rver`);
  return result;
}

function describe(results: readonly CaseResult[], { rounds, seconds }: Options) {
  return {
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    rounds,
    seconds,
    cases: results.map((result) => ({
      name: result.one.name,
      goal: result.one.goal,
      ...compare(result),
      bare: { ...summarize(result.rounds.bare), rounds: result.rounds.bare },
      verge: { ...summarize(result.rounds.verge), rounds: result.rounds.verge },
      s3rver: { ...summarize(result.rounds.s3rver), rounds: result.rounds.s3rver },
    })),
  };
}

function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(0)} s`;
}

bench().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
