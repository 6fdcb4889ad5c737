import { describe, expect, test } from "vitest";
import type { EventContext } from "../../../src/lambda/events/context.ts";
import { nameRecord } from "../../../src/lambda/events/record.ts";
import { runEvent } from "../../../src/lambda/events/run-event.ts";
import { lambdaError } from "../../../src/lambda/errors.ts";
import type { InvokeInput, InvokeOutput } from "../../../src/lambda/runtime/protocol.ts";
import type { LeasedEvent } from "../../../src/metadata/function/events-protocol.ts";
import type { FoundFunction } from "../../../src/metadata/function/protocol.ts";

const TARGET = { accountId: "123456789012", functionName: "f" };
const BUCKET = "arn:aws:s3:::failed";
const NEXT = "arn:aws:lambda:us-east-1:123456789012:function:next";

const VERSION: FoundFunction["version"] = {
  name: "f",
  version: "$LATEST",
  revisionId: "r",
  modifiedAt: 0,
  architecture: "x86_64",
  settings: {
    runtime: "nodejs24.x",
    handler: "index.handler",
    role: "arn:aws:iam::123456789012:role/r",
    description: "",
    timeoutSeconds: 900,
    memoryMb: 128,
    ephemeralStorageMb: 512,
    tracingMode: "PassThrough",
    logging: { format: "Text", group: "/aws/lambda/f" },
  },
  code: { codeId: "c", sha256: "s", size: 1, unzippedSize: 1 },
};

const OUTPUT: InvokeOutput = {
  payload: Buffer.from('"done"'),
  logs: { lines: () => ({ init: [], own: [] }), text: () => "", stream: "", size: 0 },
  startedAt: 0,
  durationMs: 1,
  timedOut: false,
  coldStart: false,
};
const FAILED: InvokeOutput = {
  ...OUTPUT,
  functionError: "Unhandled",
  payload: Buffer.from('{"errorType":"Error","errorMessage":"no"}'),
};

interface Case {
  readonly event?: Partial<LeasedEvent>;
  readonly config?: Partial<NonNullable<FoundFunction["eventConfig"]>>;
  readonly record?: Partial<FoundFunction["function"]>;
  readonly answer?: (input: InvokeInput) => InvokeOutput;
}

/** Runs an event in one attempt; answers what is to become of it, with times from now on, and what was invoked. */
async function run({ event = {}, config, record = {}, answer = () => OUTPUT }: Case) {
  const now = Date.now();
  const found: FoundFunction = {
    function: { name: "f", tags: {}, ...record },
    version: VERSION,
    ...(config && { eventConfig: { functionName: "f", qualifier: "$LATEST", modifiedAt: 0, ...config } }),
  };
  const invoked: InvokeInput[] = [];
  const context = {
    region: "us-east-1",
    directory: { findFunction: () => Promise.resolve(found) },
    ports: {
      endpointUrl: "http://localhost",
      recordInvocation: () => undefined,
      issueKeys: () => Promise.resolve({ accessKeyId: "A", secretAccessKey: "S", sessionToken: "T" }),
      runtime: () => ({
        invoke: (_: unknown, input: InvokeInput) => {
          invoked.push(input);
          return Promise.resolve().then(() => answer(input));
        },
      }),
    },
    retrySeconds: 60,
    maxRunMs: 840_000,
  } as unknown as EventContext;
  const leased: LeasedEvent = {
    id: "id",
    until: 7,
    payload: Buffer.from('{"a":1}'),
    source: "invoke",
    acceptedAt: now,
    attempts: 1,
    failures: 0,
    delays: 0,
    ...event,
  };
  const settlement = await runEvent(leased, TARGET, found, context);
  const seconds = "due" in settlement ? Math.round((settlement.due - now) / 1_000) : undefined;
  const written = settlement.outcome === "deliver" ? parse(settlement.record) : undefined;
  return { settlement, seconds, written, invoked };
}

function parse(record: Uint8Array): Record<string, unknown> {
  return JSON.parse(Buffer.from(record).toString()) as Record<string, unknown>;
}

const fail = () => FAILED;
const onFailure = { onFailure: BUCKET };

describe("an asynchronous invocation", () => {
  test("that succeeds is done, or recorded where successes go", async () => {
    expect((await run({})).settlement).toEqual({ id: "id", until: 7, outcome: "done" });
    const { settlement, written } = await run({ config: { onSuccess: NEXT } });
    expect(settlement).toMatchObject({ outcome: "deliver", delivery: { destination: NEXT } });
    expect(written).toMatchObject({
      requestContext: { condition: "Success", approximateInvokeCount: 1 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST" },
      responsePayload: "done",
    });
  });

  test("gets its request id, and 840 seconds at most", async () => {
    const { invoked } = await run({});
    expect(invoked[0]).toMatchObject({
      requestId: "id",
      invokedArn: "arn:aws:lambda:us-east-1:123456789012:function:f",
    });
    expect((invoked[0]!.deadlineMs! - Date.now()) / 1_000).toBeCloseTo(840, 0);
  });

  test.each([
    [0, 60],
    [1, 120],
  ])("that has failed %i times before and fails is repeated after %i seconds", async (failures, expected) => {
    const { settlement, seconds } = await run({ event: { failures, attempts: failures + 1 }, answer: fail });
    expect(settlement.outcome).toBe("failed");
    expect(seconds).toBe(expected);
  });

  test("that fails for the last time is recorded with what it answered", async () => {
    const { written } = await run({ event: { failures: 2, attempts: 3 }, config: onFailure, answer: fail });
    expect(written).toMatchObject({
      version: "1.0",
      requestContext: {
        requestId: "id",
        functionArn: "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
        condition: "RetriesExhausted",
        approximateInvokeCount: 3,
      },
      requestPayload: { a: 1 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: { errorType: "Error", errorMessage: "no" },
    });
  });

  test("is repeated as often as its function says", async () => {
    const { settlement } = await run({ config: { maximumRetryAttempts: 0, ...onFailure }, answer: fail });
    expect(settlement.outcome).toBe("deliver");
  });

  test("is not repeated when it would be too old by then", async () => {
    const config = { maximumEventAgeSeconds: 60, ...onFailure };
    const { written } = await run({ config, answer: fail });
    expect(written).toMatchObject({
      requestContext: { condition: "EventAgeExceeded", approximateInvokeCount: 1 },
      responsePayload: { errorMessage: "no" },
    });
  });

  test("is not run when it is too old", async () => {
    const event = { acceptedAt: Date.now() - 21_600_000, attempts: 1 };
    const { written, invoked } = await run({ event, config: onFailure });
    expect(invoked).toEqual([]);
    expect(written).toMatchObject({ requestContext: { condition: "EventAgeExceeded", approximateInvokeCount: 0 } });
    expect(written).not.toHaveProperty("responseContext");
  });

  test.each([
    [0, 1],
    [3, 8],
    [20, 300],
  ])("that was put off %i times and is throttled waits %i seconds", async (delays, expected) => {
    const answer = () => {
      throw lambdaError("TooManyRequestsException", "Rate Exceeded.");
    };
    const { settlement, seconds } = await run({ event: { delays }, answer });
    expect(settlement.outcome).toBe("delayed");
    expect(seconds).toBe(expected);
  });

  test("of which three attempts got lost is given up", async () => {
    expect((await run({ event: { attempts: 3 } })).invoked).toHaveLength(1);
    const { written, invoked } = await run({ event: { attempts: 4 }, config: onFailure });
    expect(invoked).toEqual([]);
    expect(written).toMatchObject({ requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 3 } });
  });

  test("in its seventeenth round through the function is not run, unless loops are allowed", async () => {
    let traceHeader = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    for (let round = 1; round <= 16; round++) {
      const { invoked } = await run({ event: { traceHeader }, config: onFailure });
      traceHeader = invoked[0]!.traceId!;
    }
    expect(traceHeader).toMatch(/^Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1;Lineage=[0-9a-f]{8}:16$/);
    const { written, invoked } = await run({ event: { traceHeader }, config: onFailure });
    expect(invoked).toEqual([]);
    expect(written).toMatchObject({ requestContext: { condition: "RecursiveInvocation" } });
    const allowed = await run({ event: { traceHeader }, record: { recursiveLoop: "Allow" } });
    expect(allowed.invoked).toHaveLength(1);
  });

  test("of what is no JSON is recorded as text", async () => {
    const answer = () => ({ ...OUTPUT, payload: Buffer.from("<html>") });
    expect((await run({ config: { onSuccess: NEXT }, answer })).written).toMatchObject({ responsePayload: "<html>" });
    const empty = { payload: new Uint8Array() };
    expect((await run({ event: empty, config: { onSuccess: NEXT } })).written).toMatchObject({ requestPayload: {} });
  });
});

test("the key of a record says whose it is and from when", () => {
  expect(nameRecord("f", "6f2a", Date.UTC(2026, 10, 2, 3, 4, 5))).toBe(
    "aws/lambda/async/f/2026/11/02/2026-11-02T03.04.05-6f2a",
  );
});
