import { expect, test } from "vitest";
import type { EventContext } from "../../../src/lambda/events/context.ts";
import { drainEvents } from "../../../src/lambda/events/drain.ts";
import type { Exchange, FunctionEventsApi, LeasedEvent } from "../../../src/metadata/function/events-protocol.ts";
import type { FoundFunction } from "../../../src/metadata/function/protocol.ts";

const TARGET = { accountId: "123456789012", functionName: "f" };
const FOUND = {
  function: { name: "f", tags: {} },
  version: { version: "$LATEST", settings: { timeoutSeconds: 3, role: "r", logging: {} }, code: { codeId: "c" } },
} as unknown as FoundFunction;

interface Deployment {
  /** What the isolate remembers of the function, and what it is. */
  readonly remembered?: FoundFunction | undefined;
  readonly actual?: FoundFunction | undefined;
  readonly waiting: readonly string[];
  readonly runMs?: number;
  /** Which calls of the object fail, counted from 0. */
  readonly failing?: (call: number) => boolean;
}

/** Drains events that wait; answers the calls of the object, which functions ran, and how many side by side. */
async function drain({ remembered, actual, waiting, runMs = 0, failing }: Deployment) {
  const left = [...waiting];
  const exchanges: Exchange[] = [];
  const ran: string[] = [];
  let [cleared, running, mostRunning, calls] = [0, 0, 0, 0];
  const events: Partial<FunctionEventsApi> = {
    exchange(call) {
      if (failing?.(calls++)) return Promise.reject(new Error("the object is being moved"));
      exchanges.push(call);
      const until = Date.now() + call.leaseMs;
      const leased = left.splice(0, call.want).map((id): LeasedEvent => ({
        id,
        until,
        payload: new Uint8Array(),
        source: "invoke",
        acceptedAt: Date.now(),
        attempts: 1,
        failures: 0,
        delays: 0,
      }));
      return Promise.resolve(leased);
    },
    clear() {
      cleared++;
      return Promise.resolve();
    },
  };
  const context = {
    region: "us-east-1",
    directory: { findFunction: () => Promise.resolve(remembered) },
    ports: {
      endpointUrl: "http://localhost",
      recordInvocation: () => undefined,
      issueKeys: () => Promise.resolve({ accessKeyId: "A", secretAccessKey: "S", sessionToken: "T" }),
      open: () => Promise.resolve("{}"),
      findFunctionNow: () => Promise.resolve(actual),
      askEvents: (_: unknown, question: (api: FunctionEventsApi) => unknown) => question(events as FunctionEventsApi),
      runtime: () => ({
        async invoke(_: unknown, { requestId }: { requestId: string }) {
          mostRunning = Math.max(mostRunning, ++running);
          await new Promise((resolve) => setTimeout(resolve, runMs));
          running--;
          ran.push(requestId);
          const logs = { list: () => [], text: () => "", stream: "", size: 0 };
          return { payload: Buffer.from("1"), logs, durationMs: runMs, coldStart: false, timedOut: false };
        },
      }),
    },
    retrySeconds: 60,
    maxRunMs: 840_000,
  } as unknown as EventContext;
  await drainEvents(TARGET, context);
  return { exchanges, ran, cleared, mostRunning };
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => String(index));

test("every event is run and told of once, four side by side", async () => {
  const { exchanges, ran, mostRunning } = await drain({ remembered: FOUND, waiting: ids(30), runMs: 20 });
  expect(ran.toSorted((a, b) => Number(a) - Number(b))).toEqual(ids(30));
  const settled = exchanges.flatMap((call) => call.settled.map(({ id, outcome }) => `${id} ${outcome}`));
  expect(settled).toHaveLength(30);
  expect(new Set(settled)).toEqual(new Set(ids(30).map((id) => `${id} done`)));
  expect(mostRunning).toBe(4);
  expect(exchanges.filter(({ arriving }) => arriving)).toHaveLength(1);
});

test("slow events are leased as lanes get free, quick ones many at once", async () => {
  const slow = await drain({ remembered: FOUND, waiting: ids(12), runMs: 150 });
  expect(Math.max(...slow.exchanges.map(({ want }) => want))).toBe(4);
  const quick = await drain({ remembered: FOUND, waiting: ids(500) });
  expect(quick.ran).toHaveLength(500);
  expect(Math.max(...quick.exchanges.map(({ want }) => want))).toBeGreaterThan(32);
});

test("leases outlast the function's time-out", async () => {
  const { exchanges } = await drain({ remembered: FOUND, waiting: ids(1) });
  expect(exchanges[0]!.leaseMs).toBeGreaterThan(3_000);
});

test("the events of a function that is gone are dropped, but not on the word of what is remembered", async () => {
  expect((await drain({ waiting: ids(1) })).cleared).toBeGreaterThan(0);
  const created = await drain({ actual: FOUND, waiting: ids(1) });
  expect(created.cleared).toBe(0);
  // The isolate does not know yet what to run.
  expect(created.exchanges.flatMap(({ settled }) => settled)).toMatchObject([{ id: "0", outcome: "delayed" }]);
});

test("what has run is told again when the object could not be reached", async () => {
  const { exchanges, ran } = await drain({
    remembered: FOUND,
    waiting: ids(30),
    runMs: 5,
    failing: (call) => call % 2 === 1,
  });
  expect(ran).toHaveLength(30);
  const settled = exchanges.flatMap((call) => call.settled.map(({ id, outcome }) => `${id} ${outcome}`));
  expect(settled.toSorted()).toEqual(
    ids(30)
      .map((id) => `${id} done`)
      .toSorted(),
  );
});

test("an object that cannot be reached at all is left alone after some attempts", { timeout: 20_000 }, async () => {
  await expect(drain({ remembered: FOUND, waiting: ids(1), failing: () => true })).rejects.toThrow("moved");
});
