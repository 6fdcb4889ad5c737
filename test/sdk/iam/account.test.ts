import {
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetAccountAuthorizationDetailsCommand,
  type GetAccountAuthorizationDetailsResponse,
  DeleteLoginProfileCommand,
  GetAccountPasswordPolicyCommand,
  GetRoleCommand,
  ListInstanceProfilesForRoleCommand,
  ListMFADevicesCommand,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListSSHPublicKeysCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  ListUserTagsCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateRoleCommand,
  UpdateRoleDescriptionCommand,
} from "@aws-sdk/client-iam";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { clientsOf, documentOf, makeUser } from "./iam-support.ts";

let verge: Verge;
let root: ReturnType<typeof clientsOf>;
beforeAll(async () => {
  verge = await startVerge();
  root = clientsOf(verge);
});
afterAll(() => verge.stop());

const LIST = { Effect: "Allow", Action: "s3:ListBucket", Resource: "*" };
const TRUST = documentOf({ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" });

test("GetAccountAuthorizationDetails has everybody, with all that they were given, page by page", async () => {
  const { iam } = root;
  await makeUser(iam, "ann", LIST);
  await iam.send(new CreateGroupCommand({ GroupName: "staff" }));
  await iam.send(new AddUserToGroupCommand({ GroupName: "staff", UserName: "ann" }));
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "own", PolicyDocument: documentOf(LIST) }));
  await iam.send(new AttachUserPolicyCommand({ UserName: "ann", PolicyArn: Policy!.Arn }));
  await iam.send(new CreateRoleCommand({ RoleName: "runner", AssumeRolePolicyDocument: TRUST }));
  const PolicyArn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
  await iam.send(new AttachRolePolicyCommand({ RoleName: "runner", PolicyArn }));
  const all = await iam.send(new GetAccountAuthorizationDetailsCommand({}));
  expect(all.UserDetailList).toMatchObject([
    {
      UserName: "ann",
      GroupList: ["staff"],
      AttachedManagedPolicies: [{ PolicyName: "own", PolicyArn: Policy!.Arn }],
      UserPolicyList: [{ PolicyName: "own" }],
    },
  ]);
  expect(JSON.parse(decodeURIComponent(all.UserDetailList![0]!.UserPolicyList![0]!.PolicyDocument!))).toMatchObject({
    Statement: [LIST],
  });
  expect(all.RoleDetailList).toMatchObject([{ RoleName: "runner", AttachedManagedPolicies: [{ PolicyArn }] }]);
  expect(all.GroupDetailList).toMatchObject([{ GroupName: "staff" }]);
  expect(all.Policies?.map(({ PolicyName }) => PolicyName)).toEqual(["own", "AmazonS3ReadOnlyAccess"]);
  expect(all.Policies?.[0]?.PolicyVersionList).toMatchObject([{ VersionId: "v1", IsDefaultVersion: true }]);

  const names = (page: GetAccountAuthorizationDetailsResponse) => [
    ...(page.UserDetailList ?? []).map(({ UserName }) => UserName),
    ...(page.RoleDetailList ?? []).map(({ RoleName }) => RoleName),
    ...(page.GroupDetailList ?? []).map(({ GroupName }) => GroupName),
    ...(page.Policies ?? []).map(({ PolicyName }) => PolicyName),
  ];
  const paged: (string | undefined)[] = [];
  for (let Marker: string | undefined, more = true; more;) {
    const page = await iam.send(new GetAccountAuthorizationDetailsCommand({ MaxItems: 1, Marker }));
    expect(names(page).length).toBeLessThanOrEqual(1);
    paged.push(...names(page));
    Marker = page.Marker;
    more = page.IsTruncated === true;
  }
  expect(paged).toEqual(names(all));
  const roles = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ["Role"] }));
  expect(names(roles)).toEqual(["runner"]);
});

test("lists of users are cut and go on by their markers; tags are added, replaced, taken away", async () => {
  const { iam } = root;
  const made = ["p1", "p2", "p3", "p4", "p5"];
  for (const UserName of made) await iam.send(new CreateUserCommand({ UserName, Path: "/paged/" }));
  const seen: (string | undefined)[] = [];
  for (let Marker: string | undefined, more = true; more;) {
    const page = await iam.send(new ListUsersCommand({ PathPrefix: "/paged/", MaxItems: 2, Marker }));
    seen.push(...page.Users!.map(({ UserName }) => UserName));
    Marker = page.Marker;
    more = page.IsTruncated === true;
  }
  expect(seen).toEqual(made);
  const UserName = "p1";
  const [team, cost] = [
    { Key: "team", Value: "a" },
    { Key: "cost", Value: "1" },
  ];
  await iam.send(new TagUserCommand({ UserName, Tags: [team, cost] }));
  await iam.send(new TagUserCommand({ UserName, Tags: [{ Key: "Team", Value: "b" }] }));
  await iam.send(new UntagUserCommand({ UserName, TagKeys: ["cost"] }));
  const { Tags } = await iam.send(new ListUserTagsCommand({ UserName }));
  expect(Tags).toEqual([{ Key: "Team", Value: "b" }]);
});

test("a function does in S3 what its role allows, and is denied the rest", async () => {
  const { iam, s3 } = root;
  for (const Bucket of ["mine", "not-mine"]) await s3.send(new CreateBucketCommand({ Bucket }));

  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "one-bucket", AssumeRolePolicyDocument: TRUST }));
  const PolicyDocument = documentOf({
    Effect: "Allow",
    Action: "s3:*",
    Resource: ["arn:aws:s3:::mine", "arn:aws:s3:::mine/*"],
  });
  await iam.send(new PutRolePolicyCommand({ RoleName: "one-bucket", PolicyName: "own", PolicyDocument }));
  const code = `const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");
    const s3 = new S3Client({ forcePathStyle: true });
    exports.handler = async (Bucket) => {
      try {
        await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x" }));
        return "written";
      } catch (error) {
        return error.name;
      }
    };`;
  const lambda = createLambdaClient(verge);
  const name = await createFunction(lambda, code, { Role: Role!.Arn });
  expect((await invokeFunction(lambda, name, "mine")).result).toBe("written");
  expect((await invokeFunction(lambda, name, "not-mine")).result).toBe("AccessDenied");
});

test("users and roles have none of what cannot be made here, and those that do not exist are missed", async () => {
  const { iam } = root;
  await iam.send(new CreateRoleCommand({ RoleName: "profiled", AssumeRolePolicyDocument: TRUST }));
  await iam.send(new CreateUserCommand({ UserName: "plain" }));
  const ask = (RoleName: string) => iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
  expect(await ask("profiled")).toMatchObject({ InstanceProfiles: [], IsTruncated: false });
  await expect(ask("nobody")).rejects.toMatchObject({ name: "NoSuchEntityException" });

  const list = async (UserName?: string) => ({
    ...(await iam.send(new ListMFADevicesCommand({ UserName }))),
    ...(await iam.send(new ListSSHPublicKeysCommand({ UserName }))),
    ...(await iam.send(new ListSigningCertificatesCommand({ UserName }))),
    ...(await iam.send(new ListServiceSpecificCredentialsCommand({ UserName }))),
  });
  const none = { MFADevices: [], SSHPublicKeys: [], Certificates: [], ServiceSpecificCredentials: [] };
  expect(await list("plain")).toMatchObject(none);
  expect(await list()).toMatchObject(none);
  await expect(list("nobody")).rejects.toMatchObject({ name: "NoSuchEntityException" });
  await expect(iam.send(new DeleteLoginProfileCommand({ UserName: "plain" }))).rejects.toMatchObject({
    name: "NoSuchEntityException",
    message: "Login Profile for User plain cannot be found.",
  });
  await expect(iam.send(new GetAccountPasswordPolicyCommand({}))).rejects.toMatchObject({
    name: "NoSuchEntityException",
  });
});

test("a role's description and longest session are changed, each for itself", async () => {
  const { iam } = root;
  const RoleName = "described";
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST, Description: "old" }));
  const { Role } = await iam.send(new UpdateRoleDescriptionCommand({ RoleName, Description: "new" }));
  expect(Role).toMatchObject({ RoleName, Description: "new", MaxSessionDuration: 3_600 });
  await iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 7_200 }));
  const read = await iam.send(new GetRoleCommand({ RoleName }));
  expect(read.Role).toMatchObject({ Description: "new", MaxSessionDuration: 7_200 });
});
