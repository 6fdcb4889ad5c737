import { PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientsOf, documentOf, makeUser } from "../iam/iam-support.ts";
import { BUCKET, CANARY, startTarget, type Target } from "./target.ts";

// Attack class 5. What `aws:Referer` is worth is said in docs/policies.md.

/** The address that policies here let in; nobody who asks has it. */
const INSIDE = "192.0.2.7";
const CLAIMS = {
  "x-forwarded-for": INSIDE,
  "x-real-ip": INSIDE,
  forwarded: `for=${INSIDE}`,
  "true-client-ip": INSIDE,
  "cf-connecting-ip": INSIDE,
  "cf-connecting-ipv6": "2001:db8::7",
  "cf-pseudo-ipv4": INSIDE,
  "x-client-ip": INSIDE,
  "x-amz-source-ip": INSIDE,
  via: `1.1 ${INSIDE}`,
};
const FROM_INSIDE = { IpAddress: { "aws:SourceIp": [`${INSIDE}/32`, "2001:db8::7/128"] } };
const READ = { method: "GET", target: `/${BUCKET}/${CANARY}` };

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.stop());

describe("attack class 5: aws:SourceIp", () => {
  it.each(Object.entries(CLAIMS))("%s opens no bucket, signed or not", async (name, value) => {
    const { s3 } = clientsOf(target);
    const statement = {
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${BUCKET}/*`,
    };
    await s3.send(
      new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: documentOf({ ...statement, Condition: FROM_INSIDE }) }),
    );
    const claim = { [name]: value };
    expect((await target.sendAnonymous({ ...READ, headers: claim })).status).toBe(403);
    expect((await target.sendAs(target.foreignKey, { ...READ, headers: claim })).status).toBe(403);
    expect((await target.sendAs(target.foreignKey, { ...READ, unsigned: claim })).status).toBe(403);
  });

  it("no header makes a user's own policy true", async () => {
    const { iam } = clientsOf(target);
    const user = await makeUser(iam, "roamer", {
      Effect: "Allow",
      Action: "s3:*",
      Resource: "*",
      Condition: FROM_INSIDE,
    });
    for (const [name, value] of Object.entries(CLAIMS)) {
      const answer = await target.sendAs(user, { ...READ, headers: { [name]: value } });
      expect([name, answer.status]).toEqual([name, 403]);
    }
  });
});
