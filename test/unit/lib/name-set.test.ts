import { expect, test } from "vitest";
import { buildNameSet, mayHave } from "../../../src/lib/name-set.ts";

const nameOf = (number: number) => `E${String(number).padStart(13, "0")}`;

test("a set of names has all that were put into it, and hardly any other", () => {
  const set = buildNameSet(Array.from({ length: 5_000 }, (_, number) => nameOf(number)));
  for (let number = 0; number < 5_000; number++) expect(mayHave(set, nameOf(number))).toBe(true);
  let wrong = 0;
  for (let number = 5_000; number < 25_000; number++) if (mayHave(set, nameOf(number))) wrong++;
  expect(wrong).toBeLessThan(100);
});

test("an empty set has nothing", () => {
  expect(mayHave(buildNameSet([]), "E0000000000001")).toBe(false);
});
