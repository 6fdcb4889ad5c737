/**
 * `npm run bench:cdn`: hits of a distribution beside a bare Worker that answers from `caches.default`, in turns on
 * the same machine. "hot" is asked again and again; "cold" is asked once each in a fresh isolate, so that only the
 * location has it. Arguments narrow it to cases by their names.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { CompiledDistribution } from "../../src/metadata/cdn/protocol.ts";
import { bundleWorker } from "../local/bundle.ts";
import { credentialBindings, generateCredentials } from "../local/credentials.ts";
import { startRuntime } from "../local/runtime.ts";
import { type RuntimeProcess, trackRuntimeProcess } from "../local/runtime-process.ts";
import { describeBenchDistribution } from "./cdn-distribution.ts";
import type { PreparedRequest } from "./connection.ts";
import { type Measurement, median, runLoad } from "./load.ts";

interface Served {
  readonly origin: string;
  /** Before the path of a request. */
  readonly prefix: string;
  readonly process: RuntimeProcess;
  stop(): Promise<void>;
}

interface BenchCase {
  readonly name: string;
  readonly bytes: number;
  readonly cold: boolean;
  readonly goal: number;
}

const CASES: readonly BenchCase[] = [
  { name: "hit-1k-hot", bytes: 1_024, cold: false, goal: 2 },
  { name: "hit-1k-cold", bytes: 1_024, cold: true, goal: 0.85 },
  { name: "hit-64k-hot", bytes: 65_536, cold: false, goal: 1 },
  { name: "hit-64k-cold", bytes: 65_536, cold: true, goal: 0.85 },
  { name: "hit-8m-hot", bytes: 8_388_608, cold: false, goal: 0.7 },
];
const only = process.argv.slice(2);
const ROUNDS = 3;
const SECONDS = 2;
const CONNECTIONS = 16;
const COLD_KEYS = 1_500;
/** Of the cold ones, those that are not measured. */
const WARM_KEYS = 500;
const DISTRIBUTION_ID = "E0BENCHMARK001";

/** What one writes who puts a Worker with the Cache API before an origin. */
const BARE_WORKER = `export default {
  async fetch(request, env, context) {
    // The port differs from start to start.
    const { pathname } = new URL(request.url);
    const key = "http://bare" + pathname;
    const cached = await caches.default.match(key);
    if (cached) return cached;
    const response = await fetch(env.ORIGIN + pathname);
    context.waitUntil(caches.default.put(key, response.clone()));
    return response;
  },
};`;

async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "verge-bench-cdn-"));
  const origin = createServer((request, response) => {
    const bytes = Number(/^\/(\d+)/.exec(request.url ?? "")?.[1] ?? 0);
    response
      .writeHead(200, { "cache-control": "max-age=86400", "content-length": bytes })
      .end(Buffer.alloc(bytes, "x"));
  });
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const { port } = origin.address() as AddressInfo;
  try {
    const { mainModule } = await bundleWorker(join(folder, "bundle"));
    const sides = {
      verge: () => startVerge(mainModule, join(folder, "verge"), port),
      bare: () => startBare(join(folder, "bare"), port),
    };
    console.log("case            verge r/s   bare r/s   ratio   goal   verge CPU   bare CPU (ms a request)");
    for (const one of CASES) if (only.length === 0 || only.includes(one.name)) await measureCase(one, sides);
  } finally {
    origin.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureCase(one: BenchCase, sides: Record<"verge" | "bare", () => Promise<Served>>): Promise<void> {
  const runs = { verge: [] as Measurement[], bare: [] as Measurement[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of ["verge", "bare"] as const) runs[name].push(await measureSide(one, sides[name]));
  }
  const medianOf = (name: "verge" | "bare", value: "requestsPerSecond" | "serverCpu") =>
    median(runs[name].map((run) => run[value]));
  const [verge, bare] = [medianOf("verge", "requestsPerSecond"), medianOf("bare", "requestsPerSecond")];
  const cpu = [medianOf("verge", "serverCpu"), medianOf("bare", "serverCpu")];
  const columns = [one.name.padEnd(15), verge.toFixed(0).padStart(9), bare.toFixed(0).padStart(10)];
  const used = cpu.map((milliseconds) => milliseconds.toFixed(2).padStart(11)).join("");
  console.log(`${columns.join(" ")} ${(verge / bare).toFixed(2).padStart(7)} ${String(one.goal).padStart(6)} ${used}`);
}

async function measureSide({ bytes, cold }: BenchCase, start: () => Promise<Served>): Promise<Measurement> {
  let side = await start();
  try {
    const keys = cold ? COLD_KEYS : 1;
    const prepare = (key: number) => prepareRequest(side, `/${bytes}/${key}`, bytes);
    await load(side, keys, prepare);
    if (cold) {
      await side.stop();
      side = await start();
      // The isolate starts, the snapshot comes, and V8 has seen the code before the clock runs.
      await load(side, WARM_KEYS, prepare);
    } else {
      await load(side, 200, () => prepare(0));
    }
    let next = cold ? WARM_KEYS : 0;
    return await runLoad({
      origin: side.origin,
      serverCpu: () => readCpuSeconds(side.process.pid),
      connections: bytes > 1_000_000 ? 4 : CONNECTIONS,
      seconds: cold ? 60 : SECONDS,
      next: () => (cold ? (next < keys ? prepare(next++) : undefined) : prepare(0)),
    });
  } finally {
    await side.stop();
  }
}

/** From proc(5), where a clock tick is a hundredth of a second; undefined where there is none. */
function readCpuSeconds(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [user, system] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  } catch {
    return undefined;
  }
}

async function load(side: Served, count: number, prepare: (key: number) => PreparedRequest): Promise<void> {
  let next = 0;
  const requests = () => (next < count ? prepare(next++) : undefined);
  await runLoad({ origin: side.origin, connections: 4, seconds: 120, next: requests });
}

function prepareRequest(side: Served, path: string, length: number): PreparedRequest {
  const head = Buffer.from(`GET ${side.prefix}${path} HTTP/1.1\r\nHost: ${new URL(side.origin).host}\r\n\r\n`);
  return { head, headOnly: false, expect: { status: 200, length } };
}

async function startVerge(mainModule: string, stateDir: string, originPort: number): Promise<Served> {
  const runtime = await startRuntime({
    mainModule,
    stateDir,
    host: "127.0.0.1",
    port: 0,
    bindings: credentialBindings(generateCredentials()),
  });
  const namespace = await runtime.miniflare.getDurableObjectNamespace("DISTRIBUTION", "verge");
  const distribution = namespace.getByName(DISTRIBUTION_ID) as unknown as {
    install(revision: number, compiled: CompiledDistribution): Promise<void>;
  };
  await distribution.install(Date.now(), describeBenchDistribution(DISTRIBUTION_ID, originPort));
  const { endpoint, process } = runtime;
  return { origin: endpoint.origin, prefix: `/_cdn/${DISTRIBUTION_ID}`, process, stop: () => runtime.stop() };
}

async function startBare(stateDir: string, originPort: number): Promise<Served> {
  const options = convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    telemetry: { enabled: false },
    logRequests: false,
    resourcePersistencePath: join(stateDir, "v3"),
    workers: [
      {
        name: "bare",
        modules: true,
        script: BARE_WORKER,
        compatibilityDate: "2026-10-20",
        bindings: { ORIGIN: `http://127.0.0.1:${originPort}` },
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
    ],
  });
  const { started: miniflare, process } = trackRuntimeProcess(() => new Miniflare(options));
  await miniflare.ready;
  const { origin } = await miniflare.unsafeGetDirectURL("bare");
  return { origin, prefix: "", process, stop: () => process.drain(() => miniflare.dispose()) };
}

await bench();
