import {
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  type PublicAccessBlockConfiguration,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addAccount, type OtherAccount } from "../support/accounts.ts";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";
import { callVerge } from "../support/verge-api.ts";

let verge: Verge;
let owner: S3Client;
let other: OtherAccount;
let ownerId: string;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  owner = createS3Client(verge);
  other = await addAccount(verge, "other");
  const { accounts } = await callVerge<{ accounts: { id: string; root: boolean }[] }>(verge, "GET", "/accounts");
  ownerId = accounts.find(({ root }) => root)!.id;
});
afterAll(async () => {
  owner.destroy();
  other.s3.destroy();
  await verge.stop();
});
beforeEach(async () => {
  Bucket = await makeBucket(owner);
  await putKeys(owner, Bucket, ["a"]);
});

async function putPolicy(...principals: unknown[]): Promise<void> {
  const Statement = principals.map((Principal) => ({
    Effect: "Allow",
    Principal,
    Action: "s3:GetObject",
    Resource: `arn:aws:s3:::${Bucket}/*`,
  }));
  await owner.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Statement }) }));
}

async function block(settings: PublicAccessBlockConfiguration): Promise<void> {
  await owner.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: settings }));
}

async function readUnsigned(): Promise<number> {
  const answer = await fetch(`${verge.endpoint}/${Bucket}/a`);
  await answer.arrayBuffer();
  return answer.status;
}

test("a new bucket takes no public policy, but others", async () => {
  expect(await failureOf(putPolicy("*"))).toMatchObject({ code: "AccessDenied", status: 403 });
  await putPolicy({ AWS: other.id });
  expect((await other.s3.send(new GetObjectCommand({ Bucket, Key: "a" }))).ContentLength).toBe(1);
});

test("RestrictPublicBuckets keeps a bucket with a public policy to its account, from the next request on", async () => {
  await owner.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await putPolicy("*", { AWS: other.id });
  expect(await readUnsigned()).toBe(200);
  await block({ RestrictPublicBuckets: true });
  expect(await readUnsigned()).toBe(403);
  expect(await failureOf(other.s3.send(new GetObjectCommand({ Bucket, Key: "a" })))).toMatchObject({ status: 403 });
  expect((await owner.send(new GetObjectCommand({ Bucket, Key: "a" }))).ContentLength).toBe(1);
  await block({ BlockPublicPolicy: true });
  expect(await readUnsigned()).toBe(200);
});

describe("of the whole account", () => {
  const target = "/v20180820/configuration/publicAccessBlock";
  const control = (method: string, body?: string, accountId = ownerId, credentials?: OtherAccount["credentials"]) =>
    signedFetch(verge, {
      method,
      target,
      headers: { "x-amz-account-id": accountId },
      ...(body !== undefined && { body }),
      ...(credentials && { credentials }),
    });
  const configuration = (setting: string) =>
    `<PublicAccessBlockConfiguration xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><${setting}>true</${setting}></PublicAccessBlockConfiguration>`;

  test("nothing is blocked until it is put", async () => {
    expect(await control("GET")).toMatchObject({ status: 404, code: "NoSuchPublicAccessBlockConfiguration" });
    expect(await control("GET", undefined, other.id)).toMatchObject({ status: 403, code: "AccessDenied" });
    expect((await fetch(new URL(target, verge.endpoint), { headers: { "x-amz-account-id": ownerId } })).status).toBe(
      403,
    );
  });

  test("it counts for each bucket, whatever the bucket says", async () => {
    await owner.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await putPolicy("*");
    expect(await readUnsigned()).toBe(200);
    expect((await control("PUT", configuration("RestrictPublicBuckets"))).status).toBe(200);
    expect((await control("GET")).text).toContain("<RestrictPublicBuckets>true</RestrictPublicBuckets>");
    expect(await readUnsigned()).toBe(403);
    expect((await control("PUT", configuration("BlockPublicPolicy"))).status).toBe(200);
    expect(await readUnsigned()).toBe(200);
    expect(await failureOf(putPolicy("*"))).toMatchObject({ code: "AccessDenied" });
    expect((await control("DELETE")).status).toBe(204);
    await putPolicy("*");
  });
});
