import { expect, test } from "vitest";
import type { KmsKey } from "../../../src/metadata/kms/protocol.ts";
import { rotate, schedule } from "../../../src/metadata/kms/rotation.ts";

const DAY_MS = 24 * 3600_000;
const KEY: KmsKey = {
  id: "key",
  material: "first",
  state: "Enabled",
  description: "",
  createdAt: 0,
  tags: {},
  manager: "CUSTOMER",
};

test("a rotation that is due happens once, whoever comes for it", () => {
  const key = schedule(KEY, 90, 0);
  expect(rotate(key, "second", "AUTOMATIC", 90 * DAY_MS - 1)).toEqual(key);
  const once = rotate(key, "second", "AUTOMATIC", 90 * DAY_MS);
  expect(once).toMatchObject({ material: "second", rotatesAt: 180 * DAY_MS });
  expect(once.rotations).toEqual([{ at: 90 * DAY_MS, type: "AUTOMATIC", former: "first" }]);
  expect(rotate(once, "third", "AUTOMATIC", 90 * DAY_MS)).toEqual(once);
});

test("a disabled key waits, and begins a new schedule when it is late", () => {
  const key = schedule(KEY, 90, 0);
  expect(rotate({ ...key, state: "Disabled" }, "second", "AUTOMATIC", 100 * DAY_MS).material).toBe("first");
  expect(rotate(key, "second", "AUTOMATIC", 100 * DAY_MS).rotatesAt).toBe(190 * DAY_MS);
});

test("a rotation on demand leaves the schedule as it is, and so does the same period again", () => {
  const key = schedule(KEY, 90, 0);
  expect(rotate(key, "second", "ON_DEMAND", DAY_MS).rotatesAt).toBe(90 * DAY_MS);
  expect(schedule(key, 90, DAY_MS)).toEqual(key);
  expect(schedule(key, 180, DAY_MS).rotatesAt).toBe(181 * DAY_MS);
  expect(schedule(key, undefined, DAY_MS)).toEqual(KEY);
});
