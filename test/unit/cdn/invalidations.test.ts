import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidationMatcher } from "../../../src/cdn/edge/invalidations.ts";
import type { InvalidationRecord } from "../../../src/metadata/cdn/protocol.ts";

const record = (number: number, paths: string[], more: Partial<InvalidationRecord> = {}): InvalidationRecord => ({
  number,
  paths,
  at: number * 1_000,
  ...more,
});
const judge = (records: InvalidationRecord[], since: number, path: string, query = "", tags: string[] = []) =>
  new InvalidationMatcher(records).judge(since, path, query, tags);

describe("InvalidationMatcher", () => {
  test("finds records later than the entry, and none before", () => {
    const records = [record(1, ["/a"]), record(3, ["/b"])];
    expect(judge(records, 0, "/a").kind).toBe("invalid");
    expect(judge(records, 1, "/a").kind).toBe("valid");
    expect(judge(records, 2, "/b").kind).toBe("invalid");
    expect(judge(records, 3, "/b").kind).toBe("valid");
  });

  test("takes queries as part of the path", () => {
    expect(judge([record(1, ["/a"])], 0, "/a", "q=1").kind).toBe("valid");
    expect(judge([record(1, ["/a?q=1"])], 0, "/a", "q=1").kind).toBe("invalid");
    expect(judge([record(1, ["/a*"])], 0, "/a", "q=1").kind).toBe("invalid");
    expect(judge([record(1, ["/a?*"])], 0, "/a", "q=1").kind).toBe("invalid");
  });

  test("takes the root for the default root object, with its queries", () => {
    const judgeRoot = (path: string, query = "", root = "home/index.html") =>
      new InvalidationMatcher([record(1, [path])], root).judge(0, "/home/index.html", query, undefined).kind;
    expect(judgeRoot("/")).toBe("invalid");
    expect(judgeRoot("/", "q=1")).toBe("valid");
    expect(judgeRoot("/?q=1", "q=1")).toBe("invalid");
    expect(judgeRoot("/?*", "q=1")).toBe("invalid");
    expect(judgeRoot("/", "", "")).toBe("valid");
    expect(judgeRoot("/home/")).toBe("valid");
  });

  test("tells when a soft one made it stale, unless a hard one came as well", () => {
    expect(judge([record(1, ["/a"], { soft: true })], 0, "/a")).toEqual({ kind: "stale", since: 1_000 });
    expect(judge([record(1, ["/a"], { soft: true }), record(2, ["/*"])], 0, "/a").kind).toBe("invalid");
  });

  test("takes tags in any case", () => {
    expect(judge([record(1, [], { tags: ["Shop"] })], 0, "/a", "", ["shop"]).kind).toBe("invalid");
    expect(judge([record(1, [], { tags: ["Shop"] })], 0, "/a", "", ["shops"]).kind).toBe("valid");
  });

  test("agrees with looking at every record", () => {
    const path = fc
      .array(fc.constantFrom("a", "b", "/"), { minLength: 1, maxLength: 4 })
      .map((pieces) => `/${pieces.join("")}`);
    const pattern = fc.tuple(path, fc.boolean()).map(([text, wild]) => (wild ? `${text}*` : text));
    const records = fc.array(fc.array(pattern, { minLength: 1, maxLength: 3 }), { maxLength: 6 });
    const matches = (name: string, asked: string) =>
      name.endsWith("*") ? asked.startsWith(name.slice(0, -1)) : name === asked;
    fc.assert(
      fc.property(records, path, fc.integer({ min: 0, max: 6 }), (lists, asked, since) => {
        const all = lists.map((paths, position) => record(position + 1, paths));
        const expected = all.some(({ number, paths }) => number > since && paths.some((name) => matches(name, asked)));
        expect(judge(all, since, asked).kind).toBe(expected ? "invalid" : "valid");
      }),
    );
  });

  test("costs no more with 3,000 records than with 30", () => {
    const matcherOf = (count: number) =>
      new InvalidationMatcher(
        Array.from({ length: count }, (_, n) => record(n + 1, [`/p/${n}`, `/w/${n % 100}/${n}*`])),
      );
    const time = (matcher: InvalidationMatcher) => {
      const began = performance.now();
      for (let round = 0; round < 20_000; round++) matcher.judge(0, "/some/path/to/a/picture.jpg", "", undefined);
      return performance.now() - began;
    };
    const [few, many] = [matcherOf(30), matcherOf(3_000)];
    time(few);
    time(many);
    expect(time(many)).toBeLessThan(10 * time(few) + 50);
  });
});
