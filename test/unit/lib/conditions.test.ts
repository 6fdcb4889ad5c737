import { describe, expect, it } from "vitest";
import {
  evaluateRead,
  evaluateWrite,
  findFailedCondition,
  parseEntityTags,
  readConditionHeaders,
} from "../../../src/lib/conditions.ts";

const MODIFIED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const NOW = Date.UTC(2026, 6, 1);
const OBJECT = { etag: "abc", modifiedAt: MODIFIED, size: 3 };
const BEFORE = "Fri, 02 Jan 2026 03:04:04 GMT";
const SAME = "Fri, 02 Jan 2026 03:04:05 GMT";
const AFTER = "Fri, 02 Jan 2026 03:04:06 GMT";
const FUTURE = "Sat, 01 Jan 2124 00:00:00 GMT";

function get(headers: Record<string, string>) {
  return evaluateRead(readConditionHeaders(new Headers(headers), "", NOW), OBJECT);
}

describe("conditions of a read", () => {
  it.each([
    [{ "if-match": '"abc"' }, "ok"],
    [{ "if-match": "abc" }, "ok"],
    [{ "if-match": "*" }, "ok"],
    [{ "if-match": '"x", "abc"' }, "ok"],
    [{ "if-match": '"x"' }, "precondition-failed"],
    [{ "if-match": "" }, "precondition-failed"],
    [{ "if-match": 'W/"abc"' }, "precondition-failed"],
    [{ "if-none-match": '"abc"' }, "not-modified"],
    [{ "if-none-match": 'W/"abc"' }, "not-modified"],
    [{ "if-none-match": "*" }, "not-modified"],
    [{ "if-none-match": '"x"' }, "ok"],
    [{ "if-modified-since": BEFORE }, "ok"],
    [{ "if-modified-since": SAME }, "not-modified"],
    [{ "if-modified-since": AFTER }, "not-modified"],
    [{ "if-unmodified-since": BEFORE }, "precondition-failed"],
    [{ "if-unmodified-since": SAME }, "ok"],
    [{}, "ok"],
  ] as const)("%j: %s", (headers, expected) => expect(get(headers)).toBe(expected));

  it("lets an ETag that holds beat a date that does not, and the reverse (RFC 9110 section 13.2.2)", () => {
    expect(get({ "if-match": '"abc"', "if-unmodified-since": BEFORE })).toBe("ok");
    expect(get({ "if-match": '"x"', "if-unmodified-since": AFTER })).toBe("precondition-failed");
    expect(get({ "if-none-match": '"abc"', "if-modified-since": BEFORE })).toBe("not-modified");
    expect(get({ "if-none-match": '"x"', "if-modified-since": AFTER })).toBe("ok");
    expect(get({ "if-match": '"abc"', "if-none-match": '"abc"' })).toBe("not-modified");
  });

  it("ignores dates that are invalid or in the future", () => {
    expect(get({ "if-modified-since": FUTURE })).toBe("ok");
    expect(get({ "if-modified-since": "soon" })).toBe("ok");
    expect(get({ "if-unmodified-since": "long ago" })).toBe("ok");
  });

  it("fails a copy where a read would be answered 304", () => {
    const headers = new Headers({ "x-amz-copy-source-if-none-match": '"abc"', "if-match": '"x"' });
    expect(findFailedCondition(readConditionHeaders(headers, "x-amz-copy-source-", NOW), OBJECT)).toBe("If-None-Match");
    expect(findFailedCondition({ ifModifiedSince: NOW }, OBJECT)).toBe("If-Modified-Since");
    expect(findFailedCondition({ ifUnmodifiedSince: 0 }, OBJECT)).toBe("If-Unmodified-Since");
    expect(findFailedCondition({ ifMatch: ["x"], ifUnmodifiedSince: NOW }, OBJECT)).toBe("If-Match");
    expect(findFailedCondition({ ifMatch: ["abc"], ifUnmodifiedSince: 0 }, OBJECT)).toBeUndefined();
  });
});

describe("conditions of a write", () => {
  it.each([
    [{}, OBJECT, "ok"],
    [{ ifMatch: ["abc"] }, OBJECT, "ok"],
    [{ ifMatch: ["*"] }, OBJECT, "ok"],
    [{ ifMatch: ["x"] }, OBJECT, "precondition-failed"],
    [{ ifMatch: ["abc"] }, undefined, "no-such-key"],
    [{ ifMatch: ["*"] }, undefined, "no-such-key"],
    [{ ifNoneMatch: ["*"] }, OBJECT, "precondition-failed"],
    [{ ifNoneMatch: ["*"] }, undefined, "ok"],
    [{ ifNoneMatch: ["x"] }, OBJECT, "ok"],
    [{ ifSize: 3 }, OBJECT, "ok"],
    [{ ifSize: 4 }, OBJECT, "precondition-failed"],
    [{ ifSize: 0 }, undefined, "no-such-key"],
    [{ ifModifiedAt: MODIFIED - 678 }, OBJECT, "ok"],
    [{ ifModifiedAt: MODIFIED + 322 }, OBJECT, "precondition-failed"],
  ] as const)("%j on %j: %s", (conditions, current, expected) => {
    expect(evaluateWrite(conditions, current)).toBe(expected);
  });
});

describe("entity tags", () => {
  it("splits lists, with commas inside quotes", () => {
    expect(parseEntityTags('"a,b" , "c" ,d-2,, e ')).toEqual(["a,b", "c", "d-2", "e"]);
    expect(parseEntityTags('W/"a", "b"')).toEqual(["b"]);
    expect(parseEntityTags('W/"a", "b"', "weak")).toEqual(["a", "b"]);
  });
});
