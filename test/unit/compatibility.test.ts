import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COMPATIBILITY_FILE, renderCompatibility } from "../../scripts/compatibility.ts";

test("docs/compatibility.md tells what the tables say (npm run compatibility)", () => {
  expect(readFileSync(COMPATIBILITY_FILE, "utf8")).toBe(renderCompatibility());
});
