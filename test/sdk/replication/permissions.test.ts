import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, DisableKeyCommand, type KMSClient } from "@aws-sdk/client-kms";
import {
  DeleteBucketReplicationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  type PutObjectCommandInput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount } from "../../support/accounts.ts";
import { createKmsClient } from "../../support/kms.ts";
import { makeVersioned, nameRole, replicate, ruleTo, waitForStatus } from "../../support/replication.ts";
import { failureOf } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { clientsOf, documentOf, makeUser } from "../iam/iam-support.ts";

let verge: Verge;
let s3: S3Client;
let kms: KMSClient;
let label: string;
beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
  kms = createKmsClient(verge);
  label = await nameRole(verge);
});
afterAll(async () => {
  s3.destroy();
  kms.destroy();
  await verge.stop();
});

const put = (Bucket: string, Key: string, rest: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: Key, ...rest }));
const head = (Bucket: string, Key: string, client = s3) => client.send(new HeadObjectCommand({ Bucket, Key }));

const trust = (Service: string) => documentOf({ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" });
const allow = (Action: string[], ...buckets: string[]) => ({
  Effect: "Allow",
  Action,
  Resource: buckets.map((bucket) => `arn:aws:s3:::${bucket}/*`),
});
const EVERYTHING = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"];
const REPLICATE = ["s3:ReplicateObject", "s3:ReplicateTags", "s3:ReplicateDelete"];

async function makeRole(RoleName: string, service: string, ...statements: object[]): Promise<string> {
  const { iam } = clientsOf(verge);
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust(service) }));
  if (statements.length > 0) {
    const PolicyDocument = documentOf(...statements);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
  }
  return Role!.Arn!;
}

describe("the role", () => {
  test("replicates what its policies allow, and nothing else", async () => {
    const [source, target] = [await makeVersioned(s3), await makeVersioned(s3)];
    const tagless = [allow(["s3:GetObjectVersionForReplication"], source), allow(["s3:ReplicateObject"], target)];
    await replicate(s3, await makeRole("tagless", "s3.amazonaws.com", ...tagless), source, [ruleTo(target)]);
    await put(source, "plain");
    await put(source, "tagged", { Tagging: "a=b" });
    await waitForStatus(s3, source, "plain", "COMPLETED");
    await waitForStatus(s3, source, "tagged", "FAILED");
    expect((await head(target, "plain")).ReplicationStatus).toBe("REPLICA");
    expect(await failureOf(head(target, "tagged"))).toMatchObject({ status: 404 });
    const { iam } = clientsOf(verge);
    const PolicyDocument = documentOf(allow(EVERYTHING, source), allow(REPLICATE, target));
    await iam.send(new PutRolePolicyCommand({ RoleName: "tagless", PolicyName: "own", PolicyDocument }));
    await put(source, "again", { Tagging: "a=b" });
    await waitForStatus(s3, source, "again", "COMPLETED");
  });

  test("must trust S3", async () => {
    const [source, target] = [await makeVersioned(s3), await makeVersioned(s3)];
    const statements = [allow(EVERYTHING, source), allow(REPLICATE, target)];
    await replicate(s3, await makeRole("distrusts", "lambda.amazonaws.com", ...statements), source, [ruleTo(target)]);
    await put(source, "k");
    await waitForStatus(s3, source, "k", "FAILED");
    expect(await failureOf(head(target, "k"))).toMatchObject({ status: 404 });
  });

  test("can be handed to S3 by users who may pass it", async () => {
    const [source, target] = [await makeVersioned(s3), await makeVersioned(s3)];
    const role = await makeRole("passed", "s3.amazonaws.com");
    const configure = { Effect: "Allow", Action: "s3:*", Resource: "*" };
    const pass = { Effect: "Allow", Action: "iam:PassRole", Resource: role };
    const { iam } = clientsOf(verge);
    const stranger = createS3Client(verge, { credentials: await makeUser(iam, "configures", configure) });
    const trusted = createS3Client(verge, { credentials: await makeUser(iam, "passes", configure, pass) });
    expect(await failureOf(replicate(stranger, role, source, [ruleTo(target)]))).toMatchObject({
      code: "AccessDenied",
    });
    await replicate(trusted, role, source, [ruleTo(target)]);
    stranger.destroy();
    trusted.destroy();
  });
});

test("a bucket of another account takes replicas if its policy says so, and owns them if the rule says so", async () => {
  const other = await addAccount(verge, "other");
  const [source, target] = [await makeVersioned(s3), await makeVersioned(other.s3)];
  const Destination = {
    Bucket: `arn:aws:s3:::${target}`,
    Account: other.id,
    AccessControlTranslation: { Owner: "Destination" as const },
  };
  await replicate(s3, label, source, [ruleTo(target, { Destination })]);
  await put(source, "before");
  await waitForStatus(s3, source, "before", "FAILED");
  const Policy = documentOf({
    Effect: "Allow",
    Principal: { AWS: label },
    Action: [...REPLICATE, "s3:ObjectOwnerOverrideToBucketOwner"],
    Resource: `arn:aws:s3:::${target}/*`,
  });
  await other.s3.send(new PutBucketPolicyCommand({ Bucket: target, Policy }));
  await put(source, "after");
  await waitForStatus(s3, source, "after", "COMPLETED");
  const { Body } = await other.s3.send(new GetObjectCommand({ Bucket: target, Key: "after" }));
  expect(await Body!.transformToString()).toBe("after");
  other.s3.destroy();
});

describe("what is encrypted", () => {
  test("by a KMS key goes under the key of the rule, if the rule asks for it", async () => {
    const [source, target] = [await makeVersioned(s3), await makeVersioned(s3)];
    const createKey = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
    const [first, second] = [await createKey(), await createKey()];
    const encrypted = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: first } as const;
    await replicate(s3, label, source, [ruleTo(target)]);
    await put(source, "left", encrypted);
    await replicate(s3, label, source, [
      ruleTo(target, {
        SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: "Enabled" } },
        Destination: { Bucket: `arn:aws:s3:::${target}`, EncryptionConfiguration: { ReplicaKmsKeyID: second } },
      }),
    ]);
    const large = "x".repeat(200_000);
    await put(source, "sent", { ...encrypted, Body: large });
    await waitForStatus(s3, source, "sent", "COMPLETED");
    expect((await head(source, "left")).ReplicationStatus).toBeUndefined();
    expect(await head(target, "sent")).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: second });
    await kms.send(new DisableKeyCommand({ KeyId: first }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: target, Key: "sent" }));
    expect(await Body!.transformToString()).toBe(large);
  });

  test("by a customer's key is read with the same key in both buckets", async () => {
    const [source, target] = [await makeVersioned(s3), await makeVersioned(s3)];
    await replicate(s3, label, source, [ruleTo(target)]);
    const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: Buffer.alloc(32, 7).toString("base64") };
    const Body = "y".repeat(100_000);
    await put(source, "k", { ...key, Body });
    const status = async () =>
      (await s3.send(new HeadObjectCommand({ Bucket: source, Key: "k", ...key }))).ReplicationStatus as string;
    await expect.poll(status, { timeout: 15_000 }).toBe("COMPLETED");
    const read = await s3.send(new GetObjectCommand({ Bucket: target, Key: "k", ...key }));
    expect(await read.Body!.transformToString()).toBe(Body);
    expect(await failureOf(head(target, "k"))).toMatchObject({ status: 400 });
  });
});

test("what waits when the rules are taken away does not go", async () => {
  const [source, target] = [await makeVersioned(s3), await makeVersioned(s3)];
  await replicate(s3, label, source, [ruleTo(target)]);
  await put(source, "went");
  await waitForStatus(s3, source, "went", "COMPLETED");
  await s3.send(new DeleteBucketReplicationCommand({ Bucket: source }));
  await put(source, "stays");
  expect((await head(source, "stays")).ReplicationStatus).toBeUndefined();
  expect(await failureOf(head(target, "stays"))).toMatchObject({ status: 404 });
});
