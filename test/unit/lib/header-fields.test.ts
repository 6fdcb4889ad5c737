import { describe, expect, it } from "vitest";
import { SentFields } from "../../../src/lib/header-fields.ts";

const sent = new Headers([
  ["Content-Type", "text/plain"],
  ["x-amz-meta-color", "red"],
  ["x-amz-meta-color", "green"],
  ["x-empty", ""],
]);

describe("SentFields", () => {
  const fields = new SentFields(sent);

  it.each(["content-type", "Content-Type", "x-amz-meta-color", "x-empty", "x-absent", "__proto__"])(
    "says of %s what Headers says",
    (name) => {
      expect(fields.get(name)).toBe(sent.get(name));
      expect(fields.has(name)).toBe(sent.has(name));
    },
  );

  it("has the same names and values, in the same order", () => {
    expect([...fields]).toEqual([...sent]);
    expect([...fields.keys()]).toEqual([...sent.keys()]);
    expect([...new Headers(fields)]).toEqual([...sent]);
  });
});
