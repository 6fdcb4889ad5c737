import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount } from "../../support/accounts.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { signedFetch, signHead } from "../../support/signed-fetch.ts";
import { awaitRecords, lookUp } from "../../support/trail.ts";
import { clientsOf, documentOf, makeUser } from "../iam/iam-support.ts";

let verge: Verge;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_AUDIT_INTERVAL_SECONDS: "0.1" } });
});
afterAll(() => verge.stop());

describe("a management call", () => {
  test("leaves who, what, when, whereby and its outcome", async () => {
    const { s3 } = clientsOf(verge);
    const { $metadata } = await s3.send(new CreateBucketCommand({ Bucket: "recorded" }));
    const [record] = await awaitRecords(verge, "CreateBucket");
    expect(record).toMatchObject({
      eventSource: "s3.amazonaws.com",
      awsRegion: verge.region,
      eventType: "AwsApiCall",
      eventCategory: "Management",
      managementEvent: true,
      readOnly: false,
      requestID: $metadata.requestId,
      requestParameters: { bucketName: "recorded" },
      userIdentity: { type: "Root", accessKeyId: verge.accessKeyId },
      resources: [{ type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::recorded" }],
    });
    expect(record!["userAgent"]).toContain("aws-sdk-js");
    expect(record!["recipientAccountId"]).toBe(record!.userIdentity["accountId"]);
    expect(record!["eventTime"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test("is there when it failed, and when it reads", async () => {
    const { s3 } = clientsOf(verge);
    await expect(s3.send(new GetBucketAclCommand({ Bucket: "never-made" }))).rejects.toMatchObject({
      name: "NoSuchBucket",
    });
    const [record] = await awaitRecords(verge, "GetBucketAcl");
    expect(record).toMatchObject({ readOnly: true, errorCode: "NoSuchBucket", responseElements: null });
  });

  test("names users, and sessions with the role that made them", async () => {
    const { iam, sts } = clientsOf(verge);
    const ada = await makeUser(iam, "ada", { Effect: "Allow", Action: "*", Resource: "*" });
    await clientsOf(verge, ada).s3.send(new CreateBucketCommand({ Bucket: "of-ada" }));
    const account = (await awaitRecords(verge, "CreateBucket"))[0]!["recipientAccountId"] as string;
    const trust = documentOf({ Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "maker", AssumeRolePolicyDocument: trust }));
    const PolicyDocument = documentOf({ Effect: "Allow", Action: "s3:*", Resource: "*" });
    await iam.send(new PutRolePolicyCommand({ RoleName: "maker", PolicyName: "own", PolicyDocument }));
    const assumed = await sts.send(new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName: "monday" }));
    const keys = assumed.Credentials!;
    const session = clientsOf(verge, {
      accessKeyId: keys.AccessKeyId!,
      secretAccessKey: keys.SecretAccessKey!,
      sessionToken: keys.SessionToken!,
    });
    await session.s3.send(new CreateBucketCommand({ Bucket: "of-maker" }));
    const records = await awaitRecords(verge, "CreateBucket", 3);
    expect(records.slice(0, 2).map(({ userIdentity }) => userIdentity)).toMatchObject([
      {
        type: "AssumedRole",
        arn: `arn:aws:sts::${account}:assumed-role/maker/monday`,
        sessionContext: { sessionIssuer: { type: "Role", arn: Role!.Arn, userName: "maker" } },
      },
      { type: "IAMUser", userName: "ada", arn: `arn:aws:iam::${account}:user/ada`, accessKeyId: ada.accessKeyId },
    ]);
    const found = await lookUp(verge, { LookupAttributes: [{ AttributeKey: "Username", AttributeValue: "monday" }] });
    expect(found.Events.map(({ EventName }) => EventName)).toEqual(["CreateBucket"]);
  });

  test("keeps secrets out: keys, tokens, documents", async () => {
    const { iam, s3 } = clientsOf(verge);
    const keys = await makeUser(iam, "eve");
    await s3.send(new CreateBucketCommand({ Bucket: "with-policy" }));
    const Policy = documentOf({
      Sid: "hunter2",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::with-policy/*",
    });
    await s3.send(new PutBucketPolicyCommand({ Bucket: "with-policy", Policy }));
    await awaitRecords(verge, "PutBucketPolicy");
    const created = (await awaitRecords(verge, "CreateAccessKey"))[0]!;
    expect(created).toMatchObject({ responseElements: { accessKey: { accessKeyId: keys.accessKeyId } } });
    const { Events } = await lookUp(verge);
    const all = Events.map(({ CloudTrailEvent }) => CloudTrailEvent).join("\n");
    expect(all).not.toContain(keys.secretAccessKey);
    expect(all).not.toContain("hunter2");
    expect(all).not.toMatch(/SecretAccessKey|SessionToken|Signature=/i);
  });
});

describe("a data call", () => {
  test("leaves nothing when it succeeds, and says by which statement it was denied", async () => {
    const { iam, s3 } = clientsOf(verge);
    await s3.send(new CreateBucketCommand({ Bucket: "guarded" }));
    await s3.send(new PutObjectCommand({ Bucket: "guarded", Key: "a", Body: "x" }));
    const bob = await makeUser(
      iam,
      "bob",
      { Effect: "Allow", Action: "s3:*", Resource: "*" },
      { Sid: "NoSecrets", Effect: "Deny", Action: "s3:GetObject", Resource: "arn:aws:s3:::guarded/a" },
    );
    const asBob = clientsOf(verge, bob).s3;
    await asBob.send(new ListObjectsV2Command({ Bucket: "guarded" }));
    await expect(asBob.send(new GetObjectCommand({ Bucket: "guarded", Key: "a" }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
    const [record, ...others] = await awaitRecords(verge, "GetObject");
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      eventCategory: "Data",
      errorCode: "AccessDenied",
      requestParameters: { bucketName: "guarded", key: "a" },
      userIdentity: { type: "IAMUser", userName: "bob" },
      additionalEventData: { decision: "Deny by statement NoSecrets of policy user_bob_own" },
    });
    const { Events } = await lookUp(verge, {
      LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "ListObjects" }],
    });
    expect(Events).toEqual([]);
  });

  test("of a stranger is in both trails; each account is told of its own policies alone", async () => {
    const other = await addAccount(verge, "stranger");
    await expect(
      createS3Client(verge, { credentials: other.credentials }).send(
        new GetObjectCommand({ Bucket: "guarded", Key: "b" }),
      ),
    ).rejects.toMatchObject({ name: "AccessDenied" });
    const [theirs] = await awaitRecords(verge, "GetObject", 1, other.credentials);
    expect(theirs).toMatchObject({ userIdentity: { type: "Root" }, errorCode: "AccessDenied" });
    expect(theirs!["additionalEventData"]).toBeUndefined();
    const [ours] = await awaitRecords(verge, "GetObject", 2);
    expect(ours).toMatchObject({
      userIdentity: { type: "AWSAccount", accountId: theirs!["recipientAccountId"] },
      sharedEventID: theirs!["sharedEventID"],
      additionalEventData: { decision: "Implicit deny: no policy of the resource allows it to another account" },
    });
    expect(JSON.stringify(ours)).not.toContain(other.credentials.accessKeyId);
  });

  test("of nobody is in the owner's trail, and so is one in a batch", async () => {
    expect((await fetch(new URL("/guarded/anonymous", verge.endpoint))).status).toBe(403);
    await expect
      .poll(async () => (await awaitRecords(verge, "GetObject"))[0]!.userIdentity, { timeout: 5_000 })
      .toMatchObject({ type: "AWSAccount", accountId: "ANONYMOUS_PRINCIPAL" });
    const { iam } = clientsOf(verge);
    const carl = await makeUser(iam, "carl", {
      Effect: "Allow",
      Action: "s3:DeleteObject",
      Resource: "arn:aws:s3:::guarded/mine*",
    });
    const { Errors } = await clientsOf(verge, carl).s3.send(
      new DeleteObjectsCommand({ Bucket: "guarded", Delete: { Objects: [{ Key: "mine" }, { Key: "a" }] } }),
    );
    expect(Errors).toMatchObject([{ Key: "a", Code: "AccessDenied" }]);
    const [record] = await awaitRecords(verge, "DeleteObjects");
    expect(record).toMatchObject({ errorCode: "AccessDenied", userIdentity: { userName: "carl" } });
  });

  test("signed with a wrong secret is in the trail of the account whose key it names", async () => {
    const credentials = { accessKeyId: verge.accessKeyId, secretAccessKey: "guessed" };
    expect((await signedFetch(verge, { target: "/guarded/forged", credentials })).code).toBe("SignatureDoesNotMatch");
    await expect
      .poll(async () => (await awaitRecords(verge, "GetObject"))[0], { timeout: 5_000 })
      .toMatchObject({
        errorCode: "SignatureDoesNotMatch",
        userIdentity: { type: "Unknown", accessKeyId: verge.accessKeyId },
      });
  });
});

test("a flood of denied calls is few records, which say how many it was", async () => {
  const { s3 } = clientsOf(verge);
  await s3.send(new CreateBucketCommand({ Bucket: "flooded" }));
  const attempts = 300;
  const credentials = { accessKeyId: verge.accessKeyId, secretAccessKey: "guessed" };
  for (let done = 0; done < attempts; done += 20) {
    await Promise.all(Array.from({ length: 20 }, () => signedFetch(verge, { target: "/flooded?policy", credentials })));
  }
  const told = async () => {
    const records = await awaitRecords(verge, "GetBucketPolicy");
    const counts = records.map(
      ({ additionalEventData }) => (additionalEventData as { occurrences?: number })?.occurrences ?? 1,
    );
    return { sum: counts.reduce((a, b) => a + b), records: records.length };
  };
  await expect.poll(async () => (await told()).sum, { timeout: 5_000 }).toBe(attempts);
  expect((await told()).records).toBeLessThan(attempts / 3);
});

test("a change is recorded also where the client does not wait for the answer", async () => {
  const { s3 } = clientsOf(verge);
  const { hostname, port } = new URL(verge.endpoint);
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const head = await signHead(verge, {
        method: "PUT",
        target: `/hasty-${index}`,
        headers: { "content-length": "0" },
      });
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      await new Promise((resolve) => socket.write(head, resolve));
      await setTimeout(index / 2);
      socket.destroy();
    }),
  );
  const unrecorded = async () => {
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({ Prefix: "hasty-" }));
    const records = await awaitRecords(verge, "CreateBucket");
    const told = new Set(
      records.map(({ requestParameters }) => (requestParameters as { bucketName: string } | null)?.bucketName),
    );
    return Buckets.map(({ Name }) => Name).filter((name = "") => !told.has(name));
  };
  await expect.poll(unrecorded, { timeout: 10_000 }).toEqual([]);
});
