import { describe, expect, test } from "vitest";
import { compileNames, filterCookies, filterQuery, unite } from "../../../src/cdn/edge/name-filter.ts";

describe("filterQuery", () => {
  const some = compileNames("whitelist", ["a", "b*", "ü"]);
  test.each([
    ["b=2&a=1", "a=1&b=2"],
    ["a=2&x=1&a=1", "a=2&a=1"],
    ["bcd=1&c=2", "bcd=1"],
    ["%61=1", "%61=1"],
    ["a", "a"],
    ["%C3%BC=1&%zz=2", "%C3%BC=1"],
    ["", ""],
  ])("keeps of %s what is listed, in order: %s", (query, expected) => {
    expect(filterQuery(some, query)).toBe(expected);
  });

  test("keeps everything as it was sent, or nothing", () => {
    expect(filterQuery(compileNames("all"), "b=2&a=1")).toBe("b=2&a=1");
    expect(filterQuery(compileNames("none"), "b=2&a=1")).toBe("");
    expect(filterQuery(compileNames("allExcept", ["utm_*"]), "utm_x=1&b=2")).toBe("b=2");
  });
});

test("filterCookies keeps what is listed", () => {
  const some = compileNames("whitelist", ["lang", "s*"]);
  expect(filterCookies(some, "x=1; lang=en;session=a=b")).toBe("lang=en; session=a=b");
  expect(filterCookies(some, "x=1")).toBeNull();
  expect(filterCookies(some, null)).toBeNull();
  expect(filterCookies(compileNames("all"), "x=1; y")).toBe("x=1; y");
});

test("unite takes what either takes", () => {
  const both = unite(compileNames("whitelist", ["a"]), compileNames("whitelist", ["b"]));
  expect(["a", "b", "c"].map((name) => both.has(name))).toEqual([true, true, false]);
  expect(unite(compileNames("none"), compileNames("all")).mode).toBe("all");
});
