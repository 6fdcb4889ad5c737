import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  AddPermissionCommand,
  CreateEventSourceMappingCommand,
  LambdaClient,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand, type Credentials, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { addAccount } from "../../support/accounts.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { clientsOf, documentOf, type Keys, makeUser } from "../iam/iam-support.ts";

// Attack class 6.

let verge: Verge;
let root: ReturnType<typeof clientsOf>;
let accountId: string;
beforeAll(async () => {
  verge = await startVerge();
  root = clientsOf(verge);
  const { User } = await root.iam.send(new CreateUserCommand({ UserName: "victim" }));
  accountId = User!.Arn!.split(":")[4]!;
  await root.s3.send(new CreateBucketCommand({ Bucket: "vault" }));
  await root.s3.send(new PutObjectCommand({ Bucket: "vault", Key: "secret", Body: "secret" }));
  await root.s3.send(new CreateBucketCommand({ Bucket: "scratch" }));
});
afterAll(() => verge.stop());

const DENIED = { name: expect.stringMatching(/^AccessDenied/) as string };
const ALLOW_ALL = { Effect: "Allow", Action: "*", Resource: "*" };

function keysOf(credentials: Partial<Credentials> = {}): Keys {
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken } = credentials;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(SessionToken !== undefined && { sessionToken: SessionToken }),
  };
}

describe("attack class 6: minting keys past a Deny", () => {
  it("fails for others and for oneself, by whatever makes a key work again", async () => {
    const keys = await makeUser(root.iam, "minter", ALLOW_ALL, {
      Effect: "Deny",
      Action: ["iam:CreateAccessKey", "iam:UpdateAccessKey"],
      Resource: "*",
    });
    const { iam } = clientsOf(verge, keys);
    for (const UserName of ["victim", "minter", undefined]) {
      await expect(iam.send(new CreateAccessKeyCommand({ UserName }))).rejects.toMatchObject(DENIED);
    }
    const again = new UpdateAccessKeyCommand({ UserName: "minter", AccessKeyId: keys.accessKeyId, Status: "Active" });
    await expect(iam.send(again)).rejects.toMatchObject(DENIED);
  });

  it("a session makes no keys that outlive it", async () => {
    const keys = await makeUser(root.iam, "sessions", ALLOW_ALL);
    const { Credentials } = await clientsOf(verge, keys).sts.send(new GetSessionTokenCommand({}));
    const { iam } = clientsOf(verge, keysOf(Credentials));
    await expect(iam.send(new CreateAccessKeyCommand({ UserName: "victim" }))).rejects.toMatchObject(DENIED);
  });
});

describe("attack class 6: privileges that grow", () => {
  it("who may not change policies changes none, in none of the ways there are", async () => {
    await root.iam.send(new CreateGroupCommand({ GroupName: "admins" }));
    const { Policy } = await root.iam.send(
      new CreatePolicyCommand({ PolicyName: "own", PolicyDocument: documentOf({ ...ALLOW_ALL, Action: "s3:List*" }) }),
    );
    const trust = documentOf({
      Effect: "Allow",
      Principal: { Service: "lambda.amazonaws.com" },
      Action: "sts:AssumeRole",
    });
    const { Role } = await root.iam.send(
      new CreateRoleCommand({ RoleName: "strong", AssumeRolePolicyDocument: trust }),
    );
    const keys = await makeUser(root.iam, "climber", {
      Effect: "Allow",
      Action: ["iam:Get*", "iam:List*", "sts:*"],
      Resource: "*",
    });
    await root.iam.send(new AttachUserPolicyCommand({ UserName: "climber", PolicyArn: Policy!.Arn }));
    const { iam, sts } = clientsOf(verge, keys);
    const PolicyDocument = documentOf(ALLOW_ALL);
    const PolicyArn = Policy!.Arn!;
    const UserName = "climber";
    const attempts = [
      () => iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument })),
      () =>
        iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" })),
      () => iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true })),
      () => iam.send(new AddUserToGroupCommand({ UserName, GroupName: "admins" })),
      () => iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: "strong", PolicyDocument: trust })),
      () => iam.send(new PutRolePolicyCommand({ RoleName: "strong", PolicyName: "p", PolicyDocument })),
      () => sts.send(new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName: "climb" })),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject(DENIED);
  });

  it("who is bounded cannot take the boundary away, nor make users without it", async () => {
    const { Policy } = await root.iam.send(
      new CreatePolicyCommand({
        PolicyName: "bounds",
        PolicyDocument: documentOf(
          { Effect: "Allow", Action: "s3:*", Resource: "*" },
          {
            Effect: "Allow",
            Action: ["iam:CreateUser", "iam:PutUserPolicy"],
            Resource: "*",
            Condition: { StringEquals: { "iam:PermissionsBoundary": `arn:aws:iam::${accountId}:policy/bounds` } },
          },
        ),
      }),
    );
    const keys = await makeUser(root.iam, "bounded", ALLOW_ALL);
    const bounded = { UserName: "bounded", PermissionsBoundary: Policy!.Arn };
    await root.iam.send(new PutUserPermissionsBoundaryCommand(bounded));
    const { iam } = clientsOf(verge, keys);
    await expect(iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: "bounded" }))).rejects.toMatchObject(
      DENIED,
    );
    const free = { ...bounded, PermissionsBoundary: "arn:aws:iam::aws:policy/AdministratorAccess" };
    await expect(iam.send(new PutUserPermissionsBoundaryCommand(free))).rejects.toMatchObject(DENIED);
    await expect(iam.send(new CreateUserCommand({ UserName: "unbounded" }))).rejects.toMatchObject(DENIED);
    await iam.send(new CreateUserCommand({ UserName: "alike", PermissionsBoundary: Policy!.Arn }));
  });
});

describe("attack class 6: policies that lock the root out", () => {
  it("of a bucket: its account's root takes them back", async () => {
    const { s3 } = root;
    await s3.send(new CreateBucketCommand({ Bucket: "locked" }));
    const Resource = ["arn:aws:s3:::locked", "arn:aws:s3:::locked/*"];
    const Policy = documentOf({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource });
    await s3.send(new PutBucketPolicyCommand({ Bucket: "locked", Policy }));
    await expect(s3.send(new PutObjectCommand({ Bucket: "locked", Key: "a", Body: "a" }))).rejects.toMatchObject(
      DENIED,
    );
    const keys = await makeUser(root.iam, "locksmith", ALLOW_ALL);
    const asUser = clientsOf(verge, keys).s3;
    await expect(asUser.send(new DeleteBucketPolicyCommand({ Bucket: "locked" }))).rejects.toMatchObject(DENIED);
    await s3.send(new DeleteBucketPolicyCommand({ Bucket: "locked" }));
    await s3.send(new PutObjectCommand({ Bucket: "locked", Key: "a", Body: "a" }));
  });
});

describe("attack class 6: roles that one may not pass", () => {
  it("reach neither a function nor a schedule", async () => {
    const trust = documentOf({
      Effect: "Allow",
      Principal: { Service: ["lambda.amazonaws.com", "scheduler.amazonaws.com"] },
      Action: "sts:AssumeRole",
    });
    const { Role } = await root.iam.send(
      new CreateRoleCommand({ RoleName: "powerful", AssumeRolePolicyDocument: trust }),
    );
    const name = await createFunction(createLambdaClient(verge), "exports.handler = async () => 1;");
    const keys = await makeUser(
      root.iam,
      "passer",
      { Effect: "Allow", Action: ["lambda:*", "scheduler:*"], Resource: "*" },
      // For another service than the one that it is given to.
      {
        Effect: "Allow",
        Action: "iam:PassRole",
        Resource: "*",
        Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
      },
    );
    const { config } = clientsOf(verge, keys);
    const lambda = new LambdaClient(config);
    await expect(
      lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Role: Role!.Arn })),
    ).rejects.toMatchObject({ message: expect.stringContaining("iam:PassRole") as string });
    const schedule = { Name: "s", ScheduleExpression: "rate(1 day)", FlexibleTimeWindow: { Mode: "OFF" as const } };
    const Target = { Arn: `arn:aws:lambda:${verge.region}:${accountId}:function:${name}`, RoleArn: Role!.Arn };
    await expect(
      new SchedulerClient(config).send(new CreateScheduleCommand({ ...schedule, Target })),
    ).rejects.toMatchObject({ message: expect.stringContaining("iam:PassRole") as string });
  });
});

describe("attack class 6: targets that the caller may not use", () => {
  it("a notification reaches no function and no queue of another account that did not let it", async () => {
    const other = await addAccount(verge, "other");
    const theirLambda = createLambdaClient(verge, { credentials: other.credentials });
    const name = await createFunction(theirLambda, "exports.handler = async () => 1;");
    const theirSqs = new SQSClient({ ...root.config, credentials: other.credentials });
    const { QueueUrl } = await theirSqs.send(new CreateQueueCommand({ QueueName: "theirs" }));
    const { Attributes } = await theirSqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
    );
    const QueueArn = Attributes!["QueueArn"]!;
    const theirs = QueueArn.split(":")[4]!;
    const functionArn = `arn:aws:lambda:${verge.region}:${theirs}:function:${name}`;
    const Events = ["s3:ObjectCreated:*" as const];
    for (const NotificationConfiguration of [
      { LambdaFunctionConfigurations: [{ LambdaFunctionArn: functionArn, Events }] },
      { QueueConfigurations: [{ QueueArn, Events }] },
    ]) {
      await expect(
        root.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: "scratch", NotificationConfiguration })),
      ).rejects.toMatchObject({ name: "InvalidArgument" });
    }
    // Nobody but its owner opens a function.
    const opening = new AddPermissionCommand({
      FunctionName: functionArn,
      StatementId: "s",
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
    });
    await expect(createLambdaClient(verge).send(opening)).rejects.toMatchObject(DENIED);
  });

  it("a function reads no queue that its role may not read", async () => {
    const sqs = new SQSClient(root.config);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "private" }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "secret" }));
    const trust = documentOf({
      Effect: "Allow",
      Principal: { Service: "lambda.amazonaws.com" },
      Action: "sts:AssumeRole",
    });
    const { Role } = await root.iam.send(
      new CreateRoleCommand({ RoleName: "reader", AssumeRolePolicyDocument: trust }),
    );
    const lambda = createLambdaClient(verge);
    const FunctionName = await createFunction(lambda, "exports.handler = async () => 1;", { Role: Role!.Arn });
    const keys = await makeUser(root.iam, "mapper", { Effect: "Allow", Action: "lambda:*", Resource: "*" });
    const mapping = { FunctionName, EventSourceArn: `arn:aws:sqs:${verge.region}:${accountId}:private` };
    await expect(
      new LambdaClient(clientsOf(verge, keys).config).send(new CreateEventSourceMappingCommand(mapping)),
    ).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: expect.stringContaining("does not have permissions to call ReceiveMessage") as string,
    });
    const PolicyDocument = documentOf({
      Effect: "Allow",
      Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      Resource: mapping.EventSourceArn,
    });
    await root.iam.send(new PutRolePolicyCommand({ RoleName: "reader", PolicyName: "read", PolicyDocument }));
    await lambda.send(new CreateEventSourceMappingCommand({ ...mapping, Enabled: false }));
  });

  it("a right over one function moves no event source of another to it", async () => {
    const sqs = new SQSClient(root.config);
    await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
    const lambda = createLambdaClient(verge);
    const theirs = await createFunction(lambda, "exports.handler = async () => 1;");
    const own = await createFunction(lambda, "exports.handler = async () => 2;");
    const EventSourceArn = `arn:aws:sqs:${verge.region}:${accountId}:orders`;
    const { UUID } = await lambda.send(
      new CreateEventSourceMappingCommand({ FunctionName: theirs, EventSourceArn, Enabled: false }),
    );
    const update = new UpdateEventSourceMappingCommand({ UUID, FunctionName: own });
    const arn = `arn:aws:lambda:${verge.region}:${accountId}`;
    const ofFunction = { Effect: "Allow", Action: "lambda:*", Resource: `${arn}:function:${own}` };
    const mover = await makeUser(root.iam, "mover", ofFunction);
    await expect(new LambdaClient(clientsOf(verge, mover).config).send(update)).rejects.toMatchObject(DENIED);
    const ofMapping = { Effect: "Allow", Action: "lambda:*", Resource: `${arn}:event-source-mapping:${UUID}` };
    const keeper = await makeUser(root.iam, "keeper", ofFunction, ofMapping);
    await new LambdaClient(clientsOf(verge, keeper).config).send(update);
  });
});

describe("attack class 6: copy sources that the caller may not read", () => {
  it("a user who may write anywhere copies nothing that is denied to it, whole or by part", async () => {
    const keys = await makeUser(
      root.iam,
      "copier",
      { Effect: "Allow", Action: "s3:*", Resource: "*" },
      { Effect: "Deny", Action: ["s3:GetObject", "s3:GetObjectVersion"], Resource: "arn:aws:s3:::vault/*" },
    );
    const { s3 } = clientsOf(verge, keys);
    const place = { Bucket: "scratch", Key: "copy" };
    for (const CopySource of ["vault/secret", "/vault/secret", "vault%2Fsecret", "vault/secret?versionId=null"]) {
      await expect(s3.send(new CopyObjectCommand({ ...place, CopySource }))).rejects.toMatchObject({
        name: "AccessDenied",
      });
    }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
    const part = { ...place, UploadId, PartNumber: 1, CopySource: "vault/secret" };
    await expect(s3.send(new UploadPartCopyCommand(part))).rejects.toMatchObject({ name: "AccessDenied" });
    await expect(s3.send(new GetObjectCommand(place))).rejects.toMatchObject({ name: "NoSuchKey" });
  });
});
