import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventPatternError, matchesEvent, parseEventPattern } from "../../../src/lib/event-pattern.ts";

const matches = (pattern: unknown, event: unknown) => matchesEvent(parseEventPattern(JSON.stringify(pattern)), event);

const leaf = () => fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const name = () => fc.string({ minLength: 1 }).filter((text) => text !== "__proto__" && text !== "$or");
/** Events without lists, of at least one leaf. */
const event = () =>
  fc.letrec<{ node: unknown; object: Record<string, unknown> }>((tie) => ({
    node: fc.oneof({ maxDepth: 3 }, leaf(), tie("object")),
    object: fc.dictionary(name(), tie("node"), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  })).object;

/** The pattern that wants each leaf as it is. */
function patternOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return [value];
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, patternOf(item)]));
}

/** What a step answers or throws. */
function attempt(step: () => unknown): unknown {
  try {
    return step();
  } catch (error) {
    return error;
  }
}

describe("event patterns", () => {
  it("match the events that they were made from, and those with more in them", () => {
    fc.assert(
      fc.property(event(), event(), (wanted, more) => {
        expect(matches(patternOf(wanted), wanted)).toBe(true);
        expect(matches(patternOf(wanted), { ...more, ...wanted })).toBe(true);
      }),
    );
  });

  it("want every field: each of them alone decides against an event", () => {
    fc.assert(
      fc.property(event(), event(), (wanted, other) => {
        const apart = Object.entries(wanted).every(([key, value]) => matches({ [key]: patternOf(value) }, other));
        expect(matches(patternOf(wanted), other)).toBe(apart);
      }),
    );
  });

  it("want one of the alternatives", () => {
    fc.assert(
      fc.property(event(), event(), event(), (one, two, given) => {
        const either = matches(patternOf(one), given) || matches(patternOf(two), given);
        expect(matches({ $or: [patternOf(one), patternOf(two)] }, given)).toBe(either);
      }),
    );
  });

  it("say with anything-but and exists the opposite, of a value that is there", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer()), leaf(), (value, found) => {
        expect(matches({ a: [{ "anything-but": [value] }] }, { a: found })).toBe(
          !matches({ a: [value] }, { a: found }),
        );
        expect(matches({ a: [{ exists: true }] }, { a: found })).toBe(true);
        expect(matches({ a: [{ exists: false }] }, { a: found })).toBe(false);
        expect(matches({ a: [{ exists: false }] }, { b: found })).toBe(true);
        expect(matches({ a: [{ "anything-but": [value] }] }, { b: found })).toBe(false);
      }),
    );
  });

  it("compare texts at their ends and without case, numbers by their bounds", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, part) => {
        expect(matches({ a: [{ prefix: part }] }, { a: text })).toBe(text.startsWith(part));
        expect(matches({ a: [{ suffix: part }] }, { a: text })).toBe(text.endsWith(part));
        expect(matches({ a: [{ prefix: part }] }, { a: part + text })).toBe(true);
        expect(matches({ a: [{ suffix: { "equals-ignore-case": part.toUpperCase() } }] }, { a: text + part })).toBe(
          (text + part).toLowerCase().endsWith(part.toUpperCase().toLowerCase()),
        );
        expect(matches({ a: [{ "anything-but": { prefix: part } }] }, { a: text })).toBe(!text.startsWith(part));
      }),
    );
    const number = () => fc.double({ min: -5e9, max: 5e9, noNaN: true });
    fc.assert(
      fc.property(number(), number(), number(), (low, high, value) => {
        fc.pre(low < high);
        expect(matches({ a: [{ numeric: [">=", low, "<", high] }] }, { a: value })).toBe(value >= low && value < high);
        expect(matches({ a: [{ numeric: ["=", low] }] }, { a: low })).toBe(true);
        expect(matches({ a: [{ numeric: ["<=", high] }] }, { a: String(value) })).toBe(false);
      }),
    );
  });

  it("take one item of a list, and want all of one item of a list of objects", () => {
    expect(matches({ a: ["x"] }, { a: ["y", "x"] })).toBe(true);
    expect(matches({ a: ["x"] }, { a: [] })).toBe(false);
    expect(matches({ a: [{ exists: false }] }, { a: [] })).toBe(true);
    const items = [
      { b: 1, c: 2 },
      { b: 3, c: 4 },
    ];
    expect(matches({ a: { b: [1], c: [2] } }, { a: items })).toBe(true);
    expect(matches({ a: { b: [1], c: [4] } }, { a: items })).toBe(false);
  });

  it("have no exception for what strangers send", () => {
    fc.assert(
      fc.property(fc.json(), event(), (text, given) => {
        expect(attempt(() => matchesEvent(parseEventPattern(text), given))).toSatisfy(
          (outcome) => typeof outcome === "boolean" || outcome instanceof EventPatternError,
        );
      }),
    );
    fc.assert(fc.property(event(), fc.jsonValue(), (wanted, given) => void matches(patternOf(wanted), given)));
    const deep: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
    expect(matches({ a: { b: ["x"] }, c: ["x"] }, { a: deep, c: deep })).toBe(false);
  });

  it.each([
    ["", "{"],
    ["no object", "[]"],
    ["empty", "{}"],
    ["a bare value", '{"a":1}'],
    ["an empty list", '{"a":[]}'],
    ["an empty object in it", '{"a":{}}'],
    ["an unknown operator", '{"a":[{"wildcard":"x*"}]}'],
    ["a name of every object", '{"a":[{"constructor":"x"}]}'],
    ["two operators in one", '{"a":[{"prefix":"a","suffix":"b"}]}'],
    ["a prefix that is no text", '{"a":[{"prefix":1}]}'],
    ["bounds the wrong way round", '{"a":[{"numeric":[">",5,"<",5]}]}'],
    ["a bound too far", '{"a":[{"numeric":["<",6e9]}]}'],
    ["half a comparison", '{"a":[{"numeric":["<"]}]}'],
    ["nothing but nothing", '{"a":[{"anything-but":[]}]}'],
    ["one alternative", '{"$or":[{"a":[1]}]}'],
    ["an unclear exists", '{"a":[{"exists":"yes"}]}'],
  ])("are refused: %s", (_what, text) => {
    expect(() => parseEventPattern(text)).toThrow(EventPatternError);
  });
});
