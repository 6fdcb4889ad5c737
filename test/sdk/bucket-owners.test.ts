import { execFileSync } from "node:child_process";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";

let verge: Verge;
let owner: S3Client;
let stranger: S3Client;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  owner = createS3Client(verge);
  stranger = createS3Client(verge, { credentials: addAccount("stranger") });
  Bucket = await makeBucket(owner, { Bucket: "owned" });
  await putKeys(owner, Bucket, ["key"]);
});
afterAll(async () => {
  owner.destroy();
  stranger.destroy();
  await verge.stop();
});

function addAccount(name: string): { accessKeyId: string; secretAccessKey: string } {
  const output = execFileSync(process.execPath, ["scripts/accounts.ts", "add", "--json", "--name", name], {
    env: {
      PATH: process.env["PATH"],
      VERGE_ENDPOINT: verge.endpoint,
      VERGE_REGION: verge.region,
      VERGE_ROOT_ACCESS_KEY_ID: verge.accessKeyId,
      VERGE_ROOT_SECRET_ACCESS_KEY: verge.secretAccessKey,
    },
  });
  return (JSON.parse(output.toString()) as { key: { accessKeyId: string; secretAccessKey: string } }).key;
}

test("a name that another account has is taken", async () => {
  expect(await failureOf(stranger.send(new CreateBucketCommand({ Bucket })))).toMatchObject({
    code: "BucketAlreadyExists",
    status: 409,
  });
});

test.each(["000000000000", "root", "not-an-id"])("the expected owner %s is not the owner", async (id) => {
  const list = new ListObjectsV2Command({ Bucket, ExpectedBucketOwner: id });
  expect(await failureOf(owner.send(list))).toMatchObject({ code: "AccessDenied", status: 403 });
});

test("a bucket tells its ARN", async () => {
  const BucketArn = `arn:aws:s3:::${Bucket}`;
  expect(await owner.send(new HeadBucketCommand({ Bucket }))).toMatchObject({ BucketArn });
  expect((await owner.send(new ListBucketsCommand())).Buckets).toMatchObject([{ Name: Bucket, BucketArn }]);
});

test("each account sees its own buckets", async () => {
  await makeBucket(stranger, { Bucket: "the-strangers" });
  const [mine, theirs] = await Promise.all([
    owner.send(new ListBucketsCommand()),
    stranger.send(new ListBucketsCommand()),
  ]);
  expect(mine.Buckets?.map(({ Name }) => Name)).toEqual(["owned"]);
  expect(theirs.Buckets?.map(({ Name }) => Name)).toEqual(["the-strangers"]);
  expect(mine.Owner?.ID).not.toBe(theirs.Owner?.ID);
});

test("another account's bucket can be neither read nor changed", async () => {
  const objects = { Delete: { Objects: [{ Key: "key" }] } };
  const attempts = [
    stranger.send(new ListObjectsV2Command({ Bucket })),
    stranger.send(new ListObjectVersionsCommand({ Bucket })),
    stranger.send(new GetBucketLocationCommand({ Bucket })),
    stranger.send(new GetBucketPolicyCommand({ Bucket })),
    stranger.send(new DeleteObjectCommand({ Bucket, Key: "key" })),
    stranger.send(new DeleteObjectsCommand({ Bucket, ...objects })),
    stranger.send(new DeleteBucketCommand({ Bucket })),
  ];
  for (const failure of await Promise.all(attempts.map(failureOf))) {
    expect(failure).toMatchObject({ code: "AccessDenied", status: 403 });
  }
  expect(await failureOf(stranger.send(new HeadBucketCommand({ Bucket })))).toMatchObject({ status: 403 });
  expect((await owner.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(1);
});

test.each([
  ["GET", "/"],
  ["GET", "/owned"],
  ["GET", "/owned?versions"],
  ["GET", "/owned?acl"],
  ["PUT", "/a-new-bucket"],
  ["DELETE", "/owned"],
  ["DELETE", "/owned/key"],
  ["POST", "/owned?delete"],
])("%s %s without a signature is denied", async (method, path) => {
  const answer = await fetch(verge.endpoint + path, { method });
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain("<Code>AccessDenied</Code>");
});
