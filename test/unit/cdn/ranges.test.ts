import { expect, test } from "vitest";
import { parseContentRange, parseRanges, resolveRanges } from "../../../src/cdn/engine/ranges.ts";

test.each([
  ["bytes=0-1", [{ first: 0, last: 1 }]],
  ["Bytes = 5-", [{ first: 5 }]],
  ["bytes=-3", [{ suffix: 3 }]],
  ["bytes=0-1, 4-5,-1", [{ first: 0, last: 1 }, { first: 4, last: 5 }, { suffix: 1 }]],
  ["bytes=5-1", undefined],
  ["bytes=", undefined],
  ["bytes=-", undefined],
  ["items=0-1", undefined],
  ["bytes=a-b", undefined],
  [`bytes=${Array.from({ length: 33 }, () => "0-0").join()}`, undefined],
  [null, undefined],
])("parseRanges(%s)", (header, expected) => {
  expect(parseRanges(header)).toEqual(expected);
});

test("resolveRanges cuts at the end, drops what is beyond, and refuses to send more than there is", () => {
  expect(resolveRanges([{ first: 5, last: 99 }, { first: 10 }, { suffix: 20 }], 10)).toBeUndefined();
  expect(resolveRanges([{ first: 5, last: 99 }, { first: 10 }], 10)).toEqual([{ first: 5, last: 9 }]);
  expect(resolveRanges([{ suffix: 20 }], 10)).toEqual([{ first: 0, last: 9 }]);
  expect(resolveRanges([{ suffix: 0 }], 10)).toEqual([]);
  expect(resolveRanges([{ first: 0 }], 0)).toEqual([]);
});

test.each([
  ["bytes 0-4/10", { first: 0, last: 4, total: 10 }],
  ["bytes 4-0/10", undefined],
  ["bytes 0-10/10", undefined],
  ["bytes 0-4/*", undefined],
  ["bytes */10", undefined],
  [null, undefined],
])("parseContentRange(%s)", (header, expected) => {
  expect(parseContentRange(header)).toEqual(expected);
});
