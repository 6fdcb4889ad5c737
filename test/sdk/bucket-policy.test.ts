import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  RenameObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addAccount, type OtherAccount } from "../support/accounts.ts";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";

let verge: Verge;
let owner: S3Client;
let other: OtherAccount;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  owner = createS3Client(verge);
  other = await addAccount(verge, "other");
});
afterAll(async () => {
  owner.destroy();
  other.s3.destroy();
  await verge.stop();
});
beforeEach(async () => {
  Bucket = await makeBucket(owner);
  await putKeys(owner, Bucket, ["a", "b", "public/c"]);
  await owner.send(new DeletePublicAccessBlockCommand({ Bucket }));
});

interface Statement {
  readonly Sid?: string;
  readonly Effect?: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

/** Everybody may read everything, but for what is said otherwise. */
function statement(more: Statement = {}): Statement {
  const Principal = more.NotPrincipal ? {} : { Principal: "*" };
  return { Effect: "Allow", ...Principal, Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*`, ...more };
}

async function putPolicy(...Statement: Statement[]): Promise<void> {
  await owner.send(
    new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
  );
}

async function readUnsigned(path: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(`${verge.endpoint}/${Bucket}/${path}`, { headers });
  await answer.arrayBuffer();
  return answer.status;
}

const denied = { code: "AccessDenied", status: 403 };

test("a policy is returned as it was put, and is gone after it was deleted", async () => {
  const Policy = `{ "Version":"2012-10-17","Statement": ${JSON.stringify(statement())} }`;
  await owner.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  expect((await owner.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy);
  await owner.send(new DeleteBucketPolicyCommand({ Bucket }));
  await owner.send(new DeleteBucketPolicyCommand({ Bucket }));
  expect(await failureOf(owner.send(new GetBucketPolicyCommand({ Bucket })))).toMatchObject({
    code: "NoSuchBucketPolicy",
    status: 404,
  });
});

describe("what is no policy is refused", () => {
  const refused = async (Policy: string) => failureOf(owner.send(new PutBucketPolicyCommand({ Bucket, Policy })));
  const malformed = (message: string) => ({ code: "MalformedPolicy", status: 400, message });

  test.each<[string, () => string, string]>([
    ["no JSON", () => "policy", "Policies must be valid JSON and the first byte must be '{'"],
    ["half of it", () => '{"Version":', "This policy contains invalid Json"],
    [
      "an old version",
      () => JSON.stringify({ Version: "2010", Statement: [statement()] }),
      "The policy must contain a valid version string",
    ],
    ["no statement", () => JSON.stringify({ Statement: [] }), "Could not parse the policy: Statement is empty!"],
    [
      "nobody",
      () => JSON.stringify({ Statement: { ...statement(), Principal: undefined } }),
      "Missing required field Principal",
    ],
    [
      "somebody who does not exist",
      () => JSON.stringify({ Statement: statement({ Principal: { AWS: "999999999999" } }) }),
      "Invalid principal in policy",
    ],
    [
      "another bucket",
      () => JSON.stringify({ Statement: statement({ Resource: "arn:aws:s3:::others/*" }) }),
      "Policy has invalid resource",
    ],
    [
      "another service",
      () => JSON.stringify({ Statement: statement({ Action: "sqs:SendMessage" }) }),
      "Policy has invalid action",
    ],
    [
      "an action on objects of the bucket itself",
      () => JSON.stringify({ Statement: statement({ Resource: `arn:aws:s3:::${Bucket}` }) }),
      "Action does not apply to any resource(s) in statement",
    ],
    [
      "an operator that does not exist",
      () => JSON.stringify({ Statement: statement({ Condition: { StringIs: { "aws:Referer": "a" } } }) }),
      "Invalid Condition type : StringIs",
    ],
    [
      "all but somebody",
      () => JSON.stringify({ Statement: statement({ NotPrincipal: { AWS: other.id } }) }),
      "Allow with NotPrincipal is not allowed",
    ],
  ])("%s", async (_, policy, message) => {
    expect(await refused(policy())).toMatchObject(malformed(message));
  });

  test("more than 20 KB", async () => {
    const Resource = Array.from(
      { length: 600 },
      (_, position) => `arn:aws:s3:::${Bucket}/${position}-${"x".repeat(30)}`,
    );
    expect(await refused(JSON.stringify({ Statement: statement({ Resource }) }))).toMatchObject({
      code: "PolicyTooLarge",
    });
  });
});

test("a public policy lets everybody read, and nothing else", async () => {
  expect(await readUnsigned("a")).toBe(403);
  await putPolicy(statement());
  expect(await readUnsigned("a")).toBe(200);
  expect(await readUnsigned("")).toBe(403);
  expect((await other.s3.send(new HeadObjectCommand({ Bucket, Key: "a" }))).ContentLength).toBe(1);
  expect(await failureOf(other.s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x" })))).toMatchObject(denied);
  await owner.send(new DeleteBucketPolicyCommand({ Bucket }));
  expect(await readUnsigned("a")).toBe(403);
});

test("a Worker that has never met the bucket decides by its policy as well", async () => {
  await putPolicy(statement());
  await verge.kill();
  expect(await readUnsigned("a")).toBe(200);
});

test("who may not list does not learn which keys exist", async () => {
  await putPolicy(statement());
  expect(await readUnsigned("nothing")).toBe(403);
  await putPolicy(
    statement(),
    statement({
      Action: "s3:ListBucket",
      Resource: `arn:aws:s3:::${Bucket}`,
      Condition: { StringLike: { "s3:prefix": "public/*" } },
    }),
  );
  expect(await readUnsigned("nothing")).toBe(403);
  expect(await readUnsigned("public/nothing")).toBe(404);
  expect(await readUnsigned("?list-type=2&prefix=public/")).toBe(200);
  expect(await readUnsigned("?list-type=2")).toBe(403);
});

test("another account does what it is allowed to, and what it writes is the bucket owner's", async () => {
  await putPolicy(
    statement({ Principal: { AWS: `arn:aws:iam::${other.id}:root` }, Action: ["s3:PutObject", "s3:GetObject"] }),
    statement({
      Principal: { CanonicalUser: other.canonicalId },
      Action: "s3:ListBucket",
      Resource: `arn:aws:s3:::${Bucket}`,
    }),
  );
  await other.s3.send(new PutObjectCommand({ Bucket, Key: "theirs", Body: "x" }));
  const { Contents } = await other.s3.send(new ListObjectsV2Command({ Bucket, FetchOwner: true }));
  expect(new Set(Contents?.map(({ Owner }) => Owner?.DisplayName))).toEqual(new Set(["root"]));
  expect(await readUnsigned("theirs")).toBe(403);
  expect(await failureOf(other.s3.send(new GetObjectTaggingCommand({ Bucket, Key: "a" })))).toMatchObject(denied);
});

test("a denial counts for the owner as well, who can always take it back", async () => {
  await putPolicy(
    statement({ Effect: "Deny", Action: "s3:*", Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`] }),
  );
  expect(await failureOf(owner.send(new GetObjectCommand({ Bucket, Key: "a" })))).toMatchObject(denied);
  expect(await failureOf(owner.send(new ListObjectsV2Command({ Bucket })))).toMatchObject(denied);
  expect((await owner.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toContain("Deny");
  await owner.send(new DeleteBucketPolicyCommand({ Bucket }));
  expect((await owner.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(3);
});

test("another account cannot change the policy, whatever the policy says", async () => {
  await putPolicy(statement({ Principal: { AWS: other.id }, Action: "s3:*", Resource: `arn:aws:s3:::${Bucket}` }));
  const refused = { code: "MethodNotAllowed", status: 405 };
  const Policy = JSON.stringify({ Statement: statement({ Principal: { AWS: other.id } }) });
  expect(await failureOf(other.s3.send(new PutBucketPolicyCommand({ Bucket, Policy })))).toMatchObject(refused);
  expect(await failureOf(other.s3.send(new GetBucketPolicyCommand({ Bucket })))).toMatchObject(refused);
  expect(await failureOf(other.s3.send(new DeleteBucketPolicyCommand({ Bucket })))).toMatchObject(refused);
});

test("of many keys to delete each is decided by itself", async () => {
  await putPolicy(
    statement({ Principal: { AWS: other.id }, Action: "s3:DeleteObject", Resource: `arn:aws:s3:::${Bucket}/public/*` }),
  );
  const Objects = ["a", "public/c", "public/none"].map((Key) => ({ Key }));
  const { Deleted, Errors } = await other.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(Deleted?.map(({ Key }) => Key)).toEqual(["public/c", "public/none"]);
  expect(Errors).toEqual([expect.objectContaining({ Key: "a", Code: "AccessDenied" })]);
  const { Contents } = await owner.send(new ListObjectsV2Command({ Bucket }));
  expect(Contents?.map(({ Key }) => Key)).toEqual(["a", "b"]);
});

test("a copy needs its source as well, whole or by part", async () => {
  const destination = await makeBucket(other.s3);
  const copy = () =>
    other.s3.send(new CopyObjectCommand({ Bucket: destination, Key: "copy", CopySource: `${Bucket}/a` }));
  expect(await failureOf(copy())).toMatchObject(denied);
  const { UploadId } = await other.s3.send(new CreateMultipartUploadCommand({ Bucket: destination, Key: "parts" }));
  const part = { Bucket: destination, Key: "parts", UploadId, PartNumber: 1, CopySource: `${Bucket}/a` };
  expect(await failureOf(other.s3.send(new UploadPartCopyCommand(part)))).toMatchObject(denied);
  await putPolicy(statement({ Principal: { AWS: other.id } }));
  expect((await copy()).CopyObjectResult?.ETag).toBeDefined();
  expect((await other.s3.send(new UploadPartCopyCommand(part))).CopyPartResult?.ETag).toBeDefined();
});

test("a rename takes the object away from its old key: reading and deleting it there must be allowed", async () => {
  const to = `arn:aws:s3:::${Bucket}/public/*`;
  const write = statement({ Principal: { AWS: other.id }, Action: ["s3:PutObject", "s3:GetObject"], Resource: to });
  const from = (Action: string) =>
    statement({ Principal: { AWS: other.id }, Action, Resource: `arn:aws:s3:::${Bucket}/a` });
  const rename = () =>
    failureOf(other.s3.send(new RenameObjectCommand({ Bucket, Key: "public/taken", RenameSource: "a" })));
  for (const policy of [[write], [write, from("s3:GetObject")], [write, from("s3:DeleteObject")]]) {
    await putPolicy(...policy);
    expect(await rename()).toMatchObject(denied);
  }
  await putPolicy(write, from("s3:GetObject"), from("s3:DeleteObject"));
  await other.s3.send(new RenameObjectCommand({ Bucket, Key: "public/taken", RenameSource: "a" }));
});

test("the attributes of an object take the right to read it as well", async () => {
  const read = () =>
    other.s3.send(new GetObjectAttributesCommand({ Bucket, Key: "a", ObjectAttributes: ["ETag", "ObjectSize"] }));
  await putPolicy(statement({ Principal: { AWS: other.id }, Action: "s3:GetObjectAttributes" }));
  expect(await failureOf(read())).toMatchObject(denied);
  await putPolicy(statement({ Principal: { AWS: other.id }, Action: ["s3:GetObject", "s3:GetObjectAttributes"] }));
  expect((await read()).ObjectSize).toBe(1);
});

describe("conditions", () => {
  test("on headers and the transport", async () => {
    await putPolicy(statement({ Condition: { StringLike: { "aws:Referer": ["http://www.example.com/*"] } } }));
    expect(await readUnsigned("a")).toBe(403);
    expect(await readUnsigned("a", { referer: "http://www.example.com/page" })).toBe(200);
    await putPolicy(
      statement(),
      statement({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
    );
    expect(await readUnsigned("a")).toBe(403);
  });

  test("on what is uploaded", async () => {
    const write = { Principal: { AWS: other.id }, Action: ["s3:PutObject", "s3:PutObjectTagging"] };
    await putPolicy(statement({ ...write, Condition: { StringEquals: { "s3:RequestObjectTag/team": "red" } } }));
    const put = (Tagging?: string) => other.s3.send(new PutObjectCommand({ Bucket, Key: "t", Body: "x", Tagging }));
    expect(await failureOf(put())).toMatchObject(denied);
    expect(await failureOf(put("team=blue"))).toMatchObject(denied);
    await put("team=red");
    await putPolicy(
      statement(write),
      statement({ ...write, Effect: "Deny", Condition: { Null: { "s3:x-amz-server-side-encryption": "true" } } }),
    );
    expect(await failureOf(put())).toMatchObject(denied);
    await other.s3.send(new PutObjectCommand({ Bucket, Key: "t", Body: "x", ServerSideEncryption: "AES256" }));
  });

  test("on tags that an object has", async () => {
    await putPolicy(statement({ Condition: { StringEquals: { "s3:ExistingObjectTag/Open": "yes" } } }));
    expect(await readUnsigned("a")).toBe(403);
    const Tagging = { TagSet: [{ Key: "Open", Value: "yes" }] };
    await owner.send(new PutObjectTaggingCommand({ Bucket, Key: "a", Tagging }));
    expect(await readUnsigned("a")).toBe(200);
    expect(await readUnsigned("b")).toBe(403);
  });

  test("on the address: what a client says of itself in X-Forwarded-For is nothing", async () => {
    await putPolicy(statement({ Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } } }));
    expect(await readUnsigned("a", { "x-forwarded-for": "192.0.2.1", "x-real-ip": "192.0.2.1" })).toBe(403);
    expect(await readUnsigned("a", { "cf-connecting-ip": "192.0.2.1" })).toBe(403);
  });
});

describe("policy status", () => {
  test.each<[string, () => Statement, boolean]>([
    ["everybody", () => statement(), true],
    ["everybody by AWS", () => statement({ Principal: { AWS: "*" } }), true],
    [
      "everybody from an address",
      () => statement({ Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } } }),
      false,
    ],
    ["everybody from anywhere", () => statement({ Condition: { IpAddress: { "aws:SourceIp": "0.0.0.0/1" } } }), true],
    ["everybody with a referer", () => statement({ Condition: { StringLike: { "aws:Referer": "a" } } }), true],
    ["an account", () => statement({ Principal: { AWS: other.id } }), false],
    ["a denial to everybody", () => statement({ Effect: "Deny" }), false],
  ])("%s", async (_, build, isPublic) => {
    await putPolicy(build());
    const { PolicyStatus } = await owner.send(new GetBucketPolicyStatusCommand({ Bucket }));
    expect(PolicyStatus?.IsPublic).toBe(isPublic);
  });
});
