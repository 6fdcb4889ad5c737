import { describe, expect, test } from "vitest";
import { parsePattern } from "../../../src/logs/patterns/parse.ts";

const matching = (pattern: string, messages: readonly string[]) => messages.filter(parsePattern(pattern));
const refusal = (pattern: string) => () => parsePattern(pattern);

describe("terms", () => {
  const messages = ["[ERROR 400] BAD REQUEST", "[ERROR 419] MISSING ARGUMENTS", "[WARN 17] ARGUMENTS", "fine"];
  test.each([
    ["", messages],
    ["  ", messages],
    ["ERROR", messages.slice(0, 2)],
    ["error", []],
    ["ERROR ARGUMENTS", [messages[1]]],
    ['"BAD REQUEST"', [messages[0]]],
    ['"[ERROR 4"', messages.slice(0, 2)],
    ["?400 ?WARN", [messages[0], messages[2]]],
    ["ERROR -BAD", [messages[1]]],
    ["-ERROR", messages.slice(2)],
    ["-ERROR -WARN", [messages[3]]],
    // AWS ignores what is optional beside what is not.
    ["?fine ARGUMENTS", messages.slice(1, 3)],
  ])("%j", (pattern, expected) => {
    expect(matching(pattern, messages)).toEqual(expected);
  });

  test("quotes in quotes are escaped", () => {
    expect(matching('"say \\"no\\""', ['they say "no"', "they say no"])).toEqual(['they say "no"']);
  });

  test.each(['"open', 'a "b', "%AUTHORIZED%", "ERROR %[0-9]%"])("refuses %s", (pattern) => {
    expect(refusal(pattern)).toThrow(expect.objectContaining({ code: "InvalidParameterException" }));
  });
});

describe("JSON", () => {
  const one = JSON.stringify({
    level: "error",
    status: 404,
    user: { id: "u-17", admin: true, email: null },
    tags: ["a", "b"],
    "odd.name": 1,
    hits: [{ code: 1 }, { code: 2 }],
    ratio: 0.5,
    ip: "10.1.2.3",
  });
  test.each([
    ['{ $.level = "error" }', true],
    ["{ $.level = error }", true],
    ['{ $.level = "err" }', false],
    ['{ $.level = "err*" }', true],
    ['{ $.level = "*r*o*" }', true],
    ['{ $.level = "*x*" }', false],
    ['{ $.level != "info" }', true],
    ['{ $.nothing != "info" }', false],
    ["{ $.status = 404 }", true],
    ["{ $.status >= 404 }", true],
    ["{ $.status > 404 }", false],
    ["{ $.status < 5e2 }", true],
    ["{ $.ratio <= .5 }", true],
    ["{ $.ip = 10.1.* }", true],
    ['{ $.user.id = "u-17" }', true],
    ["{ $.user.admin IS TRUE }", true],
    ["{ $.user.admin IS FALSE }", false],
    ["{ $.user.email IS NULL }", true],
    ["{ $.user.phone NOT EXISTS }", true],
    ["{ $.user.email NOT EXISTS }", false],
    ["{ $.level = error && $.status = 404 }", true],
    ["{ $.level = error && $.status = 200 }", false],
    ["{ $.level = info || $.status = 404 }", true],
    ["{ ($.level = info || $.status = 404) && ($.user.admin IS FALSE) }", false],
    ["{ $.level = error || $.level = info && $.status = 1 }", true],
    ['{ $.tags[1] = "b" }', true],
    ['{ $.tags[2] = "b" }', false],
    ['{ $.tags[*] = "b" }', true],
    ["{ $.hits[0].code = 1 }", true],
    ["{ $.['odd.name'] = 1 }", true],
    ["{ $.status = * }", false],
    ["{ $.level = * }", true],
  ])("%s", (pattern, expected) => {
    expect(parsePattern(pattern)(one)).toBe(expected);
  });

  test("matches nothing that is not JSON", () => {
    expect(matching("{ $.a NOT EXISTS }", ["plain text", "{broken", '"text"', "{}", " {}\n"])).toEqual(["{}", " {}\n"]);
  });

  test("has no members of the prototype", () => {
    expect(matching("{ $.constructor NOT EXISTS }", ["{}"])).toEqual(["{}"]);
    expect(matching("{ $.__proto__.toString NOT EXISTS }", ["{}"])).toEqual(["{}"]);
  });

  test.each([
    "{",
    "{}",
    "{ $.a }",
    "{ $.a = }",
    "{ a = 1 }",
    '{ $.a > "x" }',
    "{ $.a = 1 && }",
    "{ ($.a = 1 }",
    "{ $.a = 1 ) }",
    "{ $.a IS 17 }",
    "{ $.a NOT THERE }",
    `{ ${"(".repeat(200)}$.a = 1${")".repeat(200)} }`,
  ])("refuses %s", (pattern) => {
    expect(refusal(pattern)).toThrow(expect.objectContaining({ code: "InvalidParameterException" }));
  });
});

describe("fields between spaces", () => {
  const lines = [
    '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 200 1534',
    '127.0.0.1 - frank [10/Oct/2000:13:35:22 -0700] "GET /a.gif HTTP/1.0" 404 5324',
    '127.0.0.1 - jane [10/Oct/2000:13:50:35 -0700] "GET /b.html HTTP/1.0" 400 4355',
    "too short",
  ];
  test.each([
    ["[ip, id, user, timestamp, request, status_code = 4*, bytes]", lines.slice(1, 3)],
    ["[ip, id, user, timestamp, request, status_code = 404, bytes]", [lines[1]]],
    ["[ip, id, user, timestamp, request, status_code, bytes > 4000]", lines.slice(1, 3)],
    ["[..., status_code = 404 || status_code = 400, bytes]", lines.slice(1, 3)],
    ["[ip, id, user = frank, ...]", lines.slice(0, 2)],
    ["[ip, id, user != frank, ...]", [lines[2]]],
    ['[ip, id, user, timestamp, request = "*b.html*", ...]', [lines[2]]],
    ["[w1 = too, w2]", [lines[3]]],
    ["[ip, ..., bytes = 1534]", [lines[0]]],
    ["[w1, w2, w3]", []],
  ])("%s", (pattern, expected) => {
    expect(matching(pattern, lines)).toEqual(expected);
  });

  test.each(["[a", "[]", "[a, , b]", "[a, ..., b, ...]", "[a b]", "[$.a = 1]"])("refuses %s", (pattern) => {
    expect(refusal(pattern)).toThrow(expect.objectContaining({ code: "InvalidParameterException" }));
  });
});

test("a pattern of many stars takes no longer than its text", () => {
  const matches = parsePattern(`{ $.a = "${"*a".repeat(300)}b" }`);
  const began = performance.now();
  expect(matches(JSON.stringify({ a: "a".repeat(80_000) }))).toBe(false);
  expect(performance.now() - began).toBeLessThan(500);
});
