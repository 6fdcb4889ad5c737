import { expect, test } from "vitest";
import { decodeToken, encodeToken, formatPosition, parsePosition } from "../../../src/logs/tokens.ts";

test("positions sort as text, and come back", () => {
  const positions = [
    { timestamp: 0, segment: 0, index: 0 },
    { timestamp: 9, segment: 99, index: 9 },
    { timestamp: 10, segment: 1, index: 9 },
    { timestamp: 10, segment: 1, index: 10 },
    { timestamp: 10, segment: Number.MAX_SAFE_INTEGER, index: 0 },
    { timestamp: 8.64e15, segment: 1, index: 0 },
  ];
  const texts = positions.map(formatPosition);
  for (const text of texts) expect(text).toMatch(/^\d{56}$/);
  expect(texts.toSorted()).toEqual(texts);
  expect(texts.map(parsePosition)).toEqual(positions);
});

test.each(["", "17", "x".repeat(56), "-".padEnd(56, "1")])("%j is no position", (text) => {
  expect(() => parsePosition(text)).toThrow(expect.objectContaining({ code: "InvalidParameterException" }));
});

test("tokens of listings come back, and nothing else does", () => {
  expect(decodeToken(encodeToken(["a/b", 17]))).toEqual(["a/b", 17]);
  for (const forged of [
    "",
    "%%%",
    encodeToken([]).slice(1),
    Buffer.from('[{"a":1}]').toString("base64url"),
    `${encodeToken(["a"])}=`,
  ]) {
    expect(() => decodeToken(forged)).toThrow(expect.objectContaining({ code: "InvalidParameterException" }));
  }
});
