import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { BucketDocuments } from "../../../src/metadata/bucket/documents.ts";
import type { LifecycleRule } from "../../../src/metadata/bucket/lifecycle-rules.ts";
import { nextLifecycle } from "../../../src/metadata/bucket/lifecycle.ts";
import { createIndex, expectOutcome, type Fixture, inline, makeObject } from "./index-fixture.ts";
import { ringAlarm } from "./pass-time.ts";
import { NOBODY, queuedBy } from "./subscribed.ts";
import { configure, createVersioned, ENABLED, listEverything, putVersion } from "./versioned.ts";

const DAY = 24 * 3600_000;
const ALL = { form: "one" } as const;

const rule = (rest: Partial<LifecycleRule>): LifecycleRule => ({ id: "r", enabled: true, filter: ALL, ...rest });

/** Everything that is there becomes so much older. */
async function age(index: Fixture, days: number): Promise<void> {
  await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    for (const table of ["objects", "versions"]) sql.exec(`UPDATE ${table} SET modified = modified - ?`, days * DAY);
    sql.exec("UPDATE uploads SET initiated = initiated - ?", days * DAY);
  });
}

/** Has the rules looked at, page after page. */
async function walk(index: Fixture): Promise<void> {
  for (let pages = 0; pages < 30; pages++) {
    await ringAlarm(index, ["lifecycle"]);
    if (!(await isWalking(index))) return;
  }
  throw new Error("the walk has no end");
}

const isWalking = (index: Fixture) =>
  runInDurableObject(index.stub, (_, { storage: { sql } }) => sql.exec("SELECT 1 FROM lifecycle").toArray().length > 0);

const withRules = (index: Fixture, rules: LifecycleRule[], documents: BucketDocuments = {}) =>
  configure(index, { ...documents, lifecycle: { rules } });

describe("a lifecycle walk", () => {
  it("removes what has expired, and frees its bytes", async () => {
    const plain = await createIndex();
    for (const key of ["keep/a", "logs/a", "logs/b", "tmp/a"]) await plain.put(key, { body: inline(key) });
    await age(plain, 10);
    await plain.put("logs/new", { body: inline("new") });
    const filter = { form: "prefix", prefix: "logs/" } as const;
    const index = await withRules(plain, [
      rule({ filter, expiration: { days: 3 } }),
      rule({ id: "off", enabled: false, expiration: { days: 1 } }),
      rule({ id: "date", filter: { ...filter, prefix: "tmp/" }, expiration: { date: Date.now() - DAY } }),
    ]);
    await walk(index);
    expect(await index.listKeys()).toEqual(["keep/a", "logs/new"]);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      expect(sql.exec("SELECT count(*) AS n FROM bodies").one()["n"]).toBe(2);
    });
  });

  it("hides with versioning, then takes noncurrent versions and lonely markers away", async () => {
    const versioned = await createVersioned();
    for (const text of ["1", "2", "3"]) await putVersion(versioned, "a", { body: inline(text) });
    await age(versioned, 10);
    const rules = [
      rule({ expiration: { days: 3 } }),
      rule({ id: "old", noncurrentExpiration: { days: 1, newerVersions: 1 } }),
    ];
    const index = await withRules(versioned, rules, ENABLED);
    await walk(index);
    // The former current version is noncurrent since now; of the two before it one is kept.
    expect((await listEverything(index)).map(({ deleteMarker }) => deleteMarker)).toEqual([true, false, false]);
    await age(index, 10);
    const all = [
      rule({ expiration: { expiredDeleteMarker: true } }),
      rule({ id: "n", noncurrentExpiration: { days: 1 } }),
    ];
    const last = await withRules(index, all, ENABLED);
    await walk(last);
    expect((await listEverything(last)).map(({ deleteMarker }) => deleteMarker)).toEqual([true]);
    await walk(last);
    expect(await listEverything(last)).toEqual([]);
  });

  it("leaves every locked version, and takes it when its time has come", async () => {
    const locked = { ...ENABLED, objectLock: {} };
    const versioned = await createVersioned(locked);
    const until = Date.now() + DAY;
    const lock = (mode: "GOVERNANCE" | "COMPLIANCE", end: number) => ({
      object: { attributes: { ...makeObject("a").attributes, lock: { retention: { mode, until: end } } } },
    });
    const kept = [
      await putVersion(versioned, "a", lock("COMPLIANCE", until)),
      await putVersion(versioned, "a", lock("GOVERNANCE", until)),
    ];
    await putVersion(versioned, "a", lock("COMPLIANCE", Date.now() - 1));
    await putVersion(versioned, "a");
    await age(versioned, 10);
    const index = await withRules(versioned, [rule({ noncurrentExpiration: { days: 1 } })], locked);
    await walk(index);
    const left = (await listEverything(index)).map(({ versionId }) => versionId);
    expect(left.slice(1)).toEqual(kept.toReversed());
  });

  it("moves large objects between classes, and gives old uploads up", async () => {
    const plain = await createIndex();
    await plain.put("large", { object: { size: 1_000_000 } });
    await plain.put("small");
    const { attributes, storageClass } = makeObject("m");
    for (const [key, uploadId] of [
      ["logs/m", "u1"],
      ["m", "u2"],
    ] as const) {
      const upload = { key, uploadId, initiatorId: "1", storageClass, attributes };
      await plain.api.createUpload({ ...plain.mutation(), upload });
    }
    await age(plain, 40);
    const index = await withRules(plain, [
      rule({
        transitions: [
          { days: 30, storageClass: "STANDARD_IA" },
          { days: 60, storageClass: "GLACIER" },
        ],
      }),
      rule({ id: "u", filter: { form: "prefix", prefix: "logs/" }, abortUploadDays: 7 }),
    ]);
    await walk(index);
    const classes = (await listEverything(index)).map(({ key, storageClass: now }) => `${key} ${now}`);
    expect(classes).toEqual(["large STANDARD_IA", "small STANDARD"]);
    const page = { prefix: "", delimiter: "", afterKey: "", limit: 10 };
    const { entries } = expectOutcome(await index.api.listUploads({ ...index.call(), ...page }), "ok");
    expect(entries.map((entry) => ("key" in entry ? entry.key : ""))).toEqual(["m"]);
  });

  it("moves versions into the archives, small ones by another default alone, and never back", async () => {
    const versioned = await createVersioned();
    await putVersion(versioned, "a", { object: { size: 1_000_000 } });
    await putVersion(versioned, "a", { object: { size: 1_000_000, storageClass: "GLACIER_IR" } });
    await putVersion(versioned, "small");
    await age(versioned, 40);
    const rules = [
      rule({
        transitions: [
          { days: 1, storageClass: "STANDARD_IA" },
          { days: 30, storageClass: "GLACIER" },
        ],
        noncurrentTransitions: [
          { days: 1, storageClass: "GLACIER" },
          { days: 30, storageClass: "DEEP_ARCHIVE" },
        ],
      }),
    ];
    const classes = async (index: Fixture) =>
      (await listEverything(index)).map(({ key, storageClass }) => `${key} ${storageClass}`);
    const index = await withRules(versioned, rules, ENABLED);
    await walk(index);
    expect(await classes(index)).toEqual(["a GLACIER", "a DEEP_ARCHIVE", "small STANDARD"]);
    const varying = await configure(index, {
      ...ENABLED,
      lifecycle: { rules, minimumSize: "varies_by_storage_class" },
    });
    await walk(varying);
    expect(await classes(varying)).toEqual(["a GLACIER", "a DEEP_ARCHIVE", "small GLACIER"]);
  });

  it("tells those whom the bucket notifies, by events of its own", async () => {
    const versioned = await createVersioned();
    await putVersion(versioned, "moved", { object: { size: 1_000_000 } });
    await putVersion(versioned, "hidden");
    await putVersion(versioned, "old");
    await age(versioned, 10);
    await putVersion(versioned, "old");
    await age(versioned, 10);
    const prefix = (text: string) => ({ form: "prefix", prefix: text }) as const;
    const index = await withRules(
      versioned,
      [
        rule({ filter: prefix("moved"), transitions: [{ days: 1, storageClass: "GLACIER" }] }),
        rule({ id: "h", filter: prefix("hidden"), expiration: { days: 1 } }),
        rule({ id: "o", filter: prefix("old"), noncurrentExpiration: { days: 1 } }),
      ],
      {
        ...ENABLED,
        notifications: {
          subscriptions: [
            { id: "all", destination: NOBODY, events: ["s3:LifecycleExpiration:*", "s3:LifecycleTransition"] },
            { id: "removed", destination: NOBODY, events: ["s3:ObjectRemoved:*"] },
          ],
          eventBridge: false,
        },
      },
    );
    // Each event that nobody takes leaves a line.
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    onTestFinished(() => warned.mockRestore());
    const told = (await queuedBy(index, () => walk(index))).map((payload) => JSON.parse(payload).Records[0]);
    const events = told.map(({ eventName, s3 }) => `${eventName} ${s3.object.key}`);
    expect(events).toEqual([
      "LifecycleExpiration:DeleteMarkerCreated hidden",
      "LifecycleTransition moved",
      "LifecycleExpiration:Delete old",
    ]);
    for (const { eventVersion, userIdentity, requestParameters } of told) {
      expect(eventVersion).toBe("2.3");
      expect(userIdentity).toEqual({ principalId: "s3.amazonaws.com" });
      expect(requestParameters).toEqual({ sourceIPAddress: "s3.amazonaws.com" });
    }
    expect(told[1].lifecycleEventData).toEqual({ transitionEventData: { destinationStorageClass: "GLACIER" } });
  });

  it("goes page by page, also amid the versions of one key, and reads only the prefixes of its rules", async () => {
    const versioned = await createVersioned();
    await putVersion(versioned, "b");
    await runInDurableObject(versioned.stub, (_, { storage: { sql } }) => {
      const markers = (key: string, count: number) =>
        sql.exec(
          `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
           INSERT INTO versions SELECT ?, i, 'v' || i, 1, 'e', i, 'STANDARD', 'o', NULL, 'marker', '', NULL, '{}' FROM n`,
          count,
          key,
        );
      markers("a/many", 1700);
      markers("z/many", 5000);
    });
    const filter = { form: "prefix", prefix: "a/" } as const;
    const index = await withRules(
      versioned,
      [rule({ filter, noncurrentExpiration: { days: 1, newerVersions: 100 } })],
      ENABLED,
    );
    await walk(index);
    const counts = await runInDurableObject(index.stub, (_, { storage: { sql } }) =>
      sql.exec<{ key: string; n: number }>("SELECT key, count(*) AS n FROM versions GROUP BY key").toArray(),
    );
    expect(counts).toEqual([
      { key: "a/many", n: 101 },
      { key: "z/many", n: 5000 },
    ]);
  });

  it("comes again every day while there are rules, and not when there are none", async () => {
    const due = (index: Fixture) =>
      runInDurableObject(index.stub, (_, { storage: { sql } }) =>
        sql
          .exec<{ at: number }>("SELECT at FROM due WHERE kind = 'lifecycle'")
          .toArray()
          .map(({ at }) => at),
      );
    const plain = await createIndex();
    expect(await due(plain)).toEqual([]);
    const index = await withRules(plain, [rule({ expiration: { days: 1 } })]);
    const [first] = await due(index);
    expect(first! - Date.now()).toBeGreaterThan(0);
    expect(first! - Date.now()).toBeLessThanOrEqual(25 * 3600_000);
    await walk(index);
    expect(await due(index)).toEqual([first]);
    const without = await configure(index, {});
    await walk(without);
    expect(await due(without)).toEqual([]);
  });
});

it("a day's walk begins within an hour of midnight, at another time for each index object", () => {
  const now = Date.parse("2026-03-01T10:00:00Z");
  const times = ["a/0", "a/1", "b/0"].map((name) => nextLifecycle(name, now, DAY));
  for (const time of times) {
    expect(time).toBeGreaterThanOrEqual(Date.parse("2026-03-02T00:00:00Z"));
    expect(time).toBeLessThanOrEqual(Date.parse("2026-03-02T01:00:00Z"));
  }
  expect(new Set(times).size).toBe(3);
  expect(nextLifecycle("a/0", times[0]!, DAY)).toBe(times[0]! + DAY);
});
