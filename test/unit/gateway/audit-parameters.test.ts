import { expect, test } from "vitest";
import { describeAnswer, describeRequest, describeS3Request } from "../../../src/gateway/audit/parameters.ts";
import type { Incoming } from "../../../src/gateway/incoming.ts";

function incoming(values: Partial<Incoming>): Incoming {
  return {
    requestId: "R",
    hostId: "H",
    method: "POST",
    host: "localhost",
    origin: "http://localhost",
    rawPath: "/",
    rawQuery: "",
    headers: new Headers(),
    body: null,
    clientAddress: undefined,
    witness: {},
    ...values,
  };
}

const ofJson = (value: unknown) => describeRequest(new TextEncoder().encode(JSON.stringify(value)), incoming({}));

test("of a request what identifies, counts or chooses", () => {
  expect(
    ofJson({
      FunctionName: "f",
      Role: "arn:aws:iam::1:role/r",
      Timeout: 3,
      MemorySize: 128,
      DryRun: true,
      MaxResults: 5,
    }),
  ).toEqual({ functionName: "f", role: "arn:aws:iam::1:role/r", memorySize: 128, dryRun: true, maxResults: 5 });
});

test.each([
  [
    "payloads",
    { Message: "x", MessageBody: "x", Input: "x", Data: "x", Plaintext: "x", CiphertextBlob: "x", ZipFile: "x" },
  ],
  ["documents", { PolicyDocument: "x", AssumeRolePolicyDocument: "x", Policy: "x", Description: "x" }],
  [
    "keys and tokens",
    { SecretAccessKey: "x", SessionToken: "x", NextToken: "x", Password: "x", TokenName: "x", KeyMaterial: "x" },
  ],
  [
    "what has names of the account's choice",
    { Environment: { Variables: { ApiId: "x" } }, Tags: { Name: "x" }, EncryptionContext: { Id: "x" } },
  ],
  ["nested structures", { Target: { RoleName: "x" }, Entries: [{ Id: "x" }] }],
])("of a request not %s", (_, members) => {
  expect(ofJson(members)).toEqual({});
});

test("nothing of what is no JSON object, or too long to be read twice", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  for (const text of [
    "",
    "[",
    "1",
    "null",
    '{"__proto__":{"Name":"x"}}',
    '{"Name":1,"Name":2}',
    `{"Name":"${"x".repeat(70_000)}"}`,
  ]) {
    expect(describeRequest(encode(text), incoming({}))).toEqual({});
  }
  expect(ofJson({ Name: "x".repeat(1_000) })).toEqual({ name: `${"x".repeat(256)}…` });
});

test("of a form, sent or in the query, without its signature", () => {
  const form =
    "Action=CreateUser&Version=2010-05-08&UserName=a%20b&X-Amz-Credential=x&X-Amz-Signature=x&X-Amz-Security-Token=x";
  const headers = new Headers({ "content-type": "application/x-www-form-urlencoded; charset=utf-8" });
  expect(describeRequest(new TextEncoder().encode(form), incoming({ headers }))).toEqual({ userName: "a b" });
  expect(describeRequest(new Uint8Array(), incoming({ method: "GET", rawQuery: form }))).toEqual({ userName: "a b" });
});

test("of an answer the ids, wherever they stand", () => {
  const answer = {
    AccessKey: { AccessKeyId: "AKIA", SecretAccessKey: "x", Status: "Active", CreateDate: new Date() },
    Credentials: { AccessKeyId: "ASIA", SecretAccessKey: "x", SessionToken: "x" },
    Users: [{ UserName: "x" }],
    Environment: { Variables: { USER_ID: "x", Id: "x" } },
  };
  expect(describeAnswer(answer)).toEqual({
    accessKey: { accessKeyId: "AKIA", status: "Active" },
    credentials: { accessKeyId: "ASIA" },
  });
});

test("of S3 the bucket, the key, what selects; nothing of signatures", () => {
  const query = "policy&versionId=v&X-Amz-Signature=x&X-Amz-Credential=x&response-content-type=x&prefix=a/";
  expect(describeS3Request("b", "k", query)).toEqual({
    bucketName: "b",
    key: "k",
    policy: "",
    versionId: "v",
    prefix: "a/",
  });
});
