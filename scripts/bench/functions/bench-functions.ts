/** The part of `npm run bench` that is about functions (docs/performance.md). */
import { join } from "node:path";
import { bundleBareWorker } from "../bare/runtime.ts";
import type { PreparedRequest } from "../connection.ts";
import { type Measurement, median, runLoad } from "../load.ts";
import { Side } from "../side.ts";
import { type ColdStart, measureColdStarts } from "./cold.ts";
import { Emulator } from "./emulator.ts";
import { type Drained, measureEvents } from "./events.ts";
import { createFunction, createFunctionUrl, EVENT, HANDLER, invokePath } from "./verge-functions.ts";

/** Who is measured in turn, and by which request. */
interface Contender {
  readonly name: string;
  readonly server: Pick<Emulator, "origin" | "pause" | "resume">;
  readonly request: PreparedRequest;
}

interface WarmResult {
  readonly name: string;
  readonly requestsPerSecond: number;
  readonly median: number;
  readonly p99: number;
}

export interface FunctionResults {
  readonly warm: readonly WarmResult[];
  readonly cold: readonly ColdStart[];
  readonly events: Drained;
  /** What could not be measured, for the reader. */
  readonly notes: readonly string[];
}

const CONNECTIONS = 16;
const WARMUP_SECONDS = 1;

const HONO_SIGNED = "Hono route, signed";
const HONO_OPEN = "Hono route, unsigned";
const VERGE_INVOKE = "Verge, Invoke, signed";
const VERGE_INSIDE = "Verge, Invoke, signed, VERGE_FUNCTIONS=inside";
const VERGE_URL = "Verge, function URL, unsigned";
const OFFLINE = "serverless-offline";

export async function benchFunctions(
  folder: string,
  mainModule: string,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<FunctionResults> {
  const notes: string[] = [];
  const hono = new Side("hono", join(folder, "hono"), await bundleBareWorker(join(folder, "hono-bundle"), "hono"));
  const verge = new Side("verge", join(folder, "verge-functions"), mainModule);
  const inside = new Side("verge", join(folder, "verge-inside"), mainModule);
  const emulators: Emulator[] = [];
  try {
    await hono.start();
    await verge.start();
    await inside.start({ functions: "inside" });
    emulators.push(await Emulator.startLambdaLocal(folder));
    const offline = await Emulator.startServerlessOffline(folder);
    if (offline) emulators.push(offline);
    else notes.push("serverless-offline is not compared: it could not be installed, which needs the network once.");
    const warm = await measureWarm(await listContenders(verge, inside, hono, emulators), rounds, seconds);
    for (const emulator of emulators) await emulator.stop();
    const cold = await measureColdStarts(verge, hono);
    return { warm, cold, events: await measureEvents(verge), notes };
  } finally {
    await Promise.all([hono, verge, inside, ...emulators].map((server) => server.stop()));
  }
}

async function listContenders(
  verge: Side,
  inside: Side,
  hono: Side<"hono">,
  emulators: readonly Emulator[],
): Promise<Contender[]> {
  for (const side of [verge, inside]) await createFunction(side, "hello", { "index.js": HANDLER });
  const plan = { method: "POST", body: EVENT, expect: { status: 200 } } as const;
  const signed = { ...plan, target: invokePath("hello"), signed: "lambda" } as const;
  const url = { ...plan, target: await createFunctionUrl(verge, "hello"), signed: "no" } as const;
  return [
    { name: HONO_SIGNED, server: hono, request: hono.prepare(signed) },
    { name: VERGE_INVOKE, server: verge, request: verge.prepare(signed) },
    { name: VERGE_INSIDE, server: inside, request: inside.prepare(signed) },
    { name: HONO_OPEN, server: hono, request: hono.prepare({ ...plan, target: "/open", signed: "no" }) },
    { name: VERGE_URL, server: verge, request: verge.prepare(url) },
    ...emulators.map((emulator) => ({ name: emulator.name, server: emulator, request: emulator.request })),
  ];
}

/** Each in turn, there and back again; the others stand still meanwhile. */
async function measureWarm(contenders: readonly Contender[], rounds: number, seconds: number): Promise<WarmResult[]> {
  const measured = new Map<string, Measurement[]>(contenders.map(({ name }) => [name, []]));
  for (const { server } of contenders) server.pause();
  for (let round = 0; round < rounds; round++) {
    for (const { name, server, request } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      server.resume();
      const load = { origin: server.origin, connections: CONNECTIONS, next: () => request };
      await runLoad({ ...load, seconds: WARMUP_SECONDS });
      measured.get(name)?.push(await runLoad({ ...load, seconds }));
      server.pause();
    }
  }
  for (const { server } of contenders) server.resume();
  return [...measured].map(([name, all]) => ({
    name,
    requestsPerSecond: median(all.map((one) => one.requestsPerSecond)),
    median: median(all.map((one) => one.median)),
    p99: median(all.map((one) => one.p99)),
  }));
}

interface Goal {
  readonly what: string;
  readonly value: number | undefined;
  readonly goal: string;
  readonly reached: boolean;
}

export function renderFunctions({ warm, cold, events, notes }: FunctionResults): string {
  const lines = [
    "| functions, warm | requests/s | median / p99, ms |",
    "|---|--:|--:|",
    ...warm.map(
      (one) =>
        `| ${one.name} | ${one.requestsPerSecond.toFixed(0)} | ${one.median.toFixed(1)} / ${one.p99.toFixed(1)} |`,
    ),
    "",
    "| functions, ms | first call | second | warm |",
    "|---|--:|--:|--:|",
    ...cold.map(
      (one) => `| ${one.name} | ${one.first.toFixed(1)} | ${one.second.toFixed(1)} | ${one.warm.toFixed(1)} |`,
    ),
    "",
    `${events.events} events: drained in ${events.seconds.toFixed(1)} s, ${events.eventsPerSecond.toFixed(0)} a second; accepted at ${events.acceptedPerSecond.toFixed(0)} a second.`,
    "",
    "| | measured | goal | |",
    "|---|--:|--:|---|",
    ...listGoals({ warm, cold, events, notes }).map(renderGoal),
  ];
  return [...lines, ...notes.map((note) => `\n${note}`)].join("\n");
}

function listGoals({ warm, cold, events }: FunctionResults): Goal[] {
  const rate = (name: string) => warm.find((one) => one.name === name)?.requestsPerSecond;
  const ratio = (one: string, other: string) => {
    const [value, yardstick] = [rate(one), rate(other)];
    return value === undefined || yardstick === undefined ? undefined : value / yardstick;
  };
  const start = (name: string) => cold.find((one) => one.name === name);
  const tiny = start("tiny");
  const beyond = tiny && tiny.first - (start("bare isolate")?.first ?? 0);
  return [
    atLeast("Invoke beside a Hono route with the same signature check", ratio(VERGE_INVOKE, HONO_SIGNED), 0.35),
    atLeast("Invoke beside serverless-offline, which checks none", ratio(VERGE_INVOKE, OFFLINE), 3),
    atMost("cold start of a tiny function beyond a bare isolate's, ms", beyond, 30),
    atMost("second call beside a warm one", tiny && tiny.second / tiny.warm, 1.5),
    atLeast("asynchronous events drained a second", events.eventsPerSecond, 2_000),
  ];
}

function atLeast(what: string, value: number | undefined, goal: number): Goal {
  return { what, value, goal: `≥ ${goal}`, reached: value !== undefined && value >= goal };
}

function atMost(what: string, value: number | undefined, goal: number): Goal {
  return { what, value, goal: `≤ ${goal}`, reached: value !== undefined && value <= goal };
}

function renderGoal({ what, value, goal, reached }: Goal): string {
  const outcome = reached ? "reached" : "MISSED";
  const shown = value === undefined ? "–" : value.toFixed(value < 100 ? 2 : 0);
  return `| ${what} | ${shown} | ${goal} | ${value === undefined ? "not measured" : outcome} |`;
}
