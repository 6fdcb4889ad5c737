import { describe, expect, test } from "vitest";
import { checkPolicy, readPolicy } from "../../../src/s3/post-object/policy.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const EXPIRATION = "2026-11-22T13:00:00.000Z";

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

function policyOf(conditions: unknown, expiration: unknown = EXPIRATION) {
  return readPolicy(encode(JSON.stringify({ expiration, conditions })));
}

describe("a policy document", () => {
  test.each([
    ["not base64", "*"],
    ["empty", ""],
    ["not UTF-8", Buffer.from([0xff, 0xfe]).toString("base64")],
    ["not JSON", encode("{")],
    ["no object", encode("[]")],
    ["null", encode("null")],
    ["without expiration", encode('{"conditions": []}')],
    ["with EXPIRATION", encode(`{"EXPIRATION": "${EXPIRATION}", "conditions": []}`)],
    ["without conditions", encode(`{"expiration": "${EXPIRATION}"}`)],
    ["with CONDITIONS", encode(`{"expiration": "${EXPIRATION}", "CONDITIONS": []}`)],
    ["with a member twice", encode(`{"expiration": "${EXPIRATION}", "conditions": [], "conditions": []}`)],
    ["with __proto__", encode(`{"expiration": "${EXPIRATION}", "conditions": [{"__proto__": "a"}]}`)],
  ])("is refused when it is %s", (_what, document) => {
    expect(() => readPolicy(document)).toThrow(expect.objectContaining({ code: "InvalidPolicyDocument", status: 400 }));
  });

  test.each([
    "2026-11-22 13:00:00+00:00",
    "2026-11-22",
    "2026-11-22T13:00:00",
    "2026-13-22T13:00:00Z",
    "Sun, 22 Nov 2026 13:00:00 GMT",
    1_795_352_400,
    null,
  ])("does not expire at %s", (expiration) => {
    expect(() => policyOf([], expiration)).toThrow(expect.objectContaining({ code: "InvalidPolicyDocument" }));
  });

  test.each([
    [{}],
    [{ acl: "a", key: "b" }],
    [{ success_action_status: 201 }],
    ["acl"],
    [null],
    [["eq", "$acl"]],
    [["eq", "acl", "a"]],
    [["eq", "$acl", 1]],
    [["ends-with", "$key", "a"]],
    [[]],
    [["content-length-range", 0]],
    [["content-length-range", -1, 0]],
    [["content-length-range", 0, 1.5]],
    [["content-length-range", 0, 1, 2]],
    [["content-length-range", "a", "b"]],
  ])("has no condition %j", (condition) => {
    expect(() => policyOf([condition])).toThrow(expect.objectContaining({ code: "InvalidPolicyDocument" }));
  });

  test("may narrow the size more than once, and write it as text", () => {
    const { sizes } = policyOf([
      ["content-length-range", 5, 100],
      ["Content-Length-Range", "10", "200"],
    ]);
    expect(sizes).toEqual({ minimum: 10, maximum: 100 });
  });

  test("may escape a dollar sign as AWS writes it", () => {
    const policy = readPolicy(
      encode(String.raw`{"expiration": "${EXPIRATION}", "conditions": [["eq", "\$key", "\$a\\$b"]]}`),
    );
    const check = (key: string) => () => checkPolicy(policy, new Map([["key", key]]), NOW);
    expect(check("$a\\$b")).not.toThrow();
    expect(check("$a$b")).toThrow("Policy Condition failed");
  });
});

describe("a form", () => {
  const check = (conditions: readonly unknown[], fields: Record<string, string>, now = NOW) => {
    checkPolicy(policyOf(conditions), new Map(Object.entries(fields)), now);
  };

  test("meets conditions whatever the case of names and operators, but not of values", () => {
    const conditions = [{ bUcKeT: "b" }, ["StArTs-WiTh", "$KeY", "foo"], ["EQ", "$Acl", "private"]];
    expect(() => check(conditions, { bucket: "b", key: "foo.txt", acl: "private" })).not.toThrow();
    expect(() => check(conditions, { bucket: "b", key: "foo.txt", acl: "Private" })).toThrow(
      'Invalid according to Policy: Policy Condition failed: ["eq", "$Acl", "private"]',
    );
  });

  test("need not have a field that may have any content", () => {
    expect(() => check([["starts-with", "$acl", ""]], {})).not.toThrow();
    expect(() => check([["starts-with", "$acl", "p"]], {})).toThrow("Policy Condition failed");
    expect(() => check([["eq", "$acl", ""]], {})).toThrow("Policy Condition failed");
  });

  test("needs no condition for what signs it, what S3 ignores and checksums", () => {
    const free = {
      policy: "p",
      awsaccesskeyid: "a",
      signature: "s",
      "x-amz-signature": "s",
      "x-ignore-me": "i",
      "x-amz-checksum-sha256": "c",
    };
    expect(() => check([], free)).not.toThrow();
    for (const name of ["x-amz-credential", "x-amz-date", "x-amz-algorithm", "x-amz-security-token", "x-ignored"]) {
      expect(() => check([], { ...free, [name]: "a" })).toThrow(`Extra input fields: ${name}`);
    }
  });

  test("is too late at the moment of expiration", () => {
    const expiration = Date.parse(EXPIRATION);
    expect(() => check([], {}, expiration - 1)).not.toThrow();
    expect(() => check([], {}, expiration)).toThrow("Invalid according to Policy: Policy expired.");
  });

  test("may list content types that all begin alike", () => {
    const conditions = [["starts-with", "$Content-Type", "image/"]];
    expect(() => check(conditions, { "content-type": "image/png, image/jpeg" })).not.toThrow();
    expect(() => check(conditions, { "content-type": "image/png,text/html" })).toThrow("Policy Condition failed");
  });
});
