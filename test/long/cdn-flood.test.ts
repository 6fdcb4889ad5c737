import { expect, test } from "vitest";
import { Connection, type PreparedRequest } from "../../scripts/bench/connection.ts";
import { median, runLoad } from "../../scripts/bench/load.ts";
import { useCdn } from "../support/cdn-fixture.ts";
import { callVerge } from "../support/verge-api.ts";

const cdn = useCdn();

const CONNECTIONS = 16;
const ROUNDS = 7;
/** Of the capacity, beside the half that the other distribution has. */
const FLOOD = 0.25;

/** Requests at a steady rate for a second, each on a connection that is free; the milliseconds of each. */
async function runPaced(request: PreparedRequest, rate: number): Promise<number[]> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(cdn.verge.endpoint)));
  const latencies: number[] = [];
  const began = performance.now();
  let next = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (next < rate) {
        const early = began + (next++ / rate) * 1_000 - performance.now();
        if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
        const sent = performance.now();
        await connection.send(request);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  for (const connection of connections) connection.close();
  return latencies;
}

function prepare(id: string, path: string, status: number, orStatus = status): PreparedRequest {
  const head = Buffer.from(`GET /_cdn/${id}${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  return { head, headOnly: false, expect: { status, orStatus } };
}

test("a flood on one distribution leaves the latency of another, at half of the capacity, within two times", async () => {
  const quiet = await cdn.install((_request, response) => {
    response.writeHead(200, { "cache-control": "max-age=3600", "content-length": 1024 }).end(Buffer.alloc(1024));
  });
  const flooded = await cdn.install(cdn.origin.answer);
  await callVerge(cdn.verge, "PUT", `/distributions/${flooded.id}/protection`, {
    rules: [{ action: "block", paths: ["/blocked"] }],
    rateLimits: [{ requests: 10, by: ["path"], paths: ["/limited"] }],
  });
  const hit = prepare(quiet.id, "/page", 200);
  const floods = {
    "refused by a rule": prepare(flooded.id, "/blocked", 403),
    "beyond a rate limit": prepare(flooded.id, "/limited", 429, 200),
  };
  await fetch(`${quiet.url}/page`).then((response) => response.text());
  await fetch(`${flooded.url}/limited`).then((response) => response.text());

  const measureCapacity = async () => {
    const load = { origin: cdn.verge.endpoint, connections: CONNECTIONS, seconds: 1, next: () => hit };
    return (await runLoad(load)).requestsPerSecond;
  };
  await measureCapacity();
  const ratios: Record<string, number[]> = {};
  const asked = cdn.origin.asked.length;
  for (let round = 0; round < ROUNDS; round++) {
    // Anew in each round: what else the machine does changes it.
    const capacity = await measureCapacity();
    const alone = median(await runPaced(hit, capacity / 2));
    for (const [name, flood] of Object.entries(floods)) {
      const [latencies] = await Promise.all([runPaced(hit, capacity / 2), runPaced(flood, capacity * FLOOD)]);
      (ratios[name] ??= []).push(median(latencies) / alone);
      console.log(
        `${(capacity / 2).toFixed(0)} hits a second: ${alone.toFixed(2)} ms; beside ${(capacity * FLOOD).toFixed(0)} a second ` +
          `${name}: ${median(latencies).toFixed(2)} ms`,
      );
    }
  }
  for (const [name, ofRounds] of Object.entries(ratios)) {
    console.log(`${name}: ${median(ofRounds).toFixed(2)}`);
    expect.soft(median(ofRounds), name).toBeLessThan(2);
  }
  expect(cdn.origin.asked.length).toBe(asked);
});
