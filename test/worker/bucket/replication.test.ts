import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { Committer } from "../../../src/metadata/bucket/committer.ts";
import { Agenda } from "../../../src/metadata/bucket/due.ts";
import type { PinOutcome } from "../../../src/metadata/bucket/pins.ts";
import type { ReplicaCall } from "../../../src/metadata/bucket/replicas.ts";
import { Replication } from "../../../src/metadata/bucket/replication.ts";
import { findVersion } from "../../../src/metadata/bucket/versions.ts";
import { putObject } from "../../../src/metadata/bucket/writes.ts";
import { countRows } from "../count-rows.ts";
import { expectOutcome, type Fixture, inline, makeObject } from "./index-fixture.ts";
import { ringAlarm } from "./pass-time.ts";
import { NOBODY } from "./subscribed.ts";
import { arrive, countReplications, mintArrival, replicating, toBucket } from "./replicating.ts";
import {
  configure,
  createVersioned,
  ENABLED,
  listEverything,
  putVersion,
  rebuild,
  remove,
  SUSPENDED,
} from "./versioned.ts";

let warned: MockInstance<typeof console.warn>;
beforeEach(() => {
  // Each version that is given up leaves a line.
  warned = vi.spyOn(console, "warn").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

const ids = async (index: Fixture, limit?: number) =>
  (await listEverything(index, limit)).map(({ versionId }) => versionId);
const find = async (index: Fixture, versionId: string) =>
  expectOutcome(await index.api.getObject({ ...index.call(), key: "k", versionId, withBody: true }), "ok").object;
const statusOf = async (index: Fixture, key: string) => {
  const found = expectOutcome(await index.get(key), "ok");
  return found.object.attributes.replication?.status;
};

describe("replicas", () => {
  it("have the order of their times, of whichever source they are, among versions that were written here", async () => {
    const index = await createVersioned();
    const arrivals = Array.from({ length: 30 }, (_, at) => mintArrival(at));
    // Each source sends its own in their order.
    for (let source = 0; source < 3; source++) {
      for (const arrival of arrivals.filter(({ at }) => (at * 7) % 3 === source)) await arrive(index, arrival);
    }
    const own = await putVersion(index, "k");
    const expected = [own, ...arrivals.map(({ versionId }) => versionId).toReversed()];
    expect(await ids(index)).toEqual(expected);
    expect(await ids(index, 7)).toEqual(expected);
    const [newest] = await listEverything(index);
    expect(newest).toMatchObject({ versionId: own, latest: true });
    for (const { versionId, at } of arrivals) expect((await find(index, versionId)).modifiedAt).toBe(at * 60_000);
  });

  it("fit between two versions in numbers, in the order in which they come", async () => {
    const index = await createVersioned();
    await arrive(index, mintArrival(0));
    await arrive(index, mintArrival(100_000));
    const [upper, lower] = await ids(index);
    const between = Array.from({ length: 80 }, (_, at) => mintArrival(at + 1));
    for (const arrival of between) await arrive(index, arrival);
    expect(await ids(index)).toEqual([upper, ...between.map(({ versionId }) => versionId).toReversed(), lower]);
  });

  it("come once, however often they are sent, and are current again when what came after is deleted", async () => {
    const index = await createVersioned();
    const [first, marker] = [mintArrival(1), mintArrival(2)];
    for (let round = 0; round < 3; round++) {
      await arrive(index, first);
      await arrive(index, marker, { kind: "marker" });
    }
    expect(await ids(index)).toEqual([marker.versionId, first.versionId]);
    expect((await index.get("k")).outcome).toBe("delete-marker");
    await remove(index, { key: "k", versionId: marker.versionId });
    expect(expectOutcome(await index.get("k"), "ok").object.versionId).toBe(first.versionId);
    await remove(index, { key: "k", versionId: first.versionId });
    expect(await ids(index)).toEqual([]);
  });

  it("take the latest of what is changed at the source, and nothing older that comes late", async () => {
    const index = await createVersioned();
    const arrival = mintArrival(1);
    await arrive(index, arrival, { change: 5, tag: "first" });
    await arrive(index, arrival, { change: 9, tag: "last", kind: "change" });
    await arrive(index, arrival, { change: 7, tag: "late", kind: "change" });
    expect((await find(index, arrival.versionId)).attributes).toMatchObject({
      tags: [{ key: "tag", value: "last" }],
      replication: { status: "REPLICA" },
    });
    expectOutcome(await arrive(index, mintArrival(1), { kind: "change" }), "no-such-version");
  });

  it("keep the retention that the destination gave them, when their tags change", async () => {
    const defaultRetention = { mode: "GOVERNANCE", unit: "Days", count: 1 } as const;
    const index = await createVersioned({ ...ENABLED, objectLock: { defaultRetention } });
    const arrival = mintArrival(1);
    await arrive(index, arrival);
    const { lock } = (await find(index, arrival.versionId)).attributes;
    expect(lock?.retention?.mode).toBe("GOVERNANCE");
    await arrive(index, arrival, { change: 2, tag: "later", kind: "change" });
    const { attributes } = await find(index, arrival.versionId);
    expect(attributes).toMatchObject({ lock, tags: [{ key: "tag", value: "later" }] });
  });

  it("are refused where versioning is suspended", async () => {
    const index = await configure(await createVersioned(), SUSPENDED);
    expectOutcome(await arrive(index, mintArrival(1)), "not-versioned");
  });

  it("are found in an index that was built anew", async () => {
    const index = await createVersioned();
    const arrivals = [mintArrival(2), mintArrival(1)];
    for (const arrival of arrivals) await arrive(index, arrival);
    const copy = await rebuild(index);
    for (const { versionId } of arrivals) expect((await find(copy, versionId)).versionId).toBe(versionId);
    expect(await ids(copy)).toEqual(await ids(index));
  });
});

describe("a version that is to be replicated", () => {
  it("costs a row for each destination, and one for the alarm; others cost nothing", async () => {
    const rules = [toBucket("one", { filter: { form: "one", prefix: "r/" } })];
    const index = await createVersioned(replicating(...rules));
    await index.put("warm");
    expect(await countRows(index.stub, () => index.put("a"))).toBe(2);
    // The delivery follows in turns of its own.
    const written = await countRows(index.stub, () => index.put("r/a"));
    expect(written).toBeLessThanOrEqual(4 + 4);
  });

  it("fails where its destination is no more, and is left alone by lifecycle rules", async () => {
    const index = await createVersioned(replicating(toBucket("there-is-none")));
    await putVersion(index, "k");
    await expect.poll(() => statusOf(index, "k")).toBe("FAILED");
    expect(await countReplications(index)).toBe(0);
    const expire = { rules: [{ id: "e", enabled: true, filter: { form: "one" as const }, expiration: { days: 0 } }] };
    const expiring = await configure(index, { ...ENABLED, lifecycle: expire });
    await putVersion(expiring, "other");
    await ringAlarm(expiring, ["lifecycle"]);
    expect((await index.get("k")).outcome).not.toBe("delete-marker");
  });

  it("is told of when it fails, if the rule has metrics", async () => {
    const destination = { bucket: "there-is-none", metrics: { status: "Enabled" as const } };
    const subscriptions = [{ id: "r", destination: NOBODY, events: ["s3:Replication:*"] }];
    const notifications = { subscriptions, eventBridge: false };
    const index = await createVersioned({ ...replicating(toBucket("there-is-none", { destination })), notifications });
    const told = () => warned.mock.calls.flat();
    const dropped = `1 events of bucket bucket were dropped: ${NOBODY} does not take them any more`;
    await putVersion(index, "k");
    await expect.poll(told).toContain(dropped);
    warned.mockClear();
    await remove(index, { key: "k" });
    await expect.poll(told).toContain(dropped);
  });

  it("goes again in an index that was built anew", async () => {
    const index = await createVersioned(replicating(toBucket("there-is-none")));
    await putVersion(index, "k");
    await expect.poll(() => statusOf(index, "k")).toBe("FAILED");
    // As it was before the delivery.
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec(`UPDATE objects SET attributes = replace(attributes, '"FAILED"', '"PENDING"')`);
    });
    const copy = await rebuild(index);
    await expect.poll(() => statusOf(copy, "k")).toBe("FAILED");
  });

  it("is on its way again when the object is woken after a crash", async () => {
    const index = await createVersioned(replicating(toBucket("there-is-none")));
    await putVersion(index, "k");
    await expect.poll(() => countReplications(index)).toBe(0);
    const { versionId } = expectOutcome(await index.get("k"), "ok").object;
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec(
        "INSERT INTO replications VALUES ('there-is-none', 1000, 0, 'k', ?, 'to-there-is-none', 1, ?)",
        versionId,
        Date.now(),
      );
    });
    await evictDurableObject(index.stub);
    await index.get("k");
    await expect.poll(() => countReplications(index)).toBe(0);
  });
});

/** A delivery of its own inside an index object, to a destination whose index answers as the test says. */
async function deliver(
  index: Fixture,
  keys: readonly string[],
  answer: (call: ReplicaCall, attempt: number) => "ok" | "busy",
  passes: number,
): Promise<{ arrived: string[]; waiting: number; statuses: (string | undefined)[] }> {
  return runInDurableObject(index.stub, async (_, { storage }) => {
    const self = { bucketId: index.config.bucketId, shard: 0 };
    const config = () => index.config;
    const common = { self, config, agenda: new Agenda(storage), exportInterval: 60_000, sent: () => undefined };
    const committer = new Committer({ ...common, storage });
    for (const key of keys) {
      const call = { ...index.mutation(), object: makeObject(key), body: inline(key), conditions: {} };
      committer.apply("put", (change) => putObject(change, call));
    }
    const arrived: string[] = [];
    const attempts = new Map<string, number>();
    const pauses: number[] = [];
    const replication = new Replication({
      sql: storage.sql,
      self,
      config,
      committer,
      open: async () => ({ config: { ...index.config, bucketId: "destination" } }),
      pin: async (call): Promise<PinOutcome> => {
        const version = findVersion(storage.sql, call.key, call.versionId);
        if (version.found !== "object") throw new Error(version.found);
        return { outcome: "ok", object: version.record, body: { kind: "inline", bytes: new Uint8Array() } };
      },
      peer: () => ({
        async putReplica(call) {
          const { key, versionId } = call.replica.kind === "marker" ? call.replica.marker : call.replica.object;
          const attempt = (attempts.get(versionId) ?? 0) + 1;
          attempts.set(versionId, attempt);
          const outcome = answer(call, attempt);
          if (outcome === "ok") arrived.push(key);
          return { outcome };
        },
      }),
      schedule: (at) => pauses.push(at),
    });
    for (let pass = 0; pass < passes; pass++) {
      vi.spyOn(Date, "now").mockReturnValue(Date.now() + pass * 3600_000);
      await replication.replicateAll();
    }
    const waiting = Number(storage.sql.exec("SELECT count(*) AS n FROM replications").one()["n"]);
    const statuses = [...new Set(keys)].map((key) => {
      const version = findVersion(storage.sql, key, undefined);
      return version.found === "object" ? version.record.attributes.replication?.status : undefined;
    });
    return { arrived, waiting, statuses };
  });
}

describe("a destination that fails", () => {
  it("holds back later versions of the same key, and of no other", async () => {
    const index = await createVersioned(replicating(toBucket("destination")));
    const refuseA = ({ replica }: ReplicaCall) =>
      replica.kind === "object" && replica.object.key === "a" ? ("busy" as const) : ("ok" as const);
    const result = await deliver(index, ["a", "b", "a", "c"], refuseA, 1);
    expect(result.arrived.toSorted()).toEqual(["b", "c"]);
    expect(result).toMatchObject({ waiting: 2, statuses: ["PENDING", "COMPLETED", "COMPLETED"] });
  });

  it("gets what it missed in its order, after a pause", async () => {
    const index = await createVersioned(replicating(toBucket("destination")));
    const result = await deliver(index, ["a", "b", "a"], (_, attempt) => (attempt === 1 ? "busy" : "ok"), 4);
    expect(result.arrived.toSorted()).toEqual(["a", "a", "b"]);
    expect(result).toMatchObject({ waiting: 0, statuses: ["COMPLETED", "COMPLETED"] });
  });

  it("is given up after a day", async () => {
    const index = await createVersioned(replicating(toBucket("destination")));
    const result = await deliver(index, ["a"], () => "busy", 10);
    expect(result).toMatchObject({ arrived: [], waiting: 0, statuses: ["FAILED"] });
  });
});
