import { describe, expect, it } from "vitest";
import { formatContentRange, parseRange, resolveRange } from "../../../src/lib/range.ts";

/** What a client gets of an object of ten bytes; "whole" when the header is ignored. */
function read(header: string, size = 10): [offset: number, length: number] | "whole" | "416" {
  const spec = parseRange(header);
  if (!spec) return "whole";
  const span = resolveRange(spec, size);
  return span ? [span.offset, span.length] : "416";
}

describe("Range", () => {
  it.each([
    ["bytes=0-0", [0, 1]],
    ["bytes=2-5", [2, 4]],
    ["bytes=4-", [4, 6]],
    ["bytes=-3", [7, 3]],
    ["BYTES=1-2", [1, 2]],
    ["bytes= 1 - 2 ", [1, 2]],
  ])("%s selects bytes", (header, expected) => expect(read(header)).toEqual(expected));

  it.each([
    ["bytes=8-100", [8, 2]],
    ["bytes=0-99999999999999999999999", [0, 10]],
    ["bytes=-100", [0, 10]],
  ])("%s ends with the object", (header, expected) => expect(read(header)).toEqual(expected));

  it.each(["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"])(
    "%s is not satisfiable",
    (header) => {
      expect(read(header)).toBe("416");
    },
  );

  it.each([
    "bytes=0-1,3-4",
    "bytes=5-2",
    "items=0-1",
    "bytes=a-b",
    "bytes=-",
    "bytes",
    "0-1",
    "",
    "bytes=1-2-3",
    "bytes=+1-2",
  ])("%s is ignored", (header) => expect(read(header)).toBe("whole"));

  it("satisfies nothing of an empty object", () => {
    for (const header of ["bytes=0-0", "bytes=0-", "bytes=-5"]) expect(read(header, 0)).toBe("416");
  });

  it("describes the answer", () => {
    expect(formatContentRange({ offset: 7, length: 3 }, 10)).toBe("bytes 7-9/10");
  });
});
