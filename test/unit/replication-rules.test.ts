import { describe, expect, test } from "vitest";
import {
  findMarkerRules,
  findModificationRules,
  findReplicationRules,
  type ReplicationRule,
} from "../../src/metadata/bucket/replication-rules.ts";

const rule = (id: string, rest: Partial<ReplicationRule> = {}): ReplicationRule => ({
  id,
  enabled: true,
  priority: 1,
  filter: { form: "one", prefix: "" },
  destination: { bucket: "target" },
  ...rest,
});
const among = (...rules: ReplicationRule[]) => ({ role: "arn:aws:iam::000000000001:role/r", rules });
const names = (rules: readonly ReplicationRule[]) => rules.map(({ id }) => id);
const TAGS = [
  { key: "a", value: "1" },
  { key: "b", value: "2" },
];

describe("the rules for a new version", () => {
  test.each([
    ["everything, where the filter is empty", { form: "one" }, true],
    ["its prefix", { form: "one", prefix: "logs/" }, true],
    ["no other prefix", { form: "one", prefix: "logs/2" }, false],
    ["one of its tags", { form: "one", tags: [{ key: "b", value: "2" }] }, true],
    ["no other value of a tag", { form: "one", tags: [{ key: "b", value: "3" }] }, false],
    ["all of several tags, and the prefix", { form: "and", prefix: "logs/", tags: TAGS }, true],
    ["not some of them", { form: "and", prefix: "logs/", tags: [...TAGS, { key: "c", value: "3" }] }, false],
    ["the prefix of version 1", { form: "version-1", prefix: "l" }, true],
  ] as const)("match %s", (_, filter, matches) => {
    const found = findReplicationRules(among(rule("r", { filter })), { key: "logs/1", tags: TAGS });
    expect(names(found)).toEqual(matches ? ["r"] : []);
  });

  test("are those with the highest priority of each destination, if they are enabled", () => {
    const other = { destination: { bucket: "other" } };
    const rules = among(
      rule("low"),
      rule("high", { priority: 9 }),
      rule("highest", { priority: 10, enabled: false }),
      rule("narrow", { priority: 11, filter: { form: "one", prefix: "x" } }),
      rule("elsewhere", { priority: 0, ...other }),
    );
    expect(names(findReplicationRules(rules, { key: "k" }))).toEqual(["high", "elsewhere"]);
  });

  test("leave out what a KMS key encrypts, unless they ask for it", () => {
    const subject = { key: "k", kms: true };
    expect(findReplicationRules(among(rule("r")), subject)).toEqual([]);
    expect(findReplicationRules(among(rule("r", { kmsObjects: "Disabled" })), subject)).toEqual([]);
    expect(names(findReplicationRules(among(rule("r", { kmsObjects: "Enabled" })), subject))).toEqual(["r"]);
  });
});

test("delete markers go by version 1, and by rules of version 2 that say so and look at no tags", () => {
  const first = among(rule("first", { filter: { form: "version-1" } }));
  expect(names(findMarkerRules(first, "k"))).toEqual(["first"]);
  const second = among(
    rule("yes", { deleteMarkers: "Enabled" }),
    rule("no", { deleteMarkers: "Disabled", destination: { bucket: "other" } }),
    rule("tagged", { filter: { form: "one", tags: TAGS }, destination: { bucket: "third" } }),
  );
  expect(names(findMarkerRules(second, "k"))).toEqual(["yes"]);
});

test("changes of replicas go by rules that say so", () => {
  const rules = among(rule("no"), rule("yes", { destination: { bucket: "other" }, replicaModifications: "Enabled" }));
  expect(names(findModificationRules(rules, { key: "k" }))).toEqual(["yes"]);
});
