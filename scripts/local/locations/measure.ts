import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { callApi } from "../api-client.ts";
import type { Credentials } from "../credentials.ts";
import { PLACES, type Place } from "./places.ts";
import type { Locations } from "./runtime.ts";

/** What one location did. Times are medians, in milliseconds. */
export interface Measured {
  readonly place: Place;
  readonly first: Sample;
  readonly second: Sample;
  /** The first requests after the invalidation was in force. */
  readonly after: Sample;
  /** From the answer to the invalidation until it was in force here, in milliseconds. */
  readonly inForce: number;
}

export interface Sample {
  readonly milliseconds: number;
  /** First words of X-Cache; one, where all answers had the same. */
  readonly from: string;
}

const OBJECTS = 9;
const BYTES = 16 * 1024;
/** Five seconds, and what a busy machine needs. */
const IN_FORCE_WITHIN_MS = 15_000;

/** A distribution in front of an origin on this machine, asked in each location in turn. */
export async function measureLocations({ endpoints }: Locations, credentials: Credentials): Promise<Measured[]> {
  const origin = await startOrigin();
  try {
    const target = { ...credentials, region: "us-east-1" };
    const created = (await callApi({ ...target, endpoint: endpoints[0]! }, "POST", "/distributions", {
      origin: `http://127.0.0.1:${origin.port}`,
    })) as { id: string };
    const bases = endpoints.map((endpoint) => `${endpoint}/_cdn/${created.id}`);
    // The configuration is there before anything is measured.
    for (const base of bases) await ask(`${base}/warm-up`);
    const firsts = await askAll(bases);
    const seconds = await askAll(bases);
    await callApi({ ...target, endpoint: endpoints[0]! }, "POST", `/distributions/${created.id}/purge`, {
      paths: ["/*"],
    });
    const began = performance.now();
    const inForce = await Promise.all(bases.map((base) => awaitMiss(`${base}/warm-up`, began)));
    const afters = await askAll(bases);
    return PLACES.map((place, number) => ({
      place,
      first: firsts[number]!,
      second: seconds[number]!,
      after: afters[number]!,
      inForce: inForce[number]!,
    }));
  } finally {
    await origin.stop();
  }
}

async function startOrigin() {
  const body = Buffer.alloc(BYTES, "verge ");
  const server = createServer((_request, response) => {
    response.writeHead(200, { "cache-control": "max-age=3600", "content-type": "application/octet-stream" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One location after the other, one object after the other: nothing waits for anything else. */
async function askAll(bases: readonly string[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const base of bases) {
    const answers: Sample[] = [];
    for (let number = 0; number < OBJECTS; number++) answers.push(await ask(`${base}/object-${number}`));
    const times = answers.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
    const from = [...new Set(answers.map((answer) => answer.from))].join(", ");
    samples.push({ milliseconds: times[Math.floor(OBJECTS / 2)]!, from });
  }
  return samples;
}

async function awaitMiss(url: string, began: number): Promise<number> {
  for (;;) {
    const { from } = await ask(url);
    const elapsed = performance.now() - began;
    if (from === "Miss") return elapsed;
    if (elapsed > IN_FORCE_WITHIN_MS) throw new Error(`${url} is not invalidated after ${IN_FORCE_WITHIN_MS} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function ask(url: string): Promise<Sample> {
  const began = performance.now();
  const response = await fetch(url);
  await response.arrayBuffer();
  const milliseconds = performance.now() - began;
  if (!response.ok) throw new Error(`${url} answers ${response.status}.`);
  return { milliseconds, from: response.headers.get("x-cache")?.split(" ")[0] ?? "" };
}
