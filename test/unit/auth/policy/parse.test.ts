import { describe, expect, it } from "vitest";
import { parsePolicy, PolicySyntaxError } from "../../../../src/auth/policy/parse.ts";

const statement = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };
const parse = (Statement: unknown, more: object = {}) =>
  parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement, ...more }), "resource");

describe("parsePolicy", () => {
  it("takes one statement or many, texts or lists, NotAction and NotResource", () => {
    const { statements } = parse([
      statement,
      { Sid: "b", Effect: "Deny", NotPrincipal: { AWS: ["111122223333"] }, NotAction: ["s3:*"], NotResource: "*" },
    ]);
    expect(statements.map(({ label, effect }) => [label, effect])).toEqual([
      ["#1", "Allow"],
      ["b", "Deny"],
    ]);
    expect(statements[1]).toMatchObject({ principals: { negated: true }, actions: { negated: true } });
    expect(parse(statement).statements).toHaveLength(1);
  });

  it("knows variables in the newer version alone", () => {
    const withVariable = { ...statement, Resource: "arn:aws:s3:::b/${aws:username}/*" };
    const kinds = (version: string) =>
      parse(withVariable, { Version: version }).statements[0]?.resources?.patterns[0]?.parts?.map(({ kind }) => kind);
    expect(kinds("2012-10-17")).toEqual(["text", "variable", "text", "any"]);
    expect(kinds("2008-10-17")).toEqual(["text", "any"]);
  });

  it.each<[string, unknown, string]>([
    ["no effect", { ...statement, Effect: undefined }, "Missing required field Effect"],
    ["another effect", { ...statement, Effect: "allow" }, 'Invalid effect: "allow"'],
    ["no action", { ...statement, Action: undefined }, "Missing required field Action"],
    ["no resource", { ...statement, Resource: undefined }, "Missing required field Resource"],
    ["both", { ...statement, NotAction: "s3:*" }, "Statement must contain only one of Action and NotAction"],
    ["another field", { ...statement, Actions: "s3:*" }, "Unknown field Actions"],
    ["another kind of principal", { ...statement, Principal: { User: "a" } }, "Invalid principal in policy"],
    [
      "a value that no address is",
      { ...statement, Condition: { IpAddress: { "aws:SourceIp": "10.0.0" } } },
      "Invalid value for condition IpAddress of the key aws:SourceIp",
    ],
    [
      "ids that repeat",
      [
        { ...statement, Sid: "a" },
        { ...statement, Sid: "a" },
      ],
      "Statement IDs (SID) in a single policy must be unique.",
    ],
  ])("refuses %s", (_, given, message) => {
    expect(() => parse(given)).toThrow(new PolicySyntaxError(message));
  });

  it("takes a principal where it belongs, and nowhere else", () => {
    const document = JSON.stringify({ Version: "2012-10-17", Statement: statement });
    expect(() => parsePolicy(document, "identity")).toThrow("Policy document should not specify a principal.");
    expect(() => parsePolicy(document, "trust")).toThrow("Has prohibited field Resource");
  });

  it("refuses what pollutes prototypes, and names that come twice", () => {
    expect(() => parsePolicy('{"Version":"2012-10-17","Version":"2008-10-17","Statement":[]}', "resource")).toThrow(
      "This policy contains invalid Json",
    );
    expect(() => parsePolicy('{"__proto__":{},"Statement":[]}', "resource")).toThrow(
      "This policy contains invalid Json",
    );
  });
});
