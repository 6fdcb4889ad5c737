import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFreePort } from "../../scripts/local/free-port.ts";
import { describeCustomOrigin, installDistribution } from "../support/distribution.ts";
import { startVerge, type Verge } from "../support/server.ts";

/**
 * The public tests of HTTP caches (http-tests/cache-tests) through a distribution, with the suite's own origin.
 * CACHE_TESTS is a checkout of it in which the package `undici` can be found; CACHE_TESTS_OUT, a file, gets the
 * results in the suite's format. The distribution keeps what the origin says, and has the two settings on that
 * docs/cdn-cache.md describes: heuristic freshness, and the viewer's Cache-Control. CACHE_TESTS_SETTINGS=off leaves them off, to
 * see what that changes.
 */
const suite = process.env["CACHE_TESTS"] === undefined ? "" : resolve(process.env["CACHE_TESTS"]);
const out = process.env["CACHE_TESTS_OUT"];
const isPlain = process.env["CACHE_TESTS_SETTINGS"] === "off";
if (suite === "") console.warn("skipped: http-tests/cache-tests, because CACHE_TESTS does not name a checkout of it");

const REQUIRED = 156;
const OPTIMAL = 99;
const CHECKS = 75;

/** `true`, or a kind of failure and what it says. */
type Results = Record<string, true | readonly [kind: string, message: string]>;

interface SuiteTest {
  readonly id: string;
  readonly kind?: "optimal" | "check";
  readonly browser_only?: boolean;
}

describe.skipIf(suite === "")("http-tests/cache-tests", () => {
  let verge: Verge;
  let origin: { readonly process: ChildProcess; readonly port: number };
  let base: string;
  let work: string;

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), "verge-cache-tests-"));
    [verge, origin] = await Promise.all([startVerge(), startSuiteOrigin(work)]);
    const settings = isPlain ? [] : ["x-verge-heuristic-freshness", "x-verge-honor-request-directives"];
    const CustomHeaders = settings.map((HeaderName) => ({ HeaderName, HeaderValue: "true" }));
    base = (await installDistribution(verge, { Origins: [describeCustomOrigin(origin.port, { CustomHeaders })] })).url;
  });
  afterAll(async () => {
    origin.process.kill();
    await verge.stop();
    rmSync(work, { recursive: true, force: true });
  });

  test("passes as many as the best caches, and more", async () => {
    const results = await runSuite(base);
    // One test poisons a pooled connection of the client, which fails whichever comes next.
    for (const id of await listTransportFailures(results)) Object.assign(results, await runSuite(base, id));
    if (out !== undefined) writeFileSync(out, JSON.stringify(results, undefined, 2));
    const score = await countPassed(results);
    console.log(score.failures.join("\n"));
    console.log(`required ${score.required}, optimal ${score.optimal}, checks ${score.check}`);
    if (isPlain) return;
    expect(score.required).toBeGreaterThanOrEqual(REQUIRED);
    expect(score.optimal).toBeGreaterThanOrEqual(OPTIMAL);
    expect(score.check).toBeGreaterThanOrEqual(CHECKS);
  });
});

async function startSuiteOrigin(work: string) {
  const port = await findFreePort();
  const server = spawn(process.execPath, ["test-engine/server/server.mjs"], {
    cwd: suite,
    env: {
      ...process.env,
      npm_config_protocol: "http",
      npm_config_port: String(port),
      npm_config_pidfile: join(work, "pid"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolveReady, reject) => {
    server.stdout.on("data", (text: Buffer) => {
      if (text.includes("Listening")) resolveReady();
    });
    server.once("exit", () => reject(new Error("The suite's origin does not start.")));
  });
  return { process: server, port };
}

/** Plays every test, or the one of an id. */
async function runSuite(base: string, id = ""): Promise<Results> {
  const script = `
    const { runTests, getResults } = await import(${JSON.stringify(moduleUrl("test-engine/client/runner.mjs"))});
    const tests = (await import(${JSON.stringify(moduleUrl("tests/index.mjs"))})).default;
    const chosen = tests.map((group) => ({ ...group, tests: group.tests.filter(({ id }) => ${JSON.stringify(id)} === "" || id === ${JSON.stringify(id)}) }));
    await runTests(chosen, false, ${JSON.stringify(base)});
    console.log("\\nRESULTS " + JSON.stringify(getResults()));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--no-warnings", "--input-type=module", "--eval", script],
    { cwd: suite, maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(/^RESULTS (.*)$/m.exec(stdout)?.[1] ?? "{}") as Results;
}

async function listTransportFailures(results: Results): Promise<string[]> {
  const ids = (await listTests()).map(({ id }) => id);
  return ids.filter((id) => {
    const result = results[id];
    return (
      result !== undefined && result !== true && ["TypeError", "HTTPParserError", "AbortError"].includes(result[0])
    );
  });
}

async function countPassed(results: Results) {
  const { determineTestResult, resultTypes } = (await import(moduleUrl("test-engine/lib/results.mjs"))) as {
    determineTestResult: (groups: unknown, id: string, results: Results) => unknown;
    resultTypes: Record<string, unknown>;
  };
  const groups = await importGroups();
  const score = { required: 0, optimal: 0, check: 0, failures: [] as string[] };
  for (const { id, kind = "required" } of await listTests()) {
    const verdict = determineTestResult(groups, id, results);
    if (verdict === resultTypes["pass"] || verdict === resultTypes["yes"]) score[kind]++;
    else score.failures.push(`${kind}\t${id}\t${JSON.stringify(results[id])}`);
  }
  return score;
}

async function listTests(): Promise<SuiteTest[]> {
  return (await importGroups()).flatMap(({ tests }) => tests).filter((one) => !one.browser_only);
}

async function importGroups(): Promise<{ readonly tests: readonly SuiteTest[] }[]> {
  return ((await import(moduleUrl("tests/index.mjs"))) as { default: { tests: SuiteTest[] }[] }).default;
}

function moduleUrl(path: string): string {
  return pathToFileURL(join(suite, path)).href;
}
