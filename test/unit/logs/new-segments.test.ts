import { expect, test } from "vitest";
import { createSegments } from "../../../src/metadata/logs/new-segments.ts";
import type { InvocationRecord, LogEvent, SegmentBody } from "../../../src/metadata/logs/protocol.ts";

/** The largest row of a Durable Object. */
const MAX_ROW_BYTES = 2 * 1024 * 1024;
const create = (events: readonly LogEvent[], invocations: readonly InvocationRecord[] = []) =>
  createSegments({ group: "g", stream: "s", events, invocations }, 1_000);
const bodies = (...input: Parameters<typeof create>) =>
  create(...input).map(({ body }) => JSON.parse(body) as SegmentBody);

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
  expect(segments.flatMap(({ body }) => (JSON.parse(body) as SegmentBody).events)).toEqual(events);
  for (const { body, firstAt, lastAt } of segments) {
    const times = (JSON.parse(body) as SegmentBody).events.map(([time]) => time);
    expect([firstAt, lastAt]).toEqual([times[0], times.at(-1)]);
  }
});

test.each([
  ["control characters", "\u0001".repeat(1_000_000)],
  ["characters of three bytes", "€".repeat(1_000_000)],
])("a line of many %s is continued, and no row is too large", (_, line) => {
  const segments = create([[1, line]]);
  for (const { body } of segments) expect(Buffer.byteLength(body)).toBeLessThan(MAX_ROW_BYTES);
  const messages = segments.flatMap(({ body }) => (JSON.parse(body) as SegmentBody).events.map(([, text]) => text));
  expect(messages.join("")).toBe(line);
  for (const message of messages) expect(Buffer.byteLength(message)).toBeLessThanOrEqual(262_144);
});

test("many short events, and many invocations, are several rows", () => {
  const events = Array.from({ length: 100_000 }, (): LogEvent => [1, ""]);
  const records = Array.from({ length: 5_000 }, (_, index) => record(index));
  const segments = create(events, records);
  for (const { body } of segments) expect(Buffer.byteLength(body)).toBeLessThan(MAX_ROW_BYTES);
  const parsed = segments.map(({ body }) => JSON.parse(body) as SegmentBody);
  expect(parsed.flatMap((body) => body.events)).toHaveLength(100_000);
  expect(parsed.flatMap((body) => body.invocations ?? [])).toEqual(records);
});

test("an invocation without a line has a segment", () => {
  expect(create([], [record(1), record(3)])).toMatchObject([{ firstAt: 5_001, lastAt: 5_003 }]);
  expect(create([])).toEqual([]);
});
