import { describe, expect, test } from "vitest";
import { mergePages, readMergedPage } from "../../../src/s3/listing.ts";
import { decodeContinuationToken, encodeContinuationToken } from "../../../src/s3/continuation-token.ts";

type Entry = { readonly key: string } | { readonly prefix: string };

/** `a` is a key, `a/` a common prefix. */
function page(words: string, truncated = false) {
  const entries = words.split(" ").flatMap((word): Entry[] => {
    if (word === "") return [];
    return [word.endsWith("/") ? { prefix: word } : { key: word }];
  });
  return { entries, truncated };
}

function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => ("prefix" in entry ? entry.prefix : entry.key)).join(" ");
}

describe("merging the parts of a listing", () => {
  test.each([
    ["one part as it is", [page("a b c")], 3, "a b c", false],
    ["parts in key order", [page("a d"), page("b c"), page("")], 10, "a b c d", false],
    ["a common prefix of several parts once", [page("a/ b"), page("a/ c/"), page("a/ c/")], 10, "a/ b c/", false],
    ["no more than asked for", [page("a c"), page("b d")], 3, "a b c", true],
    ["truncated when a part is", [page("a b", true), page("c")], 2, "a b", true],
    ["exactly full and complete", [page("a c"), page("b")], 3, "a b c", false],
    ["nothing beyond where a part broke off", [page("a b", true), page("c z")], 10, "a b", true],
    ["nothing", [page(""), page("")], 10, "", false],
  ])("%s", (_, pages, limit, expected, truncated) => {
    const merged = mergePages(pages, limit);
    expect(describeEntries(merged.entries)).toBe(expected);
    expect(merged.truncated).toBe(truncated);
  });

  describe("of many index objects", () => {
    /** Answers like index objects that hold these keys, and counts the entries. */
    function makeShards(keys: readonly (readonly string[])[]) {
      const counts: number[] = [];
      const ask = async (after: { readonly key: string } | undefined, limit: number) => {
        const pages = keys.map((held) => {
          const left = held.filter((key) => key > (after?.key ?? ""));
          return { entries: left.slice(0, limit).map((key) => ({ key })), truncated: left.length > limit };
        });
        counts.push(pages.reduce((sum, { entries }) => sum + entries.length, 0));
        return pages;
      };
      return { ask, counts };
    }
    const allKeys = Array.from({ length: 6400 }, (_, n) => String(n).padStart(4, "0"));
    const request = { limit: 1000, shards: 64, delimiter: "" };
    const spread = Array.from({ length: 64 }, (_, shard) => allKeys.filter((_key, n) => (n * 37) % 64 === shard));

    test("reads about a page, not one from each", async () => {
      const { ask, counts } = makeShards(spread);
      const listed = await readMergedPage(request, ask);
      expect(describeEntries(listed.entries)).toBe(allKeys.slice(0, 1000).join(" "));
      expect(listed.truncated).toBe(true);
      expect(counts).toHaveLength(1);
      expect(counts[0]).toBeLessThan(3000);
    });

    test("asks once more where one of them has most of the keys", async () => {
      for (const limit of [1000, 6400]) {
        const { ask, counts } = makeShards([allKeys, ...Array.from({ length: 63 }, () => [])]);
        const listed = await readMergedPage({ ...request, limit }, ask);
        expect(describeEntries(listed.entries)).toBe(allKeys.slice(0, limit).join(" "));
        expect(listed.truncated).toBe(limit < allKeys.length);
        expect(counts).toHaveLength(2);
      }
    });
  });

  test("orders by UTF-8 bytes, not by UTF-16 units", () => {
    // U+FF5E is below U+1F600, whose first UTF-16 unit is below it.
    const merged = mergePages([page("\u{1f600}"), page("\uff5e")], 10);
    expect(describeEntries(merged.entries)).toBe("\uff5e \u{1f600}");
  });

  test("keeps the versions of a key in their order", () => {
    const versions = [
      { key: "b", version: 3 },
      { key: "b", version: 1 },
    ];
    const merged = mergePages<{ key: string; version: number }>(
      [
        { entries: [{ key: "a", version: 2 }], truncated: false },
        { entries: versions, truncated: false },
      ],
      10,
    );
    expect(merged.entries.map(({ version }) => version)).toEqual([2, 3, 1]);
  });
});

describe("continuation tokens", () => {
  test.each(["a", "photos/2026/", "\u{1f600}", "nul\u0000", "ends in space "])(
    "carry %j and nothing else",
    (position) => {
      expect(decodeContinuationToken(encodeContinuationToken(position))).toBe(position);
    },
  );

  test.each(["", "1", "garbage", "2YQ==", "1YQ", "1YQ==x", "1/w==", "1YQ===", "1Y Q=="])("%j is not one", (token) => {
    expect(() => decodeContinuationToken(token)).toThrow(
      expect.objectContaining({
        code: "InvalidArgument",
        message: "The continuation token provided is incorrect",
        detail: { ArgumentName: "continuation-token", ArgumentValue: token },
      }),
    );
  });
});
