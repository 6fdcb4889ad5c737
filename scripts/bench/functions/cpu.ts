/**
 * `npm run bench:invoke-cpu -- [rounds]`: milliseconds of CPU that all processes of a server use for one warm invocation,
 * beside those of a Hono route with the same signature check. Rates depend on what else the machine does; this
 * hardly does.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleWorker } from "../../local/bundle.ts";
import { bundleBareWorker } from "../bare/runtime.ts";
import type { PreparedRequest } from "../connection.ts";
import { median, runLoad } from "../load.ts";
import { Side } from "../side.ts";
import { createFunction, EVENT, HANDLER, invokePath } from "./verge-functions.ts";

const ROUNDS = Number(process.argv[2] ?? "6");
const CONNECTIONS = 8;
const WARMUP_REQUESTS = 2_000;
const REQUESTS = 1_500;
const MOST_SECONDS = 60;

interface Contender {
  readonly name: string;
  readonly side: Pick<Side, "origin" | "cpuSeconds" | "servingCpuSeconds">;
  readonly request: PreparedRequest;
  /** Milliseconds of CPU a request, of all processes and of the one that serves. */
  readonly cpu: number[];
  readonly serving: number[];
}

const folder = mkdtempSync(join(tmpdir(), "verge-bench-cpu-"));
const { mainModule } = await bundleWorker(join(folder, "bundle"));
const hono = new Side("hono", join(folder, "hono"), await bundleBareWorker(join(folder, "hono-bundle"), "hono"));
const apart = new Side("verge", join(folder, "apart"), mainModule);
const inside = new Side("verge", join(folder, "inside"), mainModule);
try {
  await hono.start();
  await apart.start();
  await inside.start({ functions: "inside" });
  for (const side of [apart, inside]) await createFunction(side, "hello", { "index.js": HANDLER });
  const plan = { method: "POST", body: EVENT, expect: { status: 200 } } as const;
  const signed = { ...plan, target: invokePath("hello"), signed: "lambda" } as const;
  const contenders: Contender[] = [
    { name: "Hono route", side: hono, request: hono.prepare(signed), cpu: [], serving: [] },
    { name: "Invoke", side: apart, request: apart.prepare(signed), cpu: [], serving: [] },
    { name: "Invoke, VERGE_FUNCTIONS=inside", side: inside, request: inside.prepare(signed), cpu: [], serving: [] },
  ];
  for (const one of contenders) await send({ ...one, cpu: [], serving: [] }, WARMUP_REQUESTS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of round % 2 === 0 ? contenders : contenders.toReversed()) await send(one, REQUESTS);
  }
  print(contenders);
} finally {
  await Promise.all([hono, apart, inside].map((side) => side.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function send({ side, request, cpu, serving }: Contender, count: number): Promise<void> {
  let left = count;
  const before = side.servingCpuSeconds() ?? 0;
  const { serverCpu } = await runLoad({
    origin: side.origin,
    connections: CONNECTIONS,
    seconds: MOST_SECONDS,
    next: () => (left-- > 0 ? request : undefined),
    serverCpu: () => side.cpuSeconds(),
  });
  cpu.push(serverCpu);
  serving.push((((side.servingCpuSeconds() ?? 0) - before) * 1_000) / count);
}

function print(contenders: readonly Contender[]): void {
  const yardstick = median(contenders[0]!.cpu);
  console.log("| warm, signed | CPU, ms a request | of the process that serves | Hono's ÷ all | least – most |");
  console.log("|---|--:|--:|--:|--:|");
  for (const { name, cpu, serving } of contenders) {
    const own = median(cpu);
    const range = [Math.min(...cpu), Math.max(...cpu)].map((one) => one.toFixed(3)).join(" – ");
    console.log(
      `| ${name} | ${own.toFixed(3)} | ${median(serving).toFixed(3)} | ${(yardstick / own).toFixed(2)} | ${range} |`,
    );
  }
}
