import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListOpenIDConnectProvidersCommand,
  ListUsersCommand,
  PutUserPermissionsBoundaryCommand,
  SimulatePrincipalPolicyCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { CreateBucketCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateCloudFrontOriginAccessIdentityCommand,
  CreateDistributionCommand,
  UpdateDistributionCommand,
} from "@aws-sdk/client-cloudfront";
import { LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCloudFrontClient, describeDistribution } from "../../support/cloudfront.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { clientsOf, documentOf, makeUser } from "./iam-support.ts";

let verge: Verge;
let root: ReturnType<typeof clientsOf>;
beforeAll(async () => {
  verge = await startVerge();
  root = clientsOf(verge);
  await root.s3.send(new CreateBucketCommand({ Bucket: "shared" }));
  await root.s3.send(new PutObjectCommand({ Bucket: "shared", Key: "anna/a", Body: "a" }));
  await root.s3.send(new PutObjectCommand({ Bucket: "shared", Key: "boss/b", Body: "b" }));
});
afterAll(() => verge.stop());

test("a user has what its policies allow, in every service, and nothing else", async () => {
  const keys = await makeUser(root.iam, "anna", {
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: "arn:aws:s3:::shared/${aws:username}/*",
  });
  const anna = clientsOf(verge, keys);
  const { Arn, UserId } = await anna.sts.send(new GetCallerIdentityCommand({}));
  expect(Arn).toMatch(/^arn:aws:iam::\d{12}:user\/anna$/);
  expect(UserId).toMatch(/^AIDA[A-Z2-7]{17}$/);
  const read = await anna.s3.send(new GetObjectCommand({ Bucket: "shared", Key: "anna/a" }));
  expect(await read.Body!.transformToString()).toBe("a");
  const denied = { name: "AccessDenied" };
  await expect(anna.s3.send(new GetObjectCommand({ Bucket: "shared", Key: "boss/b" }))).rejects.toMatchObject(denied);
  await expect(anna.s3.send(new ListBucketsCommand({}))).rejects.toMatchObject(denied);
  await expect(anna.iam.send(new CreateAccessKeyCommand({ UserName: "anna" }))).rejects.toMatchObject(denied);
  const refused = { name: "AccessDeniedException" };
  await expect(new LambdaClient(anna.config).send(new ListFunctionsCommand({}))).rejects.toMatchObject(refused);
  await expect(new CloudWatchLogsClient(anna.config).send(new DescribeLogGroupsCommand({}))).rejects.toMatchObject(
    refused,
  );
  await expect(new SQSClient(anna.config).send(new ListQueuesCommand({}))).rejects.toThrow(/not authorized/);
});

test("who makes a distribution that reads a bucket by itself must be allowed to read that bucket", async () => {
  const Origins = (OriginAccessIdentity: string) => ({
    Quantity: 1,
    Items: [
      { Id: "origin", DomainName: "shared.s3.us-east-1.amazonaws.com", S3OriginConfig: { OriginAccessIdentity } },
    ],
  });
  const made = await createCloudFrontClient(verge).send(
    new CreateCloudFrontOriginAccessIdentityCommand({
      CloudFrontOriginAccessIdentityConfig: { CallerReference: "reader", Comment: "" },
    }),
  );
  const identity = `origin-access-identity/cloudfront/${made.CloudFrontOriginAccessIdentity!.Id}`;
  const everyDistribution = { Effect: "Allow", Action: "cloudfront:*", Resource: "*" };
  const plain = createCloudFrontClient(verge, {
    credentials: await makeUser(root.iam, "publisher", everyDistribution),
  });
  const create = (client: typeof plain, origins: ReturnType<typeof Origins>) =>
    client.send(new CreateDistributionCommand({ DistributionConfig: describeDistribution({ Origins: origins }) }));
  await expect(create(plain, Origins(identity))).rejects.toThrow(/s3:GetObject/);
  // What anybody may read.
  const open = await create(plain, Origins(""));
  const change = new UpdateDistributionCommand({
    Id: open.Distribution!.Id!,
    IfMatch: open.ETag,
    DistributionConfig: { ...open.Distribution!.DistributionConfig!, Origins: Origins(identity) },
  });
  await expect(plain.send(change)).rejects.toThrow(/s3:GetObject/);
  const reads = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::shared/*" };
  const reader = createCloudFrontClient(verge, {
    credentials: await makeUser(root.iam, "reader", everyDistribution, reads),
  });
  await reader.send(change);
});

test("a bucket is made with what its maker may configure", async () => {
  const maker = (name: string, ...Action: string[]) =>
    makeUser(root.iam, name, { Effect: "Allow", Action, Resource: "*" }).then((keys) => clientsOf(verge, keys).s3);
  const plain = await maker("plain-maker", "s3:CreateBucket");
  await plain.send(new CreateBucketCommand({ Bucket: "plainly-made" }));
  const settings = [
    { ObjectLockEnabledForBucket: true },
    { ObjectOwnership: "ObjectWriter" },
    { ACL: "private" },
  ] as const;
  for (const more of settings) {
    const making = plain.send(new CreateBucketCommand({ Bucket: "made-with-more", ...more }));
    await expect(making).rejects.toMatchObject({ name: "AccessDenied" });
  }
  const keeper = await maker(
    "lock-maker",
    "s3:CreateBucket",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketVersioning",
  );
  await keeper.send(new CreateBucketCommand({ Bucket: "made-with-more", ObjectLockEnabledForBucket: true }));
});

test("a Deny on keys holds against an Allow of everything, whatever the case and the path of the name", async () => {
  await root.iam.send(new CreateUserCommand({ UserName: "Victim", Path: "/admins/" }));
  const keys = await makeUser(
    root.iam,
    "mallory",
    { Effect: "Allow", Action: "*", Resource: "*" },
    { Effect: "Deny", Action: "iam:CreateAccessKey", Resource: "arn:aws:iam::*:user/admins/*" },
  );
  const mallory = clientsOf(verge, keys);
  for (const UserName of ["Victim", "victim", "VICTIM"]) {
    await expect(mallory.iam.send(new CreateAccessKeyCommand({ UserName }))).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("explicit deny") as string,
    });
  }
  await root.iam.send(new DeleteUserCommand({ UserName: "victim" }));
});

test("inactive and deleted keys, and those of deleted users, are nobody's", async () => {
  const everything = { Effect: "Allow", Action: "s3:*", Resource: "*" };
  const keys = await makeUser(root.iam, "leaver", everything);
  const leaver = clientsOf(verge, keys);
  await leaver.s3.send(new ListBucketsCommand({}));
  const named = { UserName: "leaver", AccessKeyId: keys.accessKeyId };
  await root.iam.send(new UpdateAccessKeyCommand({ ...named, Status: "Inactive" }));
  const unknown = { name: "InvalidAccessKeyId" };
  await expect(leaver.s3.send(new ListBucketsCommand({}))).rejects.toMatchObject(unknown);
  await root.iam.send(new UpdateAccessKeyCommand({ ...named, Status: "Active" }));
  await leaver.s3.send(new ListBucketsCommand({}));
  await expect(root.iam.send(new DeleteUserCommand({ UserName: "leaver" }))).rejects.toMatchObject({
    name: "DeleteConflictException",
  });
  await root.iam.send(new DeleteAccessKeyCommand(named));
  await expect(leaver.s3.send(new ListBucketsCommand({}))).rejects.toMatchObject(unknown);
  await root.iam.send(new DeleteUserPolicyCommand({ UserName: "leaver", PolicyName: "own" }));
  await root.iam.send(new DeleteUserCommand({ UserName: "leaver" }));
  await expect(root.iam.send(new GetUserCommand({ UserName: "leaver" }))).rejects.toMatchObject({
    name: "NoSuchEntityException",
  });
});

test("groups, managed policies and their versions give, boundaries take away", async () => {
  const keys = await makeUser(root.iam, "dora");
  const dora = clientsOf(verge, keys);
  await root.iam.send(new CreateGroupCommand({ GroupName: "readers" }));
  await root.iam.send(new AddUserToGroupCommand({ GroupName: "readers", UserName: "dora" }));
  const PolicyArn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
  await root.iam.send(new AttachGroupPolicyCommand({ GroupName: "readers", PolicyArn }));
  const { Groups } = await root.iam.send(new ListGroupsForUserCommand({ UserName: "dora" }));
  expect(Groups?.map(({ GroupName }) => GroupName)).toEqual(["readers"]);
  await dora.s3.send(new GetObjectCommand({ Bucket: "shared", Key: "boss/b" }));
  const put = () => dora.s3.send(new PutObjectCommand({ Bucket: "shared", Key: "dora", Body: "d" }));
  await expect(put()).rejects.toMatchObject({ name: "AccessDenied" });

  const document = documentOf({ Effect: "Allow", Action: "s3:PutObject", Resource: "*" });
  const { Policy } = await root.iam.send(new CreatePolicyCommand({ PolicyName: "writers", PolicyDocument: document }));
  const own = { PolicyArn: Policy!.Arn! };
  await root.iam.send(new AttachUserPolicyCommand({ UserName: "dora", ...own }));
  await put();
  const { AttachedPolicies } = await root.iam.send(new ListAttachedUserPoliciesCommand({ UserName: "dora" }));
  expect(AttachedPolicies).toEqual([{ PolicyName: "writers", PolicyArn: own.PolicyArn }]);
  const none = documentOf({ Effect: "Deny", Action: "s3:PutObject", Resource: "*" });
  await root.iam.send(new CreatePolicyVersionCommand({ ...own, PolicyDocument: none, SetAsDefault: true }));
  await expect(put()).rejects.toMatchObject({ name: "AccessDenied" });

  const user = { UserName: "dora" };
  const boundary = "arn:aws:iam::aws:policy/AWSLambda_FullAccess";
  await root.iam.send(new PutUserPermissionsBoundaryCommand({ ...user, PermissionsBoundary: boundary }));
  await expect(dora.s3.send(new GetObjectCommand({ Bucket: "shared", Key: "boss/b" }))).rejects.toMatchObject({
    name: "AccessDenied",
  });
});

test("what is stored comes back as AWS's SDK reads it, and simulations explain", async () => {
  const statement = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::shared/*" };
  await makeUser(root.iam, "erik", statement);
  const own = { UserName: "erik", PolicyName: "own" };
  const { PolicyDocument } = await root.iam.send(new GetUserPolicyCommand(own));
  expect(JSON.parse(decodeURIComponent(PolicyDocument!))).toEqual({ Version: "2012-10-17", Statement: [statement] });
  const { User } = await root.iam.send(new GetUserCommand({ UserName: "erik" }));
  expect(User?.CreateDate).toBeInstanceOf(Date);
  const { AccessKeyMetadata } = await root.iam.send(new ListAccessKeysCommand({ UserName: "erik" }));
  expect(AccessKeyMetadata).toMatchObject([{ UserName: "erik", Status: "Active" }]);
  const { EvaluationResults } = await root.iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: User!.Arn!,
      ActionNames: ["s3:GetObject", "s3:DeleteObject"],
      ResourceArns: ["arn:aws:s3:::shared/a"],
    }),
  );
  expect(EvaluationResults?.map(({ EvalDecision }) => EvalDecision)).toEqual(["allowed", "implicitDeny"]);
  const page = await root.iam.send(new ListUsersCommand({ MaxItems: 1 }));
  expect(page).toMatchObject({ IsTruncated: true, Users: [{}] });
  await expect(root.iam.send(new CreateUserCommand({ UserName: "ERIK" }))).rejects.toMatchObject({
    name: "EntityAlreadyExistsException",
  });
  await expect(root.iam.send(new CreateUserCommand({ UserName: "a b" }))).rejects.toMatchObject({
    name: "ValidationError",
  });
});

test("an account has no identity providers, and may ask", async () => {
  const { OpenIDConnectProviderList } = await root.iam.send(new ListOpenIDConnectProvidersCommand({}));
  expect(OpenIDConnectProviderList).toEqual([]);
});
