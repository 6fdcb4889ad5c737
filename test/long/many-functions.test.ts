import type { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readResidentBytes } from "../../scripts/local/proc.ts";
import { createFunction, createLambdaClient, invokeFunction } from "../support/lambda.ts";
import { startVerge, type Verge } from "../support/server.ts";

const FUNCTIONS = 300;
const MOST_BYTES = 2 * 1024 ** 3;
/** What a function of some size keeps in memory: half a megabyte of code, and as much of state. */
const CODE = `${Array.from({ length: 5_000 }, (_, index) => `exports.part${index} = (value) => [value, "${"x".repeat(60)}"];`).join("\n")}
  const state = Array.from({ length: 60_000 }, (_, index) => index);
  exports.handler = async (event) => event.index + state.length;`;

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge, { maxAttempts: 5 });
});
afterAll(() => verge.stop());

it(`${FUNCTIONS} functions in turn, twice, stay below 2 GB`, async () => {
  const names: string[] = [];
  for (let index = 0; index < FUNCTIONS; index++) names.push(await createFunction(lambda, CODE, { Timeout: 30 }));
  let most = 0;
  for (const name of [...names, ...names]) {
    expect((await invokeFunction(lambda, name, { index: 1 })).result).toBe(60_001);
    most = Math.max(most, sumResident([verge.pid, verge.functionsPid]));
  }
  console.log(`${FUNCTIONS} functions: at most ${Math.round(most / 1024 ** 2)} MB in both processes.`);
  expect(most).toBeLessThan(MOST_BYTES);
});

/** A process that starts again may be gone. */
function sumResident(pids: readonly (number | undefined)[]): number {
  return pids.reduce<number>((sum, pid) => sum + (readResidentBytes(pid) ?? 0), 0);
}
