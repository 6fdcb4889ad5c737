import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesWildcards } from "../../../src/lib/wildcards.ts";

describe("matchesWildcards", () => {
  test.each([
    ["", "", true],
    ["*", "", true],
    ["a*c", "abbc", true],
    ["a*c", "abcb", false],
    ["*ab*ab", "abab", true],
    ["?", "", false],
    ["a?", "ab", true],
    ["**a", "ba", true],
    ["a.c", "abc", false],
  ])("%s covers %s: %s", (pattern, text, expected) => {
    expect(matchesWildcards(pattern, text)).toBe(expected);
  });

  test("takes a question mark for itself where only stars count", () => {
    expect(matchesWildcards("a?*", "a?b", "")).toBe(true);
    expect(matchesWildcards("a?*", "abb", "")).toBe(false);
  });

  test("agrees with a regular expression", () => {
    const pattern = fc.array(fc.constantFrom("a", "b", "*", "?"), { maxLength: 6 }).map((pieces) => pieces.join(""));
    const text = fc.array(fc.constantFrom("a", "b"), { maxLength: 8 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(pattern, text, (some, whole) => {
        const expression = new RegExp(`^${some.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(matchesWildcards(some, whole)).toBe(expression.test(whole));
      }),
    );
  });

  test("is quick however many stars", () => {
    const began = performance.now();
    expect(matchesWildcards(`${"*a".repeat(200)}b`, "a".repeat(10_000))).toBe(false);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
