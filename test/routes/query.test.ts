import { describe, expect, test } from "vitest";
import { iamOperations, findIamOperation } from "../../src/iam/operations.ts";
import { FormInput } from "../../src/lib/query-protocol.ts";
import { Query } from "../../src/lib/query.ts";
import { findStsOperation, stsOperations } from "../../src/sts/operations.ts";

/** Forms as the official SDK sends them: which operation they are, and what policies call it. */
const FORMS = [
  [
    "Action=CreateUser&Version=2010-05-08&UserName=anna&Path=%2Fdivision%2F",
    "CreateUser",
    "iam:CreateUser",
    "new-user",
  ],
  ["Action=GetUser&Version=2010-05-08", "GetUser", "iam:GetUser", "caller-or-user"],
  ["Action=DeleteUser&Version=2010-05-08&UserName=anna", "DeleteUser", "iam:DeleteUser", "user"],
  ["Action=ListUsers&Version=2010-05-08&MaxItems=2", "ListUsers", "iam:ListUsers", "any"],
  ["Action=CreateAccessKey&Version=2010-05-08", "CreateAccessKey", "iam:CreateAccessKey", "caller-or-user"],
  ["Action=AddUserToGroup&Version=2010-05-08&GroupName=g&UserName=u", "AddUserToGroup", "iam:AddUserToGroup", "group"],
  [
    "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D",
    "CreateRole",
    "iam:CreateRole",
    "new-role",
  ],
  [
    "Action=CreatePolicy&Version=2010-05-08&PolicyName=p&PolicyDocument=%7B%7D",
    "CreatePolicy",
    "iam:CreatePolicy",
    "new-policy",
  ],
  [
    "Action=GetPolicy&Version=2010-05-08&PolicyArn=arn%3Aaws%3Aiam%3A%3A1%3Apolicy%2Fp",
    "GetPolicy",
    "iam:GetPolicy",
    "policy",
  ],
  [
    "Action=AttachRolePolicy&Version=2010-05-08&RoleName=r&PolicyArn=p",
    "AttachRolePolicy",
    "iam:AttachRolePolicy",
    "role",
  ],
  [
    "Action=GetAccountAuthorizationDetails&Version=2010-05-08&Filter.member.1=User",
    "GetAccountAuthorizationDetails",
    "iam:GetAccountAuthorizationDetails",
    "any",
  ],
  [
    "Action=CreateLoginProfile&Version=2010-05-08&UserName=u&Password=p",
    "CreateLoginProfile",
    "iam:CreateLoginProfile",
    "any",
  ],
] as const;

const actionOf = (form: string) => FormInput.parse(new Query(form)).text("Action")!;

describe("IAM", () => {
  test.each(FORMS)("%s", (form, name, access, about) => {
    expect(findIamOperation(actionOf(form))).toMatchObject({ name, access, about });
  });

  test("no operation has two rows, and each asks for the action of its name", () => {
    expect(new Set(iamOperations.map(({ name }) => name)).size).toBe(iamOperations.length);
    expect(iamOperations.filter(({ name, access }) => access !== `iam:${name}`)).toEqual([]);
  });

  test.each(["", "createUser", "CreateUser ", "__proto__", "constructor", "AssumeRole"])("%j is none", (action) => {
    expect(() => findIamOperation(action)).toThrow(/Could not find operation/);
  });
});

describe("STS", () => {
  test.each([
    ["Action=AssumeRole&Version=2011-06-15&RoleArn=r&RoleSessionName=s&Tags.member.1.Key=k", "AssumeRole"],
    ["Action=GetCallerIdentity&Version=2011-06-15", "GetCallerIdentity"],
    ["Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900", "GetSessionToken"],
    ["Action=GetFederationToken&Version=2011-06-15&Name=guest", "GetFederationToken"],
  ])("%s", (form, name) => {
    expect(findStsOperation(actionOf(form)).name).toBe(name);
  });

  test("no operation has two rows, and those of IAM are none", () => {
    expect(new Set(stsOperations.map(({ name }) => name)).size).toBe(stsOperations.length);
    expect(() => findStsOperation("CreateUser")).toThrow(/Could not find operation/);
  });
});
