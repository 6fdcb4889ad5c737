import { describe, expect, it } from "vitest";
import {
  isAllowedByStatements,
  type StatementRequest,
  type StoredStatement,
} from "../../../src/auth/policy/statements.ts";

const ARN = "arn:aws:lambda:us-east-1:111122223333:function:f";

const statement = (more: Partial<StoredStatement> = {}): StoredStatement => ({
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::444455556666:root" },
  Action: "lambda:InvokeFunction",
  Resource: ARN,
  ...more,
});

const request = (more: Partial<StatementRequest> = {}): StatementRequest => ({
  principal: { kind: "account", accountId: "444455556666" },
  action: "lambda:InvokeFunction",
  resource: ARN,
  context: {},
  ...more,
});

describe("isAllowedByStatements", () => {
  it.each<[string, StoredStatement, StatementRequest]>([
    ["the account that is named", statement(), request()],
    ["everybody", statement({ Principal: "*" }), request({ principal: { kind: "anonymous" } })],
    ["any action of the service", statement({ Action: "lambda:*" }), request()],
    ["an action in other capitals", statement({ Action: "LAMBDA:invokefunction" }), request()],
    ["resources by pattern", statement({ Resource: "arn:aws:lambda:*:function:?" }), request()],
    [
      "a service on the conditions that it meets",
      statement({
        Principal: { Service: "s3.amazonaws.com" },
        Condition: { ArnLike: { "AWS:SourceArn": "arn:aws:s3:::in-*" }, StringEquals: { "AWS:SourceAccount": "1" } },
      }),
      request({
        principal: { kind: "service", service: "s3.amazonaws.com" },
        context: { "aws:sourcearn": "arn:aws:s3:::in-box", "aws:sourceaccount": "1" },
      }),
    ],
    [
      "a condition on a truth",
      statement({ Condition: { Bool: { "lambda:InvokedViaFunctionUrl": "true" } } }),
      request({ context: { "lambda:invokedviafunctionurl": "true" } }),
    ],
  ])("allows %s", (_, allowing, asked) => {
    expect(isAllowedByStatements([allowing], asked)).toBe(true);
  });

  it.each<[string, StoredStatement, StatementRequest]>([
    ["another account", statement(), request({ principal: { kind: "account", accountId: "999999999999" } })],
    ["nobody in particular", statement(), request({ principal: { kind: "anonymous" } })],
    [
      "a service where an account is named",
      statement(),
      request({ principal: { kind: "service", service: "s3.amazonaws.com" } }),
    ],
    ["an account where a service is named", statement({ Principal: { Service: "s3.amazonaws.com" } }), request()],
    [
      "a user of the account for all of it",
      statement({ Principal: { AWS: "arn:aws:iam::444455556666:user/a" } }),
      request(),
    ],
    ["another action", statement(), request({ action: "lambda:InvokeFunctionUrl" })],
    ["another function", statement(), request({ resource: `${ARN}2` })],
    ["an alias of it", statement(), request({ resource: `${ARN}:live` })],
    [
      "a condition whose key is missing",
      statement({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1" } } }),
      request(),
    ],
    [
      "an operator that is not known",
      statement({ Condition: { NumericSmallerThan: { a: "1" } } }),
      request({ context: { a: "0" } }),
    ],
  ])("does not allow %s", (_, allowing, asked) => {
    expect(isAllowedByStatements([allowing], asked)).toBe(false);
  });

  it("lets a denial win, also one that it understands only in part", () => {
    expect(isAllowedByStatements([statement(), statement({ Effect: "Deny" })], request())).toBe(false);
    const unclear = statement({ Effect: "Deny", Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } });
    expect(isAllowedByStatements([statement(), unclear], request())).toBe(false);
    expect(isAllowedByStatements([], request())).toBe(false);
  });

  it("takes no time over a pattern that is made to take it", () => {
    const evil = statement({ Resource: `${"*a".repeat(40)}*b` });
    const began = performance.now();
    expect(isAllowedByStatements([evil], request({ resource: "a".repeat(5_000) }))).toBe(false);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
