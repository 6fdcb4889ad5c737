import { describe, expect, test } from "vitest";
import { compareWithModel } from "../../support/rfc9111/compare.ts";
import { FAULTS } from "../../support/rfc9111/faults.ts";
import { ENGINE } from "../../support/rfc9111/play.ts";

// The same pairs each time; 100,000 others are in test/long/rfc9111.test.ts.
const PAIRS = 3_000;
const PAIRS_FOR_A_FAULT = 20_000;
const SEED = 9111;

test("the engine does nothing that RFC 9111 forbids, and reuses what is fresh", () => {
  expect(compareWithModel(ENGINE, PAIRS, SEED)).toEqual({ failed: false, scene: undefined, offences: [] });
});

describe("the model finds a fault of the engine", () => {
  test.each(Object.keys(FAULTS))("%s", (name) => {
    expect(compareWithModel(FAULTS[name]!, PAIRS_FOR_A_FAULT, SEED).failed).toBe(true);
  });
});
