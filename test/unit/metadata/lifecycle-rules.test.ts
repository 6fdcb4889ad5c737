import { describe, expect, test } from "vitest";
import {
  abortsUpload,
  DAY_MS,
  expiresMarker,
  expiresNoncurrent,
  findExpiration,
  findTransition,
  type LifecycleFilter,
  type LifecycleRule,
} from "../../../src/metadata/bucket/lifecycle-rules.ts";

const rule = (rest: Partial<LifecycleRule>): LifecycleRule => ({
  id: "one",
  enabled: true,
  filter: { form: "one" },
  ...rest,
});
const since = Date.parse("2026-03-01T10:00:00Z");
const at = (text: string) => ({ now: Date.parse(text), dayMs: DAY_MS });
const large = { key: "logs/a", size: 200_000, tags: [], since };

describe("the current version", () => {
  test("expires at the midnight after its days, by the first rule of those that match", () => {
    const rules = [rule({ expiration: { days: 3 } }), rule({ id: "two", expiration: { days: 2 } })];
    const found = findExpiration(rules, large);
    expect(found?.rule.id).toBe("two");
    expect(new Date(found!.at).toISOString()).toBe("2026-03-04T00:00:00.000Z");
    const exact = { ...large, since: Date.parse("2026-03-01T00:00:00Z") };
    expect(new Date(findExpiration(rules, exact)!.at).toISOString()).toBe("2026-03-03T00:00:00.000Z");
    expect(findExpiration([rule({ enabled: false, expiration: { days: 1 } })], large)).toBeUndefined();
    expect(findExpiration([rule({ expiration: { expiredDeleteMarker: true } })], large)).toBeUndefined();
    expect(findExpiration([rule({ expiration: { date: 5 } })], large)?.at).toBe(5);
  });

  test.each<[Omit<LifecycleFilter, "form">, boolean]>([
    [{}, true],
    [{ prefix: "logs/" }, true],
    [{ prefix: "log/" }, false],
    [{ tags: [{ key: "k", value: "v" }] }, true],
    [{ tags: [{ key: "k", value: "w" }] }, false],
    [
      {
        tags: [
          { key: "k", value: "v" },
          { key: "l", value: "" },
        ],
      },
      false,
    ],
    [{ sizeGreaterThan: 10 }, false],
    [{ sizeGreaterThan: 9, sizeLessThan: 11 }, true],
    [{ sizeLessThan: 10 }, false],
  ])("is filtered by %o: %s", (filter, matches) => {
    const subject = { key: "logs/a", size: 10, tags: [{ key: "k", value: "v" }], since };
    const rules = [rule({ filter: { form: "and", ...filter }, expiration: { days: 1 } })];
    expect(findExpiration(rules, subject) !== undefined).toBe(matches);
  });

  test("moves down the classes that are due, small ones only where a filter is about size", () => {
    const transitions = [
      { days: 30, storageClass: "STANDARD_IA" },
      { days: 60, storageClass: "GLACIER_IR" },
      { days: 90, storageClass: "DEEP_ARCHIVE" },
    ];
    const move = (rules: LifecycleRule[], subject: typeof large, storageClass: string, when: string) =>
      findTransition({ rules }, subject, { storageClass }, at(when));
    const rules = [rule({ transitions })];
    expect(move(rules, large, "STANDARD", "2026-03-31T23:59:59Z")).toBeUndefined();
    expect(move(rules, large, "STANDARD", "2026-04-01T00:00:00Z")).toBe("STANDARD_IA");
    expect(move(rules, large, "STANDARD", "2026-05-15T00:00:00Z")).toBe("GLACIER_IR");
    expect(move(rules, large, "GLACIER_IR", "2026-05-15T00:00:00Z")).toBeUndefined();
    expect(move(rules, large, "GLACIER_IR", "2026-12-01T00:00:00Z")).toBe("DEEP_ARCHIVE");
    expect(move(rules, large, "DEEP_ARCHIVE", "2026-12-01T00:00:00Z")).toBeUndefined();
    const small = { ...large, size: 100 };
    expect(move(rules, small, "STANDARD", "2026-04-01T00:00:00Z")).toBeUndefined();
    const bySize = [rule({ filter: { form: "one", sizeLessThan: 1000 }, transitions })];
    expect(move(bySize, small, "STANDARD", "2026-04-01T00:00:00Z")).toBe("STANDARD_IA");
  });
});

test("a noncurrent version goes by the days since it became that, when enough newer ones are there", () => {
  const rules = [rule({ noncurrentExpiration: { days: 2, newerVersions: 3 } })];
  expect(expiresNoncurrent(rules, large, 3, at("2026-03-04T00:00:00Z"))).toBe(true);
  expect(expiresNoncurrent(rules, large, 2, at("2026-03-04T00:00:00Z"))).toBe(false);
  expect(expiresNoncurrent(rules, large, 3, at("2026-03-03T23:59:59Z"))).toBe(false);
  const storageClass = "STANDARD";
  const moves = [rule({ noncurrentTransitions: [{ days: 2, newerVersions: 1, storageClass: "STANDARD_IA" }] })];
  expect(findTransition({ rules: moves }, large, { storageClass, newer: 1 }, at("2026-03-04T00:00:00Z"))).toBe(
    "STANDARD_IA",
  );
  expect(
    findTransition({ rules: moves }, large, { storageClass, newer: 0 }, at("2026-03-04T00:00:00Z")),
  ).toBeUndefined();
  expect(findTransition({ rules: moves }, large, { storageClass }, at("2026-03-04T00:00:00Z"))).toBeUndefined();
});

test("a delete marker goes by its own flag or by days, never by tags or sizes", () => {
  const marker = { key: "logs/a", since };
  const later = at("2026-03-03T00:00:00Z");
  expect(expiresMarker([rule({ expiration: { expiredDeleteMarker: true } })], marker, at("2026-03-01T10:00:01Z"))).toBe(
    true,
  );
  expect(expiresMarker([rule({ expiration: { expiredDeleteMarker: false } })], marker, later)).toBe(false);
  expect(expiresMarker([rule({ expiration: { days: 1 } })], marker, later)).toBe(true);
  expect(expiresMarker([rule({ expiration: { days: 1 } })], marker, at("2026-03-02T23:00:00Z"))).toBe(false);
  const tagged: LifecycleFilter = { form: "one", tags: [{ key: "k", value: "v" }] };
  expect(expiresMarker([rule({ filter: tagged, expiration: { days: 1 } })], marker, later)).toBe(false);
  const sized: LifecycleFilter = { form: "one", sizeLessThan: 10 };
  expect(expiresMarker([rule({ filter: sized, expiration: { days: 1 } })], marker, later)).toBe(false);
});

test("an upload is given up by its prefix and age", () => {
  const rules = [rule({ filter: { form: "prefix", prefix: "logs/" }, abortUploadDays: 1 })];
  expect(abortsUpload(rules, { key: "logs/a", since }, at("2026-03-03T00:00:00Z"))).toBe(true);
  expect(abortsUpload(rules, { key: "logs/a", since }, at("2026-03-02T20:00:00Z"))).toBe(false);
  expect(abortsUpload(rules, { key: "other", since }, at("2026-03-03T00:00:00Z"))).toBe(false);
});
