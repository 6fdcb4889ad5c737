import { expect, test } from "vitest";
import { parseCacheControl } from "../../../src/cdn/engine/directives.ts";

test.each([
  ["Max-Age=60, public", { "max-age": "60", public: true }],
  ['private="set-cookie, x-a" , max-age=1', { private: "set-cookie, x-a", "max-age": "1" }],
  ["max-age=1, max-age=2", { "max-age": "1" }],
  ["max-age = 5;public,s-maxage=7", { public: true, "s-maxage": "7" }],
  ['no-cache="a, max-age=3', { "no-cache": '"a', "max-age": "3" }],
])("%s", (value, directives) => {
  expect(Object.fromEntries(parseCacheControl(value))).toMatchObject(directives);
});

test.each(["a".repeat(100_000) + ";", "a=".repeat(50_000) + '"', 'a="'.repeat(33_000), "a ".repeat(50_000) + ";"])(
  "what is no directive costs no more than its length (%#)",
  (value) => {
    const startedAt = performance.now();
    parseCacheControl(value);
    // By the square of the length it would be half a minute.
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  },
);
