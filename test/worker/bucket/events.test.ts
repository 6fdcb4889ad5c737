import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { EventDelivery, type OutgoingEvent } from "../../../src/metadata/bucket/events.ts";
import { createIndex, expectOutcome, type Fixture, inline, makeObject } from "./index-fixture.ts";
import { ringAlarm } from "./pass-time.ts";
import { countEvents, createSubscribed, describeContext, NOBODY, queuedBy, toEverything } from "./subscribed.ts";
import { configure, ENABLED, listEverything } from "./versioned.ts";

/** `ObjectCreated:Put a` */
function summarise(payloads: readonly string[]): string[] {
  return payloads.map((payload) => {
    const { eventName, s3 } = (JSON.parse(payload) as { Records: [EventRecord] }).Records[0];
    return `${eventName} ${s3.object.key}`;
  });
}
interface EventRecord {
  readonly eventName: string;
  readonly s3: { readonly object: { readonly key: string; readonly versionId?: string } };
}

let warned: MockInstance<typeof console.warn>;
beforeEach(() => {
  // Each event that is dropped leaves a line.
  warned = vi.spyOn(console, "warn").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

describe("events of a bucket that notifies somebody", () => {
  it("are queued by each kind of change, by the name of the operation", async () => {
    const index = await createSubscribed(toEverything(NOBODY));
    const mutation = (operation: string) => ({ ...index.mutation(), eventContext: describeContext(operation) });
    const put = (operation: string, key: string) =>
      index.api.putObject({ ...mutation(operation), object: makeObject(key), body: inline("1"), conditions: {} });
    const copy = { sourceConditions: {}, conditions: {}, ownerId: "1", sourceKey: "a" };
    const steps: [() => Promise<unknown>, string[]][] = [
      [() => put("PutObject", "a"), ["ObjectCreated:Put a"]],
      [() => put("PostObject", "b"), ["ObjectCreated:Post b"]],
      [() => index.api.copyObject({ ...mutation("CopyObject"), ...copy, key: "c" }), ["ObjectCreated:Copy c"]],
      [
        () => index.api.copyObject({ ...mutation("RenameObject"), ...copy, key: "d", removeSource: true }),
        ["ObjectCreated:Copy d", "ObjectRemoved:Delete a"],
      ],
      [
        () => index.api.setObjectTags({ ...mutation("PutObjectTagging"), key: "d", tags: [{ key: "k", value: "v" }] }),
        ["ObjectTagging:Put d"],
      ],
      [
        () => index.api.setObjectTags({ ...mutation("DeleteObjectTagging"), key: "d", tags: [] }),
        ["ObjectTagging:Delete d"],
      ],
      [
        () =>
          index.api.deleteObjects({ ...mutation("DeleteObjects"), items: [{ key: "c" }, { key: "d" }, { key: "x" }] }),
        ["ObjectRemoved:Delete c", "ObjectRemoved:Delete d"],
      ],
    ];
    for (const [change, expected] of steps) expect(summarise(await queuedBy(index, change))).toEqual(expected);
  });

  it("name versions, and tell a delete marker from a version that is gone", async () => {
    const subscribed = await createSubscribed(toEverything(NOBODY));
    const index = await configure(subscribed, { ...ENABLED, notifications: toEverything(NOBODY) });
    const mutation = (operation: string) => ({ ...index.mutation(), eventContext: describeContext(operation) });
    const remove = (versionId?: string) => () =>
      index.api.deleteObjects({
        ...mutation("DeleteObject"),
        items: [{ key: "a", ...(versionId !== undefined && { versionId }) }],
      });
    const named = async (change: () => Promise<unknown>) =>
      (await queuedBy(index, change)).map((payload) => {
        const { eventName, s3 } = (JSON.parse(payload) as { Records: [EventRecord] }).Records[0];
        return [eventName, s3.object.versionId];
      });
    const created = await named(() =>
      index.api.putObject({ ...mutation("PutObject"), object: makeObject("a"), body: inline("1"), conditions: {} }),
    );
    const marked = await named(remove());
    const [marker, version] = await listEverything(index);
    expect(created).toEqual([["ObjectCreated:Put", version?.versionId]]);
    expect(marked).toEqual([["ObjectRemoved:DeleteMarkerCreated", marker?.versionId]]);
    expect(await named(remove(marker?.versionId))).toEqual([["ObjectRemoved:Delete", marker?.versionId]]);
    expect(await named(remove(version?.versionId))).toEqual([["ObjectRemoved:Delete", version?.versionId]]);
  });

  it("are not queued by a refused change, by one that nobody subscribed to, or in a bucket that notifies nobody", async () => {
    const subscriptions = [{ id: "jpg", destination: NOBODY, events: ["s3:ObjectCreated:Copy"], suffix: ".jpg" }];
    const index = await createSubscribed({ subscriptions, eventBridge: false });
    const call = () => ({ ...index.mutation(), eventContext: describeContext("PutObject"), body: inline("1") });
    const put =
      (key: string, operation = "CopyObject", ifMatch?: string[]) =>
      () =>
        index.api.putObject({
          ...call(),
          eventContext: describeContext(operation),
          object: makeObject(key),
          conditions: ifMatch ? { ifMatch } : {},
        });
    expect(await queuedBy(index, put("a.jpg"))).toHaveLength(1);
    expect(await queuedBy(index, put("a.png"))).toEqual([]);
    expect(await queuedBy(index, put("b.jpg", "PutObject"))).toEqual([]);
    expect(await queuedBy(index, put("a.jpg", "CopyObject", ["other"]))).toEqual([]);
    const silent = await createIndex();
    expect(await queuedBy(silent, () => silent.put("a.jpg"))).toEqual([]);
  });

  it("are queued once when the change is repeated", async () => {
    const index = await createSubscribed(toEverything(NOBODY));
    const call = {
      ...index.mutation(),
      eventContext: describeContext("PutObject"),
      object: makeObject("a"),
      body: inline("1"),
      conditions: {},
    };
    expect(await queuedBy(index, () => index.api.putObject(call))).toHaveLength(1);
    expect(await queuedBy(index, () => index.api.putObject({ ...call, repeated: true }))).toEqual([]);
  });

  it("leave the index when their destination takes none", async () => {
    const index = await createSubscribed(toEverything(NOBODY));
    const call = { ...index.mutation(), eventContext: describeContext("PutObject"), body: inline("1"), conditions: {} };
    expectOutcome(await index.api.putObject({ ...call, object: makeObject("a") }), "ok");
    await expect.poll(() => countEvents(index)).toBe(0);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining(`${NOBODY} does not take them any more`));
  });
});

describe("events that a crash left behind", () => {
  it.each([
    ["leave when the object is woken", (index: Fixture) => index.get("a")],
    ["leave at the next alarm", (index: Fixture) => ringAlarm(index, ["events"])],
  ])("%s", async (_, wake) => {
    const index = await createSubscribed(toEverything(NOBODY));
    await runInDurableObject(index.stub, (_instance, { storage: { sql } }) => queue(sql, NOBODY, 120));
    await evictDurableObject(index.stub);
    await wake(index);
    await expect.poll(() => countEvents(index)).toBe(0);
  });
});

describe("delivery", () => {
  it("keeps the order of a destination, and asks again with the same ids after a failure", async () => {
    const index = await createIndex();
    const attempts: (readonly OutgoingEvent[])[] = [];
    await runInDurableObject(index.stub, async (_, { storage: { sql } }) => {
      queue(sql, "one", 250);
      const delivery = deliveryOf(index, sql, async (_bucket, _destination, events) => {
        attempts.push(events);
        if (attempts.length === 2) throw new Error("unavailable");
      });
      await delivery.deliverAll();
      expect(attempts.map((events) => events.length)).toEqual([100, 100]);
      expect(delivery.hasEvents).toBe(true);
      // A pause: not asked again at once.
      await delivery.deliverAll();
      expect(attempts).toHaveLength(2);
      await expect.poll(() => delivery.deliverAll().then(() => delivery.hasEvents), { timeout: 5000 }).toBe(false);
    });
    expect(attempts.map((events) => events.length)).toEqual([100, 100, 100, 50]);
    expect(attempts[2]).toEqual(attempts[1]);
    const ids = [attempts[0], attempts[2], attempts[3]].flatMap((events) => events?.map(({ payload }) => payload));
    expect(ids).toEqual(Array.from({ length: 250 }, (_, position) => `one ${position}`));
  });

  it("lets no destination wait for another that does not answer", async () => {
    const index = await createIndex();
    const delivered: string[] = [];
    await runInDurableObject(index.stub, async (_, { storage: { sql } }) => {
      queue(sql, "hangs", 300);
      queue(sql, "works", 150);
      const delivery = deliveryOf(index, sql, async (_bucket, destination, events) => {
        if (destination === "hangs") await new Promise(() => undefined);
        delivered.push(...events.map(({ payload }) => payload));
      });
      void delivery.deliverAll();
      await expect.poll(() => delivered.length).toBe(150);
      queue(sql, "later", 1);
      await Promise.race([delivery.deliverAll(), new Promise((resolve) => setTimeout(resolve, 100))]);
      expect(delivered).toHaveLength(151);
    });
  });
});

function queue(sql: SqlStorage, destination: string, count: number): void {
  for (let position = 0; position < count; position++) {
    const payload = `${destination} ${position}`;
    sql.exec("INSERT INTO events VALUES (?, ?, ?, ?, NULL)", destination, Math.floor(position / 7), position, payload);
  }
}

function deliveryOf(
  { config, shard }: Fixture,
  sql: SqlStorage,
  deliver: ConstructorParameters<typeof EventDelivery>[0]["deliver"],
): EventDelivery {
  const self = { bucketId: config.bucketId, shard };
  return new EventDelivery({ sql, self, config: () => config, deliver, schedule: () => undefined });
}
