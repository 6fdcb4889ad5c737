import { describe, expect, it } from "vitest";
import type { ObjectLock, Retention } from "../../../src/metadata/bucket/documents.ts";
import { createIndex, expectOutcome, type Fixture, makeObject } from "./index-fixture.ts";
import { configure, createVersioned, listEverything, putVersion, remove } from "./versioned.ts";

const LOCKED = { versioning: "Enabled", objectLock: {} } as const;
const DAY = 24 * 3600_000;

const attributes = (lock: ObjectLock) => ({ object: { attributes: { ...makeObject("a").attributes, lock } } });
const until = (mode: Retention["mode"], days: number): Retention => ({ mode, until: Date.now() + days * DAY });

async function lockOf(index: Fixture, key: string, versionId?: string): Promise<ObjectLock | undefined> {
  const call = { ...index.call(), key, withBody: false, ...(versionId !== undefined && { versionId }) };
  return expectOutcome(await index.api.getObject(call), "ok").object.attributes.lock;
}

const setLock = (
  index: Fixture,
  change: { retention?: Retention | "none"; legalHold?: "ON" | "OFF" },
  bypass = false,
) => index.api.setObjectLock({ ...index.mutation(), key: "a", bypassGovernance: bypass, ...change });

describe("a locked version", () => {
  it.each([
    ["governance", { retention: until("GOVERNANCE", 1) }, false, "locked"],
    ["governance with the bypass", { retention: until("GOVERNANCE", 1) }, true, "deleted"],
    ["compliance", { retention: until("COMPLIANCE", 1) }, false, "locked"],
    ["compliance with the bypass", { retention: until("COMPLIANCE", 1) }, true, "locked"],
    ["compliance that has ended", { retention: until("COMPLIANCE", -1) }, false, "deleted"],
    ["a legal hold with the bypass", { legalHold: "ON" }, true, "locked"],
    ["a legal hold that was taken away", { legalHold: "OFF" }, false, "deleted"],
    [
      "a legal hold beside retention that has ended",
      { legalHold: "ON", retention: until("COMPLIANCE", -1) },
      false,
      "locked",
    ],
  ] as const)("%s", async (_, lock, bypass, outcome) => {
    const index = await createVersioned(LOCKED);
    const versionId = await putVersion(index, "a", attributes(lock));
    expect(await remove(index, { key: "a", versionId }, bypass)).toMatchObject({ outcome });
    expect((await listEverything(index)).length).toBe(outcome === "locked" ? 1 : 0);
    expect(await index.stub.seal()).toBe(outcome === "locked" ? "not-empty" : "sealed");
  });

  it("may be hidden and written over, and stays", async () => {
    const index = await createVersioned(LOCKED);
    const versionId = await putVersion(index, "a", attributes({ retention: until("COMPLIANCE", 1) }));
    await putVersion(index, "a");
    expect(await remove(index, { key: "a" })).toMatchObject({ outcome: "deleted", deleteMarker: true });
    const rename = { sourceKey: "a", key: "b", sourceConditions: {}, conditions: {}, ownerId: "1", removeSource: true };
    await index.put("a");
    expectOutcome(await index.api.copyObject({ ...index.mutation(), ...rename }), "ok");
    expect(await lockOf(index, "a", versionId)).toBeDefined();
    expect(await remove(index, { key: "a", versionId })).toEqual({ outcome: "locked" });
  });

  it("is not replaced as the null version either, whatever became of the bucket's configuration", async () => {
    const plain = await createIndex();
    await plain.put("a");
    const lockable = await configure(plain, LOCKED);
    expectOutcome(await setLock(lockable, { retention: until("COMPLIANCE", 1) }), "ok");
    // No request can bring this about: S3 refuses to suspend versioning here.
    const index = await configure(lockable, { versioning: "Suspended" });
    expectOutcome(await index.put("a"), "locked");
    expect(await remove(index, { key: "a" })).toEqual({ outcome: "locked" });
    expect(await remove(index, { key: "a", versionId: "null" }, true)).toEqual({ outcome: "locked" });
    const copy = { sourceKey: "a", sourceConditions: {}, conditions: {}, ownerId: "1" };
    expectOutcome(await index.api.copyObject({ ...index.mutation(), ...copy, key: "a" }), "locked");
    expectOutcome(await index.api.copyObject({ ...index.mutation(), ...copy, key: "b", removeSource: true }), "locked");
    expect(await lockOf(index, "a")).toBeDefined();
  });

  it("keeps its lock when its tags change, and gives none to a copy", async () => {
    const index = await createVersioned(LOCKED);
    const lock = { retention: until("COMPLIANCE", 1), legalHold: "ON" } as const;
    await index.put("a", attributes(lock));
    await index.api.setObjectTags({ ...index.mutation(), key: "a", tags: [{ key: "k", value: "v" }] });
    expect(await lockOf(index, "a")).toEqual(lock);
    const copy = { sourceKey: "a", key: "b", sourceConditions: {}, conditions: {}, ownerId: "1" };
    await index.api.copyObject({ ...index.mutation(), ...copy });
    expect(await lockOf(index, "b")).toBeUndefined();
    await index.api.copyObject({ ...index.mutation(), ...copy, lock: { legalHold: "ON" } });
    expect(await lockOf(index, "b")).toEqual({ legalHold: "ON" });
  });
});

describe("a bucket's default retention", () => {
  const daily = {
    ...LOCKED,
    objectLock: { defaultRetention: { mode: "GOVERNANCE", unit: "Days", count: 2 } },
  } as const;

  it("is given to new versions that ask for none, multipart uploads and copies among them", async () => {
    const before = await createVersioned(LOCKED);
    await before.put("old");
    const index = await configure(before, daily);
    await index.put("a");
    const own = until("COMPLIANCE", 9);
    await index.put("own", attributes({ retention: own }));
    await index.put("held", attributes({ legalHold: "ON" }));
    const copy = { sourceKey: "own", key: "copy", sourceConditions: {}, conditions: {}, ownerId: "1" };
    await index.api.copyObject({ ...index.mutation(), ...copy });
    const { attributes: plain, storageClass } = makeObject("m");
    const upload = { key: "m", uploadId: "u", initiatorId: "1", storageClass, attributes: plain };
    await index.api.createUpload({ ...index.mutation(), upload });
    const part = { key: "m", uploadId: "u", partNumber: 1, size: 5, etag: "00", blob: index.mint() };
    await index.api.putPart({ ...index.mutation(), ...part });
    const completion = { key: "m", uploadId: "u", parts: [{ partNumber: 1, etag: "00" }], conditions: {} };
    expectOutcome(await index.api.completeUpload({ ...index.mutation(), ...completion }), "ok");
    expect(await lockOf(index, "old")).toBeUndefined();
    expect((await lockOf(index, "own"))?.retention).toEqual(own);
    expect(await lockOf(index, "held")).toMatchObject({ legalHold: "ON", retention: { mode: "GOVERNANCE" } });
    for (const key of ["a", "copy", "m"]) {
      const { mode, until: end } = (await lockOf(index, key))!.retention!;
      expect(mode).toBe("GOVERNANCE");
      expect(Math.abs(end - Date.now() - 2 * DAY)).toBeLessThan(60_000);
    }
  });
});

describe("a change of retention", () => {
  const change = async (first: Retention, second: Retention | "none", bypass: boolean) => {
    const index = await createVersioned(LOCKED);
    await index.put("a", attributes({ retention: first }));
    return (await setLock(index, { retention: second }, bypass)).outcome;
  };

  it.each([
    ["extends", "GOVERNANCE", 1, "GOVERNANCE", 2, false, "ok"],
    ["shortens", "GOVERNANCE", 2, "GOVERNANCE", 1, false, "locked"],
    ["shortens with the bypass", "GOVERNANCE", 2, "GOVERNANCE", 1, true, "ok"],
    ["hardens", "GOVERNANCE", 1, "COMPLIANCE", 2, false, "locked"],
    ["hardens with the bypass", "GOVERNANCE", 1, "COMPLIANCE", 2, true, "ok"],
    ["extends compliance", "COMPLIANCE", 1, "COMPLIANCE", 2, false, "ok"],
    ["shortens compliance with the bypass", "COMPLIANCE", 2, "COMPLIANCE", 1, true, "locked"],
    ["softens compliance with the bypass", "COMPLIANCE", 1, "GOVERNANCE", 2, true, "locked"],
    ["replaces what has ended", "COMPLIANCE", -1, "GOVERNANCE", 1, false, "ok"],
  ] as const)("that %s", async (_, first, days, second, moreDays, bypass, outcome) => {
    expect(await change(until(first, days), until(second, moreDays), bypass)).toBe(outcome);
  });

  it("that takes it away needs the bypass, and is refused in compliance mode", async () => {
    expect(await change(until("GOVERNANCE", 1), "none", false)).toBe("locked");
    expect(await change(until("GOVERNANCE", 1), "none", true)).toBe("ok");
    expect(await change(until("COMPLIANCE", 1), "none", true)).toBe("locked");
  });

  it("touches nothing else of the lock, and no delete marker", async () => {
    const index = await createVersioned(LOCKED);
    const retention = until("GOVERNANCE", 1);
    await index.put("a", attributes({ retention }));
    expectOutcome(await setLock(index, { legalHold: "ON" }), "ok");
    expect(await lockOf(index, "a")).toEqual({ retention, legalHold: "ON" });
    await index.delete("a");
    expectOutcome(await setLock(index, { legalHold: "OFF" }), "delete-marker");
  });
});

describe("without object lock", () => {
  it("no version is locked", async () => {
    const index = await createVersioned();
    expectOutcome(await index.put("a", attributes({ legalHold: "ON" })), "no-object-lock");
    await index.put("a");
    expectOutcome(await setLock(index, { legalHold: "ON" }), "no-object-lock");
    const copy = { sourceKey: "a", key: "b", sourceConditions: {}, conditions: {}, ownerId: "1" };
    expectOutcome(
      await index.api.copyObject({ ...index.mutation(), ...copy, lock: { legalHold: "ON" } }),
      "no-object-lock",
    );
    const { storageClass } = makeObject("m");
    const upload = {
      key: "m",
      uploadId: "u",
      initiatorId: "1",
      storageClass,
      ...attributes({ legalHold: "ON" }).object,
    };
    expectOutcome(await index.api.createUpload({ ...index.mutation(), upload }), "no-object-lock");
    const check = { ...index.call(), key: "a", conditions: {}, locks: true };
    expectOutcome(await index.api.checkWrite(check), "no-object-lock");
  });
});
