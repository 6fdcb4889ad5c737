import { type BenchCase, LISTED_KEYS, listTarget, objectTarget, PAGE_KEYS } from "./cases.ts";
import type { PreparedRequest } from "./connection.ts";
import { type Measurement, runLoad } from "./load.ts";
import type { RequestPlan, Side } from "./side.ts";
import { bodyOf } from "./state.ts";

/** Seconds of load before the clock runs, for code and caches to be warm. */
const WARMUP_SECONDS = 0.5;
/** Large bodies come in waves: fewer requests than this say little, so the run goes on until there are as many. */
const LEAST_REQUESTS = 12;
/** Different pages that are asked for. */
const PAGES = 97;

/**
 * One case on one side, once. The side runs already, and is the only one that does. A cold case starts it
 * again, unless the caller has just done so.
 */
export async function measureCase(
  one: BenchCase,
  side: Side,
  seconds: number,
  { restart = true } = {},
): Promise<Measurement> {
  if (one.coldWarmup !== undefined) {
    if (restart) {
      await side.stop();
      await side.start();
    }
    return measureCold(one, side, one.coldWarmup);
  }
  return one.method === "PUT" ? measurePut(one, side, seconds) : measureRepeated(one, side, seconds);
}

/** Every object of the set once, by a server that has just started and not read them yet. */
async function measureCold(one: BenchCase, side: Side, warmup: number): Promise<Measurement> {
  const requests = Array.from({ length: one.set!.count }, (_, index) => side.prepare(readPlan(one, side, index)));
  const load = { ...loadOf(one, side), seconds: 60 };
  await runLoad({ ...load, next: takeFrom(requests.splice(0, warmup)) });
  return runLoad({ ...load, next: takeFrom(requests) });
}

/** The same few requests over and over. */
async function measureRepeated(one: BenchCase, side: Side, seconds: number): Promise<Measurement> {
  const count = one.method === "LIST" ? PAGES : one.set!.count;
  const requests = Array.from({ length: count }, (_, index) => side.prepare(readPlan(one, side, index)));
  let at = 0;
  const next = () => requests[at++ % requests.length];
  const load = { ...loadOf(one, side), next };
  const warm = await runLoad({ ...load, seconds: WARMUP_SECONDS });
  return runLoad({ ...load, seconds: Math.max(seconds, LEAST_REQUESTS / warm.requestsPerSecond) });
}

/** Each under a key of its own. */
async function measurePut(one: BenchCase, side: Side, seconds: number): Promise<Measurement> {
  const body = bodyOf(one.bytes);
  const prefix = `/uploads/${one.name}/${Date.now().toString(36)}`;
  let made = 0;
  const prepare = (count: number): PreparedRequest[] =>
    Array.from({ length: count }, () =>
      side.prepare({ method: "PUT", target: `${prefix}/${made++}`, body, expect: { status: 200 } }),
    );
  const load = loadOf(one, side);
  const warm = await runLoad({
    ...load,
    next: takeFrom(prepare(one.bytes > 1_000_000 ? one.connections : 1_500)),
    seconds: WARMUP_SECONDS,
  });
  const lasting = Math.max(seconds, LEAST_REQUESTS / warm.requestsPerSecond);
  // More than will be sent, so that the clock ends the run.
  const enough = Math.ceil(warm.requestsPerSecond * lasting * 3) + one.connections;
  return runLoad({ ...load, next: takeFrom(prepare(enough)), seconds: lasting });
}

function loadOf({ connections }: BenchCase, side: Side) {
  return { origin: side.origin, connections, serverCpu: () => side.cpuSeconds() };
}

function readPlan(one: BenchCase, side: Side, index: number): RequestPlan {
  if (one.method === "LIST") {
    const start = Math.floor((index / PAGES) * (LISTED_KEYS - PAGE_KEYS - 1));
    return { method: "GET", target: listTarget(side.name, start), expect: { status: 200 } };
  }
  const method = one.method === "HEAD" ? "HEAD" : "GET";
  return { method, target: objectTarget(one.set!, index), expect: { status: 200, length: one.bytes } };
}

function takeFrom(requests: PreparedRequest[]): () => PreparedRequest | undefined {
  let at = 0;
  return () => requests[at++];
}
