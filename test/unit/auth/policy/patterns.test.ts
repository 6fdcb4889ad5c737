import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fits, readPattern } from "../../../../src/auth/policy/patterns.ts";

const nothing = () => undefined;
/** Few letters, so that they meet. */
const letters = (more: string) => fc.string({ unit: fc.constantFrom("a", "b", "/", ...more.split("")), maxLength: 12 });

describe("patterns", () => {
  it("fit what the same regular expression does", () => {
    fc.assert(
      fc.property(letters("*?"), letters(""), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(fits(readPattern(pattern, true), text, nothing)).toBe(expression.test(text));
      }),
    );
  });

  it("never read a variable's value as a pattern", () => {
    fc.assert(
      fc.property(letters("*?${}"), letters("*?${}"), (name, text) => {
        const context = (key: string) => (key === "aws:username" ? [name] : undefined);
        const whole = readPattern("${aws:username}", true);
        expect(fits(whole, text, context)).toBe(name === text);
      }),
    );
  });

  it("take no time over what is made to take it", () => {
    const began = performance.now();
    expect(fits(readPattern(`${"*a".repeat(40)}*b`, true), "a".repeat(5_000), nothing)).toBe(false);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
