/**
 * Hits of a distribution beside a bare Worker that answers from `caches.default`, and beside nginx and Varnish where they
 * are installed, in turns on the same machine. "hot" is asked again and again; "cold" is asked once each of a server that
 * has just started, so that only the location (or the disk) has it.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { PreparedRequest } from "../connection.ts";
import { type Measurement, median, runLoad } from "../load.ts";
import {
  type CacheServer,
  findProgram,
  FULL,
  PLAIN,
  readCpuSeconds,
  startBare,
  startNginx,
  type StartServer,
  startVarnish,
  startVerge,
} from "./servers.ts";

export interface CdnCase {
  readonly name: string;
  readonly bytes: number;
  readonly cold: boolean;
  /** Goal: at least this multiple of the bare Worker's throughput. */
  readonly goal: number;
}

const CASES: readonly CdnCase[] = [
  { name: "hit-1k-hot", bytes: 1_024, cold: false, goal: 2 },
  { name: "hit-1k-cold", bytes: 1_024, cold: true, goal: 0.85 },
  { name: "hit-64k-hot", bytes: 65_536, cold: false, goal: 0.7 },
  { name: "hit-64k-cold", bytes: 65_536, cold: true, goal: 0.7 },
  { name: "hit-8m-hot", bytes: 8_388_608, cold: false, goal: 0.7 },
];
const CONNECTIONS = 16;
/** Of large bodies. */
const FEW_CONNECTIONS = 4;
const COLD_KEYS = 3_500;
/** Of the cold ones, those that are not measured. */
const WARM_KEYS = 500;

type SideName = "verge" | "bare" | "nginx" | "varnish";
type Rounds = Partial<Record<SideName, readonly Measurement[]>>;

export interface CdnResults {
  readonly cases: readonly { readonly one: CdnCase; readonly rounds: Rounds }[];
  /** Milliseconds of a hit with 75 behaviours and 3,000 invalidations, and of one with none, round by round. */
  readonly independence: readonly { readonly name: string; readonly full: number[]; readonly plain: number[] }[];
}

interface CdnOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Names of cases; empty for all. `independence` is one. */
  readonly only: readonly string[];
}

const INDEPENDENCE = "independence";

export async function benchCdn(folder: string, mainModule: string, options: CdnOptions): Promise<CdnResults> {
  const known = [...CASES.map(({ name }) => name), INDEPENDENCE];
  const wrong = options.only.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new Error(`There is no case "${wrong}" of the CDN. There are: ${known.join(", ")}.`);
  const origin = createServer((request, response) => {
    const bytes = Number(/^\/(\d+)/.exec(request.url ?? "")?.[1] ?? 0);
    response
      .writeHead(200, { "cache-control": "max-age=86400", "content-length": bytes })
      .end(Buffer.alloc(bytes, "x"));
  });
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const { port } = origin.address() as AddressInfo;
  const isWanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  try {
    const sides = listSides(folder, mainModule, port);
    const cases = [];
    for (const one of CASES)
      if (isWanted(one.name)) cases.push({ one, rounds: await measureRounds(one, sides, options) });
    const start = () => startVerge(mainModule, join(folder, "cdn-independence"), port);
    const independence = isWanted(INDEPENDENCE) ? await measureIndependence(start, options) : [];
    return { cases, independence };
  } finally {
    origin.closeAllConnections();
    origin.close();
  }
}

function listSides(folder: string, mainModule: string, port: number): Partial<Record<SideName, StartServer>> {
  const nginx = findProgram("nginx");
  const varnish = findProgram("varnishd");
  return {
    verge: () => startVerge(mainModule, join(folder, "cdn-verge"), port),
    bare: () => startBare(join(folder, "cdn-bare"), port),
    ...(nginx !== undefined && { nginx: () => startNginx(nginx, join(folder, "cdn-nginx"), port) }),
    ...(varnish !== undefined && { varnish: () => startVarnish(varnish, join(folder, "cdn-varnish"), port) }),
  };
}

/** In turns, forth and back: what the machine does over time falls on all alike. */
async function measureRounds(
  one: CdnCase,
  sides: Partial<Record<SideName, StartServer>>,
  { rounds, seconds }: CdnOptions,
): Promise<Rounds> {
  const runs: Partial<Record<SideName, Measurement[]>> = {};
  const names = (Object.keys(sides) as SideName[]).filter((name) => !(one.cold && name === "varnish"));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      (runs[name] ??= []).push(await measureSide(one, sides[name]!, seconds));
    }
  }
  console.error(`cdn ${one.name}: ${ratioOf(runs).toFixed(2)} of bare (goal ${one.goal})`);
  return runs;
}

async function measureSide({ bytes, cold }: CdnCase, start: StartServer, seconds: number): Promise<Measurement> {
  let side = await start();
  try {
    const keys = cold ? COLD_KEYS : 1;
    const prepare = (key: number) => prepareRequest(side, side.prefix, `/${bytes}/${key}`, bytes);
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
      serverCpu: () => readCpuSeconds(side.pids),
      connections: bytes > 1_000_000 ? FEW_CONNECTIONS : CONNECTIONS,
      seconds: cold ? 60 : seconds,
      next: () => (cold ? (next < keys ? prepare(next++) : undefined) : prepare(0)),
    });
  } finally {
    await side.stop();
  }
}

/** Two distributions of one server in turns; cold ones were stored before the invalidations were made. */
async function measureIndependence(
  start: () => ReturnType<typeof startVerge>,
  { rounds, seconds }: CdnOptions,
): Promise<CdnResults["independence"]> {
  const hot = { name: "hit-1k-hot", full: [] as number[], plain: [] as number[] };
  const cold = { name: "hit-1k-cold", full: [] as number[], plain: [] as number[] };
  let side = await start();
  try {
    const prepare = (id: string, key: number) => prepareRequest(side, `/_cdn/${id}`, `/1024/${key}`, 1_024);
    for (const id of [FULL, PLAIN]) await load(side, COLD_KEYS, (key) => prepare(id, key));
    await side.invalidate();
    for (let round = 0; round < rounds; round++) {
      await side.stop();
      side = await start();
      for (const id of [FULL, PLAIN]) await load(side, WARM_KEYS, (key) => prepare(id, key));
      for (const [name, id] of order(round)) {
        let next = WARM_KEYS;
        const requests = () => (next < COLD_KEYS ? prepare(id, next++) : undefined);
        cold[name].push((await run(side, 60, requests)).median);
      }
      for (const [name, id] of order(round)) {
        const request = prepare(id, 0);
        hot[name].push((await run(side, seconds, () => request)).median);
      }
    }
    return [hot, cold];
  } finally {
    await side.stop();
  }
}

function order(round: number): ["full" | "plain", string][] {
  const both: ["full" | "plain", string][] = [
    ["full", FULL],
    ["plain", PLAIN],
  ];
  return round % 2 === 0 ? both : both.toReversed();
}

function run(side: CacheServer, seconds: number, next: () => PreparedRequest | undefined): Promise<Measurement> {
  return runLoad({ origin: side.origin, connections: CONNECTIONS, seconds, next });
}

async function load(side: CacheServer, count: number, prepare: (key: number) => PreparedRequest): Promise<void> {
  let next = 0;
  const requests = () => (next < count ? prepare(next++) : undefined);
  await runLoad({ origin: side.origin, connections: 4, seconds: 120, next: requests });
}

function prepareRequest(side: CacheServer, prefix: string, path: string, length: number): PreparedRequest {
  const head = Buffer.from(`GET ${prefix}${path} HTTP/1.1\r\nHost: ${new URL(side.origin).host}\r\n\r\n`);
  return { head, headOnly: false, expect: { status: 200, length } };
}

function medianOf(rounds: readonly Measurement[], value: "requestsPerSecond" | "median" | "p99" | "serverCpu"): number {
  return median(rounds.map((round) => round[value]));
}

/** Of Verge's throughput to the bare Worker's. */
function ratioOf({ verge = [], bare = [] }: Rounds): number {
  return medianOf(verge, "requestsPerSecond") / medianOf(bare, "requestsPerSecond");
}

/** Of the bare Worker's CPU to Verge's: varies much less than the rate when something else runs on the machine. */
function cpuRatioOf({ verge = [], bare = [] }: Rounds): number {
  return medianOf(bare, "serverCpu") / medianOf(verge, "serverCpu");
}

const NAMES: Readonly<Record<SideName, string>> = { bare: "bare", verge: "Verge", nginx: "nginx", varnish: "Varnish" };

/** Tables in Markdown. */
export function renderCdn({ cases, independence }: CdnResults): string {
  const names = (Object.keys(NAMES) as SideName[]).filter((name) => cases.some(({ rounds }) => rounds[name]));
  const titles = names.map((name) => NAMES[name]).join(" | ");
  const cells = (rounds: Rounds, render: (measured: readonly Measurement[]) => string) =>
    names.map((name) => (rounds[name] ? render(rounds[name]) : "")).join(" | ");
  const rate = (measured: readonly Measurement[]) => medianOf(measured, "requestsPerSecond").toFixed(0);
  const latency = (measured: readonly Measurement[]) =>
    `${medianOf(measured, "median").toFixed(1)} / ${medianOf(measured, "p99").toFixed(1)}`;
  const cpu = (measured: readonly Measurement[]) => medianOf(measured, "serverCpu").toFixed(2);
  const line = names.map(() => "--:|").join("");
  const throughput = cases.map(({ one, rounds }) => {
    const ratio = ratioOf(rounds);
    const verdict = ratio >= one.goal ? "reached" : "MISSED";
    return `| ${one.name} | ${cells(rounds, rate)} | ${ratio.toFixed(2)} | ${one.goal.toFixed(2)} | ${verdict} |`;
  });
  const tables =
    cases.length === 0
      ? []
      : [
          `| CDN, requests/s | ${titles} | Verge/bare | goal | |`,
          `|---|${line}--:|--:|---|`,
          ...throughput,
          "",
          `| median / p99, ms | ${titles} |`,
          `|---|${line}`,
          ...cases.map(({ one, rounds }) => `| ${one.name} | ${cells(rounds, latency)} |`),
          "",
          `| server's CPU a request, ms | ${titles} | bare/Verge |`,
          `|---|${line}--:|`,
          ...cases.map(
            ({ one, rounds }) => `| ${one.name} | ${cells(rounds, cpu)} | ${cpuRatioOf(rounds).toFixed(2)} |`,
          ),
          "",
        ];
  return [...tables, ...renderIndependence(independence)].join("\n");
}

function renderIndependence(independence: CdnResults["independence"]): string[] {
  if (independence.length === 0) return [];
  return [
    "| median of a hit, ms | 75 behaviours, 3,000 invalidations | none | ratio |",
    "|---|--:|--:|--:|",
    ...independence.map(({ name, full, plain }) => {
      const ratio = median(full.map((milliseconds, round) => milliseconds / plain[round]!));
      return `| ${name} | ${median(full).toFixed(2)} | ${median(plain).toFixed(2)} | ${ratio.toFixed(2)} |`;
    }),
  ];
}
