import fc from "fast-check";
import { expect, test } from "vitest";
import { formatIsoTime } from "../../../src/lib/iso-time.ts";

test.each([0, 1, 999, 86_399_999, 86_400_000, Date.UTC(2024, 1, 29, 23, 59, 59, 7), Date.UTC(9999, 11, 31)])(
  "writes %i as Date does",
  (milliseconds) => {
    expect(formatIsoTime(milliseconds)).toBe(new Date(milliseconds).toISOString());
  },
);

test("writes every time as Date does", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (milliseconds) => {
      expect(formatIsoTime(milliseconds)).toBe(new Date(milliseconds).toISOString());
    }),
    { numRuns: 10_000 },
  );
});
