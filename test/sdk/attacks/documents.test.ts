import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3Operations } from "../../../src/s3/operations.ts";
import { signedFetch } from "../../support/signed-fetch.ts";
import { nameRow, requestRow } from "./operation-rows.ts";
import { BUCKET, CANARY, readError, startTarget, type Target } from "./target.ts";

// Attack class 9, on every operation that reads a document. What else documents may hold is in ../bad-input/xml.test.ts.

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(async () => {
  await target.expectUntouched();
  await target.stop();
});

const LAUGHS = Array.from({ length: 9 }, (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`).join(
  "",
);
const XML = {
  "a DOCTYPE": "<!DOCTYPE x><x/>",
  "a file as an entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
  "entities that expand": `<!DOCTYPE x [<!ENTITY l0 "ha">${LAUGHS}]><x>&l9;</x>`,
  "deep nesting": `${"<x>".repeat(10_000)}${"</x>".repeat(10_000)}`,
  "a reference beyond Unicode": "<x>&#x110000;</x>",
  "a reference to NUL": "<x>&#0;</x>",
};

describe("attack class 9: XML", () => {
  const rows = s3Operations.filter(
    ({ method, query, headers, path, name }) =>
      (method === "PUT" || method === "POST") &&
      query !== undefined &&
      headers === undefined &&
      !["PutBucketPolicy", "UploadPart", "CreateMultipartUpload", "RenameObject"].includes(name) &&
      path.includes("{Bucket}"),
  );
  it.each(rows.map((row) => ({ label: nameRow(row), row })))("is no document of $label", async ({ row }) => {
    for (const [kind, body] of Object.entries(XML)) {
      const request = requestRow(row, { bucket: BUCKET, key: CANARY, copySource: "" });
      const headers = { ...request.headers, "content-md5": createHash("md5").update(body).digest("base64") };
      const answer = await target.send({ ...request, headers, body });
      // Some refuse the request for another reason before they read what it says.
      expect([kind, Math.floor(answer.status / 100) === 4 || answer.status === 501]).toEqual([kind, true]);
      const { message } = readError(answer);
      expect(message).not.toMatch(/root:|haha/);
    }
  });

  it("is no document of CloudFront", async () => {
    for (const body of Object.values(XML)) {
      const answer = await signedFetch(target, {
        method: "POST",
        target: "/2020-05-31/distribution",
        scope: { service: "cloudfront", region: "us-east-1" },
        body,
      });
      expect([answer.status, answer.code]).toEqual([400, "MalformedXML"]);
    }
  });
});

/** What two readers could understand differently, or what pollutes prototypes; and what breaks readers. */
const JSON_BODIES = {
  __proto__: '{"__proto__":{"Name":"x","KeyId":"x"}}',
  "a name twice": '{"Name":"a","Name":"b"}',
  "a name twice, once escaped": '{"Name":"a","\\u004eame":"b"}',
  "no end": '{"Name":',
  "a list": "[]",
};
const JSON_APIS = [
  ["lambda", "POST", "/2015-03-31/functions", undefined],
  ["scheduler", "POST", "/schedules/s", undefined],
  ["kms", "POST", "/", "TrentService.CreateKey"],
  ["logs", "POST", "/", "Logs_20140328.CreateLogGroup"],
  ["sqs", "POST", "/", "AmazonSQS.CreateQueue"],
  ["cloudtrail", "POST", "/", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"],
] as const;

describe("attack class 9: JSON", () => {
  it.each(JSON_APIS)("is no request to %s", async (service, method, path, operation) => {
    for (const [kind, body] of Object.entries(JSON_BODIES)) {
      const headers = {
        "content-type": "application/x-amz-json-1.1",
        ...(operation !== undefined && { "x-amz-target": operation }),
      };
      const scope = { service, region: target.region };
      const { status } = await signedFetch(target, { method, target: path, headers, body, scope });
      expect([kind, status]).toEqual([kind, 400]);
    }
  });

  it.each(JSON_APIS)("of ten thousand levels breaks no reader of %s", async (service, method, path, operation) => {
    const body = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;
    const headers = { ...(operation !== undefined && { "x-amz-target": operation }) };
    const { status } = await signedFetch(target, {
      method,
      target: path,
      headers,
      body,
      scope: { service, region: target.region },
    });
    expect(status).toBeLessThan(500);
  });

  it("is no policy of a bucket", async () => {
    const statement = `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${BUCKET}/*"}`;
    const bodies = [
      ...Object.values(JSON_BODIES),
      `{"Version":"2012-10-17","Statement":[${statement}],"__proto__":{}}`,
      `{"Version":"2012-10-17","Statement":[${statement.replace('"Effect":"Allow"', '"Effect":"Deny","Effect":"Allow"')}]}`,
      `{"Version":"2012-10-17","Statement":[${statement.replace("}", ',"constructor":{}}')}]}`,
    ];
    for (const body of bodies) {
      const answer = await target.send({ method: "PUT", target: `/${BUCKET}?policy=`, body });
      expect(readError(answer)).toMatchObject({ status: 400, code: "MalformedPolicy" });
    }
  });

  it("names that objects inherit are names like others", async () => {
    const scope = { service: "cloudtrail", region: target.region };
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": JSON_APIS[5][3] };
    const attribute = { AttributeKey: "constructor", AttributeValue: "x" };
    const body = JSON.stringify({ LookupAttributes: [attribute], constructor: { name: "x" }, toString: 1 });
    const answer = await signedFetch(target, { method: "POST", target: "/", headers, body, scope });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      400,
      { __type: "InvalidLookupAttributesException" },
    ]);
  });
});
