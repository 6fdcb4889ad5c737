import { describe, expect, it } from "vitest";
import { assert, json, pre, property } from "fast-check";
import { JsonError, parseJson } from "../../../src/lib/json.ts";

describe("parseJson", () => {
  it.each([
    ['{"a":1,"a":2}'],
    ['{"a":1,"\\u0061":2}'],
    ['[{"b":{"a":1,"c":[],"a":2}}]'],
    ['{"__proto__":{}}'],
    ['[{"x":{"\\u005f_proto__":1}}]'],
    ["{"],
    [""],
    ["{} {}"],
  ])("refuses %s", (text) => {
    expect(() => parseJson(text)).toThrow(JsonError);
  });

  it.each([
    ['{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}'],
    ['{"a":"a","b":"a","c":["a","a"]}'],
    ['{"a":"\\",\\"a\\":{"}'],
    ['["__proto__"]'],
    ['"text"'],
  ])("takes %s", (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it("takes strings of megabytes, with an escape at each character or none", () => {
    const value = {
      plain: "x".repeat(15_000_000),
      escaped: '"'.repeat(3_000_000),
      backslashes: "\\".repeat(1_000_001),
    };
    expect(Object.keys(parseJson(JSON.stringify(value)) as object)).toEqual(Object.keys(value));
  });

  it("takes whatever JSON.stringify makes, __proto__ apart", () => {
    assert(
      property(json({ maxDepth: 4 }), (text) => {
        pre(!text.includes("__proto__"));
        // Parsed and printed again, no name is there twice.
        const unique = JSON.stringify(JSON.parse(text));
        expect(parseJson(unique)).toEqual(JSON.parse(unique));
      }),
    );
  });
});
