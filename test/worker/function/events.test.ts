import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acceptEvents, askFunctionEvents } from "../../../src/metadata/function/events-client.ts";
import type { AcceptedEvent, EventsMessage, LeasedEvent } from "../../../src/metadata/function/events-protocol.ts";
import {
  catchMessages,
  countParts,
  event,
  exchange,
  LEASE_MS,
  passTime,
  readAlarm,
  restoreQueue,
  ring,
  settle,
  TARGET,
} from "./events-fixture.ts";

let sent: EventsMessage[];
beforeEach(() => {
  sent = catchMessages();
});
afterEach(async () => {
  restoreQueue();
  await reset();
});

const accept = (...events: AcceptedEvent[]) => acceptEvents(env, TARGET, events);
const idsOf = (events: readonly LeasedEvent[]) => events.map(({ id }) => id).toSorted();
const only = ([first]: readonly LeasedEvent[]) => first!;

describe("accepting events", () => {
  it("keeps all of a call, whatever their size", async () => {
    const large = crypto.getRandomValues(new Uint8Array(60_000));
    const payload = Buffer.concat(Array.from({ length: 100 }, () => large));
    await accept(event("a"), event("b", new Uint8Array()), event("c", payload));
    expect(await countParts()).toEqual({ a: 1, b: 1, c: 4 });
    const leased = await exchange();
    expect(leased.map(({ id, payload: { byteLength } }) => [id, byteLength])).toEqual([
      ["a", 3],
      ["b", 0],
      ["c", 6_000_000],
    ]);
    expect(Buffer.compare(leased[2]!.payload, payload)).toBe(0);
  });

  it("takes an event that waits already only once", async () => {
    await accept(event("a"), event("b"));
    await accept(event("b", Buffer.from("another")), event("c"));
    const payloads = (await exchange()).map(({ payload }) => Buffer.from(payload).toString());
    expect(payloads).toEqual(['"a"', '"b"', '"c"']);
  });

  it("keeps what came with it", async () => {
    await accept({ ...event("a"), qualifier: "live", source: "s3", traceHeader: "Root=1" });
    expect(only(await exchange())).toMatchObject({
      qualifier: "live",
      source: "s3",
      traceHeader: "Root=1",
      attempts: 1,
      failures: 0,
      delays: 0,
    });
  });

  it("calls one runner for all that come together, and again when nobody has come", async () => {
    await Promise.all(["a", "b", "c"].map((id) => accept(event(id))));
    expect(sent).toEqual([TARGET]);
    expect(await readAlarm()).toBeGreaterThan(Date.now());
    await passTime(10_000);
    // Not yet: the message may still be on its way.
    await ring();
    expect(sent).toHaveLength(1);
  });
});

describe("leases", () => {
  it("are given once, until they end", async () => {
    await accept(event("a"), event("b"));
    expect(idsOf(await exchange({ want: 1 }))).toEqual(["a"]);
    expect(idsOf(await exchange())).toEqual(["b"]);
    expect(await exchange()).toEqual([]);
    await passTime(LEASE_MS + 1);
    const again = await exchange();
    expect(idsOf(again)).toEqual(["a", "b"]);
    expect(again.map(({ attempts }) => attempts)).toEqual([2, 2]);
  });

  it("that have ended settle nothing, since another has the event", async () => {
    await accept(event("a"));
    const first = only(await exchange());
    await passTime(LEASE_MS + 1);
    const second = only(await exchange());
    await settle({ id: "a", until: first.until - LEASE_MS - 1, outcome: "done" });
    expect(Object.keys(await countParts())).toEqual(["a"]);
    await settle({ id: "a", until: second.until, outcome: "done" });
    expect(await countParts()).toEqual({});
  });

  it("can be made longer by who holds them", async () => {
    await accept(event("a"));
    const { id, until } = only(await exchange());
    const extend = (lease: { id: string; until: number }) =>
      askFunctionEvents(env, TARGET, (events) => events.extend([lease], 60_000));
    const [longer] = await extend({ id, until });
    expect(longer).toBeGreaterThan(until + 40_000);
    expect(await extend({ id, until })).toEqual([undefined]);
    await passTime(LEASE_MS + 1);
    expect(await exchange()).toEqual([]);
  });

  it("are no more than the function's reserved concurrency", async () => {
    await accept(...["a", "b", "c"].map((id) => event(id)));
    const first = await exchange({ limit: 2 });
    expect(first).toHaveLength(2);
    expect(await exchange({ limit: 2 })).toEqual([]);
    const { id, until } = first[0]!;
    expect(await exchange({ limit: 2, settled: [{ id, until, outcome: "done" }] })).toHaveLength(1);
  });

  it("of a dead runner are found by the alarm", async () => {
    await accept(event("a"));
    await exchange();
    expect(sent).toHaveLength(1);
    await passTime(LEASE_MS + 1);
    await ring();
    expect(sent).toHaveLength(2);
  });
});

describe("settling", () => {
  it("puts a failed event off, and counts", async () => {
    await accept(event("a"));
    const { id, until } = only(await exchange());
    await settle({ id, until, outcome: "failed", due: Date.now() + 60_000 });
    expect(await exchange()).toEqual([]);
    expect(await readAlarm()).toBeGreaterThan(Date.now() + 1_000);
    await passTime(60_001);
    expect(only(await exchange())).toMatchObject({ attempts: 2, failures: 1, delays: 0 });
  });

  it("counts throttled attempts apart", async () => {
    await accept(event("a"));
    for (const delays of [0, 1, 2]) {
      const { id, until, ...counts } = only(await exchange());
      expect(counts).toMatchObject({ attempts: 1, failures: 0, delays });
      await settle({ id, until, outcome: "delayed", due: Date.now() + 1_000 });
      await passTime(1_001);
    }
  });

  it("puts the record in the place of the event, until it is delivered", async () => {
    await accept({ ...event("a"), qualifier: "live" });
    const { id, until } = only(await exchange());
    const delivery = { destination: "arn:aws:s3:::failed", deliveryId: "d", since: 1 };
    await settle({ id, until, outcome: "deliver", delivery, record: Buffer.from("{}"), traceHeader: "Root=2" });
    const delivered = only(await exchange());
    expect(delivered).toMatchObject({ delivery, traceHeader: "Root=2", qualifier: "live", attempts: 1, failures: 0 });
    expect(Buffer.from(delivered.payload).toString()).toBe("{}");
    await settle({ id, until: delivered.until, outcome: "done" });
    expect(await countParts()).toEqual({});
  });

  it("of events that were dropped meanwhile does nothing", async () => {
    await accept(event("a"), event("b"));
    const leased = await exchange({ want: 1 });
    await askFunctionEvents(env, TARGET, (events) => events.clear());
    await settle(...leased.map(({ id, until }) => ({ id, until, outcome: "failed" as const, due: Date.now() })));
    expect(await countParts()).toEqual({});
    expect(await exchange()).toEqual([]);
  });
});

describe("calling runners", () => {
  it("calls as many as what waits needs, and no more than twenty-five", async () => {
    await accept(...Array.from({ length: 400 }, (_, index) => event(String(index))));
    await exchange({ want: 4, eventMs: 10_000 });
    expect(sent.length).toBe(25);
  });

  it("calls nobody while all executions are taken", async () => {
    await accept(event("a"), event("b"));
    await exchange({ want: 4, limit: 1 });
    expect(sent).toHaveLength(1);
  });
});
