import {
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  type Credentials,
} from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startVerge, type Verge } from "../../support/server.ts";
import { clientsOf, documentOf, type Keys, makeUser } from "./iam-support.ts";

let verge: Verge;
let root: ReturnType<typeof clientsOf>;
let accountId: string;
const denied = { name: "AccessDenied" };

beforeAll(async () => {
  verge = await startVerge();
  root = clientsOf(verge);
  accountId = (await root.sts.send(new GetCallerIdentityCommand({}))).Account!;
  await root.s3.send(new CreateBucketCommand({ Bucket: "data" }));
  await root.s3.send(new PutObjectCommand({ Bucket: "data", Key: "a", Body: "a" }));
});
afterAll(() => verge.stop());

async function makeRole(RoleName: string, trusted: object, ...statements: readonly object[]): Promise<string> {
  const trust = documentOf({ Effect: "Allow", Action: "sts:AssumeRole", ...trusted });
  const { Role } = await root.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  if (statements.length > 0) {
    const PolicyDocument = documentOf(...statements);
    await root.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
  }
  return Role!.Arn!;
}

function keysOf(credentials: Credentials | undefined): Keys {
  const { AccessKeyId, SecretAccessKey, SessionToken } = credentials!;
  return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
}

test("a role is assumed by whom it trusts, and its sessions have what it has, or less", async () => {
  const peter = clientsOf(verge, await makeUser(root.iam, "peter"));
  const eve = clientsOf(verge, await makeUser(root.iam, "eve"));
  const RoleArn = await makeRole(
    "reader",
    {
      Principal: { AWS: `arn:aws:iam::${accountId}:user/peter` },
      Condition: { StringEquals: { "sts:ExternalId": "x1" } },
    },
    { Effect: "Allow", Action: "s3:*", Resource: ["arn:aws:s3:::data", "arn:aws:s3:::data/*"] },
  );
  const call = { RoleArn, RoleSessionName: "tour", ExternalId: "x1" };
  await expect(eve.sts.send(new AssumeRoleCommand(call))).rejects.toMatchObject(denied);
  await expect(peter.sts.send(new AssumeRoleCommand({ ...call, ExternalId: "x2" }))).rejects.toMatchObject(denied);
  const { Credentials, AssumedRoleUser } = await peter.sts.send(new AssumeRoleCommand(call));
  const arn = `arn:aws:sts::${accountId}:assumed-role/reader/tour`;
  expect(AssumedRoleUser?.Arn).toBe(arn);
  const session = clientsOf(verge, keysOf(Credentials));
  expect(await session.sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn: arn });
  await session.s3.send(new GetObjectCommand({ Bucket: "data", Key: "a" }));
  await expect(session.s3.send(new ListBucketsCommand({}))).rejects.toMatchObject(denied);
  await expect(session.iam.send(new CreateUserCommand({ UserName: "back-door" }))).rejects.toMatchObject(denied);

  const Policy = documentOf({ Effect: "Allow", Action: "s3:GetObject", Resource: "*" });
  const limited = await peter.sts.send(new AssumeRoleCommand({ ...call, Policy }));
  const lesser = clientsOf(verge, keysOf(limited.Credentials));
  await lesser.s3.send(new GetObjectCommand({ Bucket: "data", Key: "a" }));
  await expect(lesser.s3.send(new PutObjectCommand({ Bucket: "data", Key: "b", Body: "b" }))).rejects.toMatchObject(
    denied,
  );
  await expect(peter.sts.send(new AssumeRoleCommand({ ...call, DurationSeconds: 7_200 }))).rejects.toThrow(
    /MaxSessionDuration/,
  );
});

test("where a role trusts the account, the user's own policies decide", async () => {
  const RoleArn = await makeRole("account-wide", { Principal: { AWS: `arn:aws:iam::${accountId}:root` } });
  const call = new AssumeRoleCommand({ RoleArn, RoleSessionName: "tour" });
  const plain = clientsOf(verge, await makeUser(root.iam, "plain"));
  await expect(plain.sts.send(call)).rejects.toMatchObject(denied);
  const allowed = { Effect: "Allow", Action: "sts:AssumeRole", Resource: RoleArn };
  const trusted = clientsOf(verge, await makeUser(root.iam, "trusted", allowed));
  expect((await trusted.sts.send(call)).Credentials?.AccessKeyId).toMatch(/^ASIA/);
});

test("a right to assume every role opens none that does not trust its account", async () => {
  const RoleArn = await makeRole(
    "for-functions",
    { Principal: { Service: "lambda.amazonaws.com" } },
    { Effect: "Allow", Action: "*", Resource: "*" },
  );
  const everyRole = { Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" };
  const climber = clientsOf(verge, await makeUser(root.iam, "climber", everyRole));
  const call = new AssumeRoleCommand({ RoleArn, RoleSessionName: "climb" });
  await expect(climber.sts.send(call)).rejects.toMatchObject(denied);
  await expect(root.sts.send(call)).rejects.toMatchObject(denied);
});

test("sessions that were tampered with, and those of a role that is no more, are refused", async () => {
  const RoleArn = await makeRole(
    "short-lived",
    { Principal: { AWS: `arn:aws:iam::${accountId}:root` } },
    { Effect: "Allow", Action: "s3:*", Resource: "*" },
  );
  const { Credentials } = await root.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "tour" }));
  const keys = keysOf(Credentials);
  const list = (given: Keys) => clientsOf(verge, given).s3.send(new ListBucketsCommand({}));
  await list(keys);
  const token = keys.sessionToken!;
  const changed = token.slice(0, 40) + (token[40] === "A" ? "B" : "A") + token.slice(41);
  await expect(list({ ...keys, sessionToken: changed })).rejects.toMatchObject({ name: "InvalidToken" });
  const { sessionToken: _, ...bare } = keys;
  await expect(list(bare)).rejects.toMatchObject({ name: "InvalidAccessKeyId" });
  await root.iam.send(new DeleteRolePolicyCommand({ RoleName: "short-lived", PolicyName: "own" }));
  await expect(list(keys)).rejects.toMatchObject(denied);
  await root.iam.send(new DeleteRoleCommand({ RoleName: "short-lived" }));
  await makeRole("short-lived", { Principal: "*" }, { Effect: "Allow", Action: "s3:*", Resource: "*" });
  await expect(list(keys)).rejects.toMatchObject({ name: "InvalidToken" });
});

test("tokens of a user have its rights but for IAM, and federated ones what the policy leaves", async () => {
  const everything = { Effect: "Allow", Action: "*", Resource: "*" };
  const user = clientsOf(verge, await makeUser(root.iam, "frank", everything));
  const { Credentials } = await user.sts.send(new GetSessionTokenCommand({}));
  const session = clientsOf(verge, keysOf(Credentials));
  await session.s3.send(new ListBucketsCommand({}));
  await expect(session.iam.send(new CreateUserCommand({ UserName: "back-door" }))).rejects.toMatchObject(denied);
  await expect(session.sts.send(new GetSessionTokenCommand({}))).rejects.toMatchObject(denied);

  const Policy = documentOf({ Effect: "Allow", Action: "s3:GetObject", Resource: "*" });
  const token = await user.sts.send(new GetFederationTokenCommand({ Name: "guest", Policy }));
  const guest = clientsOf(verge, keysOf(token.Credentials));
  await guest.s3.send(new GetObjectCommand({ Bucket: "data", Key: "a" }));
  await expect(guest.s3.send(new ListBucketsCommand({}))).rejects.toMatchObject(denied);
});

test("a user gives a function only a role that it may pass, and that there is", async () => {
  const passable = await makeRole("passable", { Principal: { Service: "lambda.amazonaws.com" } });
  const keys = await makeUser(
    root.iam,
    "developer",
    { Effect: "Allow", Action: "lambda:*", Resource: "*" },
    { Effect: "Allow", Action: "iam:PassRole", Resource: `arn:aws:iam::${accountId}:role/pass*` },
  );
  const lambda = new LambdaClient(clientsOf(verge, keys).config);
  const create = (Role: string) =>
    lambda.send(
      new CreateFunctionCommand({
        FunctionName: "fn",
        Role,
        Runtime: "nodejs22.x",
        Handler: "index.handler",
        Code: { ZipFile: new Uint8Array([1]) },
      }),
    );
  await expect(create(`arn:aws:iam::${accountId}:role/admin`)).rejects.toThrow(/iam:PassRole/);
  await expect(create(`arn:aws:iam::${accountId}:role/pass-what-is-not-there`)).rejects.toThrow(/cannot be assumed/);
  // Allowed: what is wrong is the package.
  await expect(create(passable)).rejects.toThrow(/unzip/i);
  expect((await root.iam.send(new GetRoleCommand({ RoleName: "passable" }))).Role?.RoleId).toMatch(/^AROA/);
});
