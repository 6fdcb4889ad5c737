import { expect, test } from "vitest";
import { compareWithModel } from "../support/rfc9111/compare.ts";
import { ENGINE } from "../support/rfc9111/play.ts";

const PAIRS = 100_000;

test(`${PAIRS} random requests and responses, as a plain model of RFC 9111 sees them`, () => {
  expect(compareWithModel(ENGINE, PAIRS)).toEqual({ failed: false, scene: undefined, offences: [] });
});
