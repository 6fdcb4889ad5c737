import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalisePath, PathPatterns } from "../../../src/cdn/edge/path-patterns.ts";

describe("PathPatterns", () => {
  test.each([
    ["/a.jpg", "/a.jpg", true],
    ["/a.jpg", "/b/a.jpg", false],
    ["a.jpg", "/a.jpg", true],
    ["*.jpg", "/b/a.jpg", true],
    ["*.jpg", "/b/a.JPG", false],
    ["/img/*", "/img/", true],
    ["/img/*", "/img", false],
    ["/img/*.png", "/img/a/b.png", true],
    ["/a?.txt", "/ab.txt", true],
    ["/a?.txt", "/a.txt", false],
    ["/a.b", "/axb", false],
    ["*", "/anything", true],
    ["/*a*b*", "/xxaxxbxx", true],
  ])("%s takes %s: %s", (pattern, path, expected) => {
    expect(new PathPatterns([pattern]).find(path)).toBe(expected ? 0 : -1);
  });

  test("gives the first that matches, of whichever shape", () => {
    const patterns = new PathPatterns(["/x", "/a/*.png", "/a/*", "*.png", "/a/b.png", "*"]);
    expect(["/a/b.png", "/a/c", "/q.png", "/x", "/y"].map((path) => patterns.find(path))).toEqual([1, 2, 3, 0, 5]);
  });

  test("agrees with trying one pattern after the other", () => {
    const piece = fc.constantFrom("a", "b", "/", "*", "?", ".");
    const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => `/${pieces.join("")}`);
    const path = fc.array(fc.constantFrom("a", "b", "/", "."), { maxLength: 6 }).map((pieces) => `/${pieces.join("")}`);
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), path, (patterns, asked) => {
        const expected = patterns.findIndex((one) => new PathPatterns([one]).find(asked) === 0);
        expect(new PathPatterns(patterns).find(asked)).toBe(expected);
      }),
    );
  });
});

test.each([
  ["/a/b", "/a/b"],
  ["/%61/b", "/a/b"],
  ["/a%2fb", "/a%2Fb"],
  ["/a/../b", "/b"],
  ["/a/%2e%2e/b", "/b"],
  ["/a/./b/", "/a/b/"],
  ["/a/..", "/"],
  ["/../../a", "/a"],
  ["/a%20b", "/a%20b"],
])("normalisePath(%s) is %s", (path, expected) => {
  expect(normalisePath(path)).toBe(expected);
});
