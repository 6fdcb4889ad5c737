import { createHash } from "node:crypto";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { isSolution } from "../../../src/cdn/protection/challenge.ts";
import { SOLVER } from "../../../src/cdn/protection/challenge-page.ts";

test("the page's SHA-256 is SHA-256, at every length of a text", () => {
  const first = runInNewContext(`${SOLVER}; sha256`) as (text: string) => number;
  for (let length = 0; length < 200; length++) {
    const text = "0123456789abcdef.".repeat(12).slice(0, length);
    expect(first(text)).toBe(createHash("sha256").update(text).digest().readInt32BE(0));
  }
});

test("a solution has as many zero bits as were asked for", () => {
  let number = 0;
  while (!isSolution("question", String(number), 10)) number++;
  const hash = createHash("sha256").update(`question.${number}`).digest();
  expect(hash.readUInt32BE(0)).toBeLessThan(2 ** 22);
});
