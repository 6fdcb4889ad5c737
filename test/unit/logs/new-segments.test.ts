import { describe, expect, test } from "vitest";
import { createSegments } from "../../../src/metadata/logs/new-segments.ts";
import type { InvocationRecord, LogEvent } from "../../../src/metadata/logs/protocol.ts";
import { decodeBody, type InvocationRun } from "../../../src/metadata/logs/segment-body.ts";

/** The largest row of a Durable Object. */
const MAX_ROW_BYTES = 2 * 1024 * 1024;
const create = (events: readonly LogEvent[], runs: readonly InvocationRun[] = []) =>
  createSegments({ group: "g", stream: "s", events, runs }, 1_000);
const bodies = (...input: Parameters<typeof create>) => create(...input).map(({ body }) => decodeBody(body));

const record = (index: number): InvocationRecord => ({
  requestId: crypto.randomUUID(),
  functionName: "f".repeat(64),
  version: "$LATEST",
  startedAt: 5_000 + index,
  durationMs: 1,
  billedMs: 1,
  memoryMb: 128,
  outcome: "success",
});

test("events are in the order of their times, and otherwise as they came", () => {
  const [body] = bodies([
    [2, "b"],
    [1, "a"],
    [2, "c"],
  ]);
  expect(body?.events).toEqual([
    [1, "a"],
    [2, "b"],
    [2, "c"],
  ]);
});

test("segments name the time that they cover, and have ids that grow", () => {
  const events = Array.from({ length: 10 }, (_, index): LogEvent => [index, "x".repeat(80_000)]);
  const segments = create(events);
  expect(segments.length).toBeGreaterThan(2);
  expect(segments.flatMap(({ body }) => decodeBody(body).events)).toEqual(events);
  for (const { body, firstAt, lastAt } of segments) {
    const times = decodeBody(body).events.map(([time]) => time);
    expect([firstAt, lastAt]).toEqual([times[0], times.at(-1)]);
  }
});

test.each([
  ["control characters", "\u0001".repeat(1_000_000)],
  ["characters of three bytes", "€".repeat(1_000_000)],
])("a line of many %s is continued, and no row is too large", (_, line) => {
  const segments = create([[1, line]]);
  for (const { body } of segments) expect(Buffer.byteLength(body)).toBeLessThan(MAX_ROW_BYTES);
  const messages = segments.flatMap(({ body }) => decodeBody(body).events.map(([, text]) => text));
  expect(messages.join("")).toBe(line);
  for (const message of messages) expect(Buffer.byteLength(message)).toBeLessThanOrEqual(262_144);
});

test("many short events, and many invocations, are several rows", () => {
  const events = Array.from({ length: 100_000 }, (): LogEvent => [1, ""]);
  const records = Array.from({ length: 5_000 }, (_, index) => record(index));
  const segments = create(
    events,
    records.map((invocation) => ({ invocation })),
  );
  for (const { body } of segments) expect(Buffer.byteLength(body)).toBeLessThan(MAX_ROW_BYTES);
  const parsed = segments.map(({ body }) => decodeBody(body));
  expect(parsed.flatMap((body) => body.events)).toHaveLength(100_000);
  expect(parsed.flatMap((body) => body.invocations)).toEqual(records);
});

test("an invocation without a line has a segment", () => {
  expect(create([], [{ invocation: record(1) }, { invocation: record(3) }])).toMatchObject([
    { firstAt: 5_001, lastAt: 5_003 },
  ]);
  expect(create([])).toEqual([]);
});

describe("lines of invocations", () => {
  const cold = { ...record(0), initMs: 7, alias: "live" };
  const warm = { ...record(20), outcome: "timeout" as const, errorType: "Sandbox.Timedout", durationMs: 3 };
  const own = (...lines: LogEvent[]) => ({ init: [], own: lines });

  test("stand between those of the platform, one invocation after the other", () => {
    const runs: InvocationRun[] = [
      { invocation: cold, lines: { init: [[5_003, "loading"]], own: [[5_007, "one"]] } },
      { invocation: { ...warm, startedAt: 5_008 }, lines: own([5_008, "two"], [5_009, "three"]) },
    ];
    const [segment] = create([], runs);
    const { events, invocations } = decodeBody(segment!.body);
    expect(events.map(([time, text]) => [time, text.split(" ")[0]])).toEqual([
      [5_003, "loading"],
      [5_007, "START"],
      [5_007, "one"],
      // Both within the same millisecond.
      [5_008, "END"],
      [5_008, "REPORT"],
      [5_008, "START"],
      [5_008, "two"],
      [5_009, "three"],
      [5_011, "END"],
      [5_011, "REPORT"],
    ]);
    expect(events[4]![1]).toMatch(/\tBilled Duration: 8 ms\tMemory Size: 128 MB\tInit Duration: 7\.00 ms\t\n$/);
    expect(events.at(-1)![1]).toMatch(/\tBilled Duration: 3 ms\t.*\tStatus: timeout\t\n$/);
    expect(invocations).toEqual([
      { ...cold, billedMs: 8 },
      { ...warm, startedAt: 5_008, billedMs: 3 },
    ]);
    expect([segment?.firstAt, segment?.lastAt]).toEqual([5_003, 5_011]);
  });

  test("may be many", () => {
    const lines = own(...Array.from({ length: 400 }, (_, index): LogEvent => [5_000, `${index} ${"x".repeat(1_000)}`]));
    const segments = create(
      [],
      [
        { invocation: record(0), lines },
        { invocation: record(1), lines: own() },
      ],
    );
    for (const { body } of segments) expect(Buffer.byteLength(body)).toBeLessThan(MAX_ROW_BYTES);
    const decoded = segments.map(({ body }) => decodeBody(body));
    expect(decoded.flatMap(({ events }) => events)).toHaveLength(400 + 6);
    const begun = decoded.flatMap(({ invocations }) => invocations.map(({ startedAt }) => startedAt));
    expect(new Set(begun)).toEqual(new Set([5_000, 5_001]));
  });

  test("of a refused invocation are none", () => {
    const refused = { ...record(0), outcome: "throttled" as const, errorType: "TooManyRequestsException", billedMs: 0 };
    expect(bodies([], [{ invocation: refused }])).toEqual([{ events: [], invocations: [refused] }]);
  });
});
