import { describe, expect, it } from "vitest";
import { holds } from "../../../../src/auth/policy/conditions.ts";
import { readPolicy } from "../../../../src/auth/policy/parse.ts";

type Values = string | number | boolean | readonly string[];
type Context = Readonly<Record<string, string | readonly string[]>>;

function decide(operator: string, key: string, values: Values, request: Context): boolean {
  const Statement = {
    Effect: "Allow",
    Principal: "*",
    Action: "s3:*",
    Resource: "*",
    Condition: { [operator]: { [key]: values } },
  };
  const [statement] = readPolicy({ Version: "2012-10-17", Statement }, "resource").statements;
  return holds(statement!.conditions[0]!, (name) => {
    const value = request[name];
    return value === undefined ? undefined : typeof value === "string" ? [value] : value;
  });
}

describe("operators", () => {
  it.each<[string, Values, string, boolean]>([
    ["StringEquals", "a", "a", true],
    ["StringEquals", ["b", "a"], "a", true],
    ["StringEquals", "a*", "ab", false],
    ["StringEquals", "A", "a", false],
    ["StringNotEquals", ["a", "b"], "c", true],
    ["StringNotEquals", ["a", "b"], "b", false],
    ["StringEqualsIgnoreCase", "A", "a", true],
    ["StringLike", "a*c?", "abbcd", true],
    ["StringLike", "a?", "a", false],
    ["StringNotLike", "a*", "b", true],
    ["NumericLessThan", 10, "9", true],
    ["NumericLessThanEquals", "10", "10.0", true],
    ["NumericEquals", "1e3", "1000", true],
    ["NumericGreaterThan", "5", "five", false],
    ["DateLessThan", "2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z", true],
    ["DateGreaterThan", "1893456000", "2030-01-01T00:00:01Z", true],
    ["Bool", true, "true", true],
    ["Bool", "false", "true", false],
    ["BinaryEquals", "QmluYXJ5", "QmluYXJ5", true],
    ["IpAddress", "203.0.113.0/24", "203.0.113.77", true],
    ["IpAddress", "203.0.113.0/24", "203.0.114.1", false],
    ["IpAddress", "2001:db8::/32", "2001:db8:1::5", true],
    ["IpAddress", "192.0.2.1", "::ffff:192.0.2.1", true],
    ["NotIpAddress", "10.0.0.0/8", "203.0.113.1", true],
    ["ArnLike", "arn:aws:s3:::photos-*", "arn:aws:s3:::photos-1", true],
    ["ArnEquals", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:role/a/b", true],
    ["ArnLike", "arn:aws:*:photos", "arn:aws:s3:::photos", false],
    ["ArnNotLike", "arn:aws:s3:::a", "arn:aws:s3:::b", true],
  ])("%s %j against %j is %s", (operator, values, actual, expected) => {
    expect(decide(operator, "aws:Key", values, { "aws:key": actual })).toBe(expected);
  });

  it.each<[string, boolean]>([
    ["StringEquals", false],
    ["StringNotEquals", true],
    ["NotIpAddress", true],
    ["NumericLessThan", false],
    ["StringEqualsIfExists", true],
    ["ForAllValues:StringEquals", true],
    ["ForAnyValue:StringEquals", false],
    ["ForAnyValue:StringEqualsIfExists", true],
  ])("%s of a key that the request lacks is %s", (operator, expected) => {
    const value = /Ip/.test(operator) ? "192.0.2.1" : "1";
    expect(decide(operator, "aws:Key", value, {})).toBe(expected);
  });

  it("Null asks for the key itself", () => {
    expect(decide("Null", "k", "true", {})).toBe(true);
    expect(decide("Null", "k", true, { k: "v" })).toBe(false);
    expect(decide("Null", "k", "false", { k: "v" })).toBe(true);
  });

  it.each<[string, readonly string[], boolean]>([
    ["ForAllValues:StringEquals", ["a", "b"], true],
    ["ForAllValues:StringEquals", ["a", "c"], false],
    ["ForAnyValue:StringEquals", ["a", "c"], true],
    ["ForAnyValue:StringEquals", ["c"], false],
    ["ForAnyValue:StringNotEquals", ["a", "c"], true],
    ["ForAllValues:StringNotEquals", ["c", "d"], true],
  ])("%s over %j is %s", (operator, actual, expected) => {
    expect(decide(operator, "k", ["a", "b"], { k: actual })).toBe(expected);
  });
});

describe("variables", () => {
  const request = { "aws:username": "ann", "s3:prefix": "home/ann/", evil: "*" };

  it("stand for the request's values, with a fallback where there are none", () => {
    expect(decide("StringLike", "s3:prefix", "home/${aws:username}/*", request)).toBe(true);
    expect(decide("StringLike", "s3:prefix", "home/${aws:PrincipalTag/team}/*", request)).toBe(false);
    expect(decide("StringEquals", "s3:prefix", "home/${aws:none, 'ann'}/", request)).toBe(true);
  });

  it("are text: a name with a wildcard widens nothing", () => {
    expect(decide("StringLike", "s3:prefix", "home/${evil}/", request)).toBe(false);
    expect(decide("StringLike", "k", "a${*}b", { k: "a*b" })).toBe(true);
    expect(decide("StringLike", "k", "a${*}b", { k: "axb" })).toBe(false);
  });
});
