import { CreateFunctionUrlConfigCommand } from "@aws-sdk/client-lambda";
import {
  DeletePublicAccessBlockCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
  type CORSRule,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { documentOf } from "../iam/iam-support.ts";
import { BUCKET, CANARY, FOREIGN_BUCKET, startTarget, type Target } from "./target.ts";

// Attack class 8.

const GOOD = "https://app.example.com";
/** Origins that are not the one above, however alike. */
const EVIL = [
  "https://evil.example",
  "https://app.example.com.evil.example",
  "https://evilapp.example.com",
  "http://app.example.com",
  "https://app.example.com:8443",
  "https://app.example.com/",
  "https://APP.example.com",
  "null",
  "https://app.example.com, https://evil.example",
  "*",
];

let target: Target;
beforeAll(async () => {
  target = await startTarget();
  const statement = { Effect: "Allow", Principal: "*", Action: "s3:GetObject" };
  for (const [s3, Bucket] of [
    [target.s3, BUCKET],
    [target.foreignS3, FOREIGN_BUCKET],
  ] as const) {
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    const Policy = documentOf({ ...statement, Resource: `arn:aws:s3:::${Bucket}/*` });
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  }
});
afterAll(() => target.stop());

const putRules = (...CORSRules: CORSRule[]) =>
  target.s3.send(new PutBucketCorsCommand({ Bucket: BUCKET, CORSConfiguration: { CORSRules } }));

/** What the answer lets a page do: of a read, and of a preflight for one. */
async function ask(bucket: string, origin: string) {
  const url = `${target.endpoint}/${bucket}/${CANARY}`;
  const read = await fetch(url, { headers: { origin } });
  const headers = { origin, "access-control-request-method": "GET" };
  const preflight = await fetch(url, { method: "OPTIONS", headers });
  return [read, preflight].map((answer) => ({
    origin: answer.headers.get("access-control-allow-origin"),
    credentials: answer.headers.get("access-control-allow-credentials"),
  }));
}

const NOTHING = { origin: null, credentials: null };

describe("attack class 8: reflected CORS with credentials", () => {
  it("an origin that no rule names is told nothing", async () => {
    await putRules({ AllowedOrigins: [GOOD], AllowedMethods: ["GET"] });
    expect((await ask(BUCKET, GOOD)).map(({ origin }) => origin)).toEqual([GOOD, GOOD]);
    for (const origin of EVIL) expect([origin, ...(await ask(BUCKET, origin))]).toEqual([origin, NOTHING, NOTHING]);
  });

  it("a wildcard stands for a part of a name, and for no other", async () => {
    await putRules({ AllowedOrigins: ["https://*.example.com"], AllowedMethods: ["GET"] });
    expect((await ask(BUCKET, GOOD))[0]!.origin).toBe(GOOD);
    for (const origin of ["https://app.example.com.evil.example", "http://app.example.com", "null"]) {
      expect([origin, ...(await ask(BUCKET, origin))]).toEqual([origin, NOTHING, NOTHING]);
    }
  });

  it("a rule for every origin is never one with credentials", async () => {
    await putRules({ AllowedOrigins: ["*"], AllowedMethods: ["GET"] });
    for (const origin of [GOOD, "https://evil.example", "null"]) {
      expect(await ask(BUCKET, origin)).toEqual([
        { origin: "*", credentials: null },
        { origin: "*", credentials: null },
      ]);
    }
  });

  it("a function URL reflects no origin that it does not allow", async () => {
    const lambda = createLambdaClient(target);
    const FunctionName = await createFunction(lambda, "exports.handler = async () => 'x';");
    const Cors = { AllowOrigins: [GOOD], AllowMethods: ["GET"], AllowCredentials: true };
    const { FunctionUrl } = await lambda.send(
      new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", Cors }),
    );
    const id = new URL(FunctionUrl!).hostname.split(".")[0];
    for (const origin of EVIL.filter((each) => each !== "https://APP.example.com")) {
      const headers = { origin, "access-control-request-method": "GET" };
      const answer = await fetch(`${target.endpoint}/_fn/${id}/`, { method: "OPTIONS", headers });
      expect([origin, answer.headers.get("access-control-allow-origin")]).toEqual([origin, null]);
    }
  });
});

describe("attack class 8: CORS of one bucket", () => {
  it("never answers for another, by path, by host, or as the source of a copy", async () => {
    await putRules({ AllowedOrigins: [GOOD], AllowedMethods: ["GET", "PUT"] });
    expect(await ask(FOREIGN_BUCKET, GOOD)).toEqual([NOTHING, NOTHING]);
    const virtual = await target.sendAnonymous({
      method: "GET",
      target: `/${CANARY}`,
      headers: { host: `${FOREIGN_BUCKET}.s3.localhost`, origin: GOOD },
    });
    expect(virtual.headers["access-control-allow-origin"]).toBeUndefined();
    const copy = await target.sendAs(target.foreignKey, {
      method: "PUT",
      target: `/${FOREIGN_BUCKET}/copy`,
      headers: { origin: GOOD, "x-amz-copy-source": `${BUCKET}/${CANARY}` },
      body: "",
    });
    expect([copy.status, copy.headers["access-control-allow-origin"]]).toEqual([200, undefined]);
  });
});
