import { ListBucketsCommand } from "@aws-sdk/client-s3";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient, invokeFunction } from "../support/lambda.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

/** How often each function fails. */
const ROUNDS = Number(process.env["FAULT_ROUNDS"] ?? 20);
const TIMEOUT_MS = 2_000;
/** Others are answered again so soon after a function's own time-out. */
const BACK_MS = 3_000;

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const KILLED = {
  errorType: "Runtime.OutOfMemory",
  errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: signal: killed$/),
};
const TIMED_OUT = {
  errorType: "Sandbox.Timedout",
  errorMessage: expect.stringMatching(/Error: Task timed out after 2\.00 seconds$/),
};

describe.each([
  ["fills the heap", "const a = []; for (;;) a.push(new Array(1000).fill(1.5));", KILLED],
  ["fills buffers", "const a = []; for (;;) a.push(new Uint8Array(1e7).fill(1));", KILLED],
  [
    "fills the heap between waits",
    "const a = []; for (;;) { a.push(new Array(1e6).fill(1.5)); await new Promise((r) => setTimeout(r, 2)); }",
    KILLED,
  ],
  ["loops for ever", "for (;;);", TIMED_OUT],
  ["recurses in promises for ever", "const turn = () => Promise.resolve().then(turn); await turn();", TIMED_OUT],
  ["searches for ever", "/^(a+)+$/.test('a'.repeat(60) + 'b');", TIMED_OUT],
  ["sleeps for ever", "await new Promise(() => undefined);", TIMED_OUT],
  ["throws", "throw new RangeError('no');", { errorType: "RangeError", errorMessage: "no" }],
  [
    "exits",
    "process.exit(7);",
    {
      errorType: "Runtime.ExitError",
      errorMessage: expect.stringMatching(/Error: Runtime exited with error: exit status 7$/),
    },
  ],
  ["returns 10 MB", "return 'x'.repeat(10e6);", { errorType: "Function.ResponseSizeTooLarge" }],
])("a function that %s", (_what, code, expected) => {
  it(`ends as on Lambda, ${ROUNDS} times, and is in nobody's way`, { timeout: ROUNDS * 10_000 }, async () => {
    const failing = await createFunction(lambda, `exports.handler = async () => { ${code} };`, {
      Timeout: expected === KILLED ? 20 : TIMEOUT_MS / 1000,
    });
    const sound = await createFunction(lambda, "exports.handler = async () => 'well';", { Timeout: 10 });
    for (let round = 0; round < ROUNDS; round++) {
      const begun = performance.now();
      const failed = invokeFunction(lambda, failing);
      const stored = await measure(() => createS3Client(verge).send(new ListBucketsCommand()));
      expect(stored).toBeLessThan(BACK_MS);
      const { result, StatusCode, FunctionError } = await failed;
      expect({ result, StatusCode, FunctionError }).toMatchObject({
        result: expected,
        StatusCode: 200,
        FunctionError: "Unhandled",
      });
      expect(await answersWell(sound)).toBe(true);
      expect(performance.now() - begun).toBeLessThan(TIMEOUT_MS + BACK_MS);
    }
  });
});

/** Whether a function answers within the time; one that was lost with another is called again, as SDKs do. */
async function answersWell(name: string): Promise<boolean> {
  const deadline = performance.now() + BACK_MS;
  while (performance.now() < deadline) {
    const answer = await invokeFunction(lambda, name).catch((error: { $metadata?: { httpStatusCode?: number } }) => {
      if (error.$metadata?.httpStatusCode !== 503) throw error;
      return undefined;
    });
    if (answer) return answer.result === "well";
  }
  return false;
}

async function measure(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
