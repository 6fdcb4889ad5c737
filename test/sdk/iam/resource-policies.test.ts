import { CreateRoleCommand } from "@aws-sdk/client-iam";
import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  type LambdaClient,
  RemovePermissionCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import {
  AddPermissionCommand as AddQueuePermissionCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  RemovePermissionCommand as RemoveQueuePermissionCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount, type OtherAccount } from "../../support/accounts.ts";
import { createFunction, createLambdaClient, describeFunction, invokeFunction } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { signedFetch } from "../../support/signed-fetch.ts";
import { createQueue, readQueueArn } from "../sqs/support.ts";
import { clientsOf, documentOf, type Keys, makeUser } from "./iam-support.ts";

let verge: Verge;
let accountId: string;
let owner: LambdaClient;
let sqs: SQSClient;
let other: OtherAccount;
/** Users of the owning account without any policy, and of another with one for everything. */
let plain: Keys;
let stranger: Keys;
let powerless: Keys;
const refused = { name: "AccessDeniedException" };

beforeAll(async () => {
  verge = await startVerge();
  const root = clientsOf(verge);
  accountId = (await root.sts.send(new GetCallerIdentityCommand({}))).Account!;
  owner = createLambdaClient(verge);
  sqs = new SQSClient(root.config);
  other = await addAccount(verge, "other");
  const { iam } = clientsOf(verge, other.credentials);
  plain = await makeUser(root.iam, "plain");
  stranger = await makeUser(iam, "stranger", { Effect: "Allow", Action: "*", Resource: "*" });
  powerless = await makeUser(iam, "powerless");
});
afterAll(() => verge.stop());

const lambdaOf = (credentials: Keys) => createLambdaClient(verge, { credentials });
const sqsOf = (credentials: Keys) => new SQSClient(clientsOf(verge, credentials).config);
const arnOf = (name: string) => `arn:aws:lambda:${verge.region}:${accountId}:function:${name}`;
const allow = (FunctionName: string, StatementId: string, Principal: string, more = {}) =>
  owner.send(
    new AddPermissionCommand({ FunctionName, StatementId, Action: "lambda:InvokeFunction", Principal, ...more }),
  );

describe("the policy of a function", () => {
  test("is enough for a user of its account that it names", async () => {
    const name = await createFunction(owner, "exports.handler = async () => 'ran';");
    const call = () => invokeFunction(lambdaOf(plain), name);
    await expect(call()).rejects.toMatchObject({
      ...refused,
      message: `User: arn:aws:iam::${accountId}:user/plain is not authorized to perform: lambda:InvokeFunction on resource: ${arnOf(name)} because no identity-based policy allows the lambda:InvokeFunction action`,
    });
    // The account only delegates.
    await allow(name, "account", accountId);
    await expect(call()).rejects.toMatchObject(refused);
    await allow(name, "user", `arn:aws:iam::${accountId}:user/plain`);
    expect((await call()).result).toBe("ran");
    await owner.send(new RemovePermissionCommand({ FunctionName: name, StatementId: "user" }));
    await expect(call()).rejects.toMatchObject(refused);
  });

  test("and their own policies must both let users of another account in", async () => {
    const name = await createFunction(owner, "exports.handler = async () => 'ran';");
    const call = (keys: Keys) => invokeFunction(lambdaOf(keys), arnOf(name));
    await expect(call(stranger)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("because no resource-based policy allows the lambda:InvokeFunction action"),
    });
    await allow(name, "powerless", `arn:aws:iam::${other.id}:user/powerless`);
    await expect(call(stranger)).rejects.toMatchObject(refused);
    await expect(call(powerless)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("because no identity-based policy allows"),
    });
    await allow(name, "stranger", `arn:aws:iam::${other.id}:user/stranger`);
    expect((await call(stranger)).result).toBe("ran");
    // It names a user, not the account.
    await expect(call(other.credentials)).rejects.toMatchObject(refused);
    await allow(name, "account", other.id);
    expect((await call(other.credentials)).result).toBe("ran");
  });

  test("decides who may call its URL with a signature, by its kind of authentication", async () => {
    const name = await createFunction(owner, "exports.handler = async () => 'answered';");
    const { FunctionUrl } = await owner.send(
      new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: "AWS_IAM" }),
    );
    const call = async (credentials: Keys) => {
      const target = FunctionUrl!;
      const scope = { service: "lambda", region: verge.region };
      const { status, text } = await signedFetch(verge, { target, scope, credentials });
      return { status, text };
    };
    expect(await call(plain)).toMatchObject({ status: 403, text: expect.stringContaining("Forbidden") });
    const asked = { Action: "lambda:InvokeFunctionUrl" };
    const [anyone, user] = ["*", `arn:aws:iam::${accountId}:user/plain`];
    await allow(name, "wrong-kind", anyone, { ...asked, FunctionUrlAuthType: "NONE" });
    expect((await call(plain)).status).toBe(403);
    await allow(name, "right-kind", user, { ...asked, FunctionUrlAuthType: "AWS_IAM" });
    expect(await call(plain)).toEqual({ status: 200, text: "answered" });
    expect((await call(stranger)).status).toBe(403);
    const friend = `arn:aws:iam::${other.id}:user/stranger`;
    await allow(name, "friend", friend, { ...asked, FunctionUrlAuthType: "AWS_IAM" });
    expect(await call(stranger)).toEqual({ status: 200, text: "answered" });
    expect((await call(powerless)).status).toBe(403);
  });
});

describe("the policy of a queue", () => {
  const send = (keys: Keys, QueueUrl: string) =>
    sqsOf(keys).send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
  const setPolicy = async (QueueUrl: string, ...statements: readonly object[]) => {
    const Resource = await readQueueArn(sqs, QueueUrl);
    const Policy = documentOf(...statements.map((statement) => ({ Resource, ...statement })));
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  };

  test("is enough for a user of its account that it names", async () => {
    const QueueUrl = await createQueue(sqs);
    await expect(send(plain, QueueUrl)).rejects.toThrow(/no identity-based policy allows the sqs:SendMessage action/);
    await setPolicy(QueueUrl, {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${accountId}:user/plain` },
      Action: "sqs:SendMessage",
    });
    await send(plain, QueueUrl);
    await expect(sqsOf(plain).send(new ReceiveMessageCommand({ QueueUrl }))).rejects.toThrow(/not authorized/);
  });

  test("lets another account in together with the policies of its users, and not to everything", async () => {
    const QueueUrl = await createQueue(sqs);
    await expect(send(stranger, QueueUrl)).rejects.toThrow(/no resource-based policy allows the sqs:SendMessage/);
    const permission = { QueueUrl, Label: "friends", AWSAccountIds: [other.id], Actions: ["*"] };
    await sqs.send(new AddQueuePermissionCommand(permission));
    await send(stranger, QueueUrl);
    await send(other.credentials, QueueUrl);
    await expect(send(powerless, QueueUrl)).rejects.toThrow(/no identity-based policy allows/);
    const found = await sqsOf(stranger).send(
      new GetQueueUrlCommand({ QueueName: QueueUrl.split("/").at(-1)!, QueueOwnerAWSAccountId: accountId }),
    );
    expect(found.QueueUrl).toBe(QueueUrl);
    const Attributes = { VisibilityTimeout: "1" };
    await expect(sqsOf(stranger).send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))).rejects.toThrow(
      /no resource-based policy allows the sqs:SetQueueAttributes/,
    );
    await sqs.send(new RemoveQueuePermissionCommand({ QueueUrl, Label: "friends" }));
    await expect(send(stranger, QueueUrl)).rejects.toThrow(/not authorized/);
  });

  test("denies its own account too, which can still change the policy", async () => {
    const QueueUrl = await createQueue(sqs);
    await setPolicy(QueueUrl, { Effect: "Deny", Principal: "*", Action: "sqs:*" });
    await expect(send(verge, QueueUrl)).rejects.toThrow(
      /root is not authorized .* with an explicit deny in a resource-based policy/,
    );
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: "" } }));
    await send(verge, QueueUrl);
  });

  test("has conditions about the request", async () => {
    const QueueUrl = await createQueue(sqs);
    await setPolicy(QueueUrl, {
      Effect: "Allow",
      Principal: "*",
      Action: "sqs:SendMessage",
      Condition: { StringEquals: { "aws:PrincipalAccount": other.id } },
    });
    await send(stranger, QueueUrl);
    await expect(send(plain, QueueUrl)).rejects.toThrow(/not authorized/);
  });
});

test("a function's session may do what a policy allows to its role", async () => {
  const { iam } = clientsOf(verge);
  const trust = (Service: string) => documentOf({ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" });
  const makeRole = async (RoleName: string, service: string) =>
    (await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust(service) }))).Role!.Arn!;
  const Role = await makeRole("caller", "lambda.amazonaws.com");
  const callee = await createFunction(owner, "exports.handler = async () => 'called';");
  const code = `const { LambdaClient, InvokeCommand } = require("@aws-sdk/client-lambda");
    exports.handler = async () => {
      try {
        const { Payload } = await new LambdaClient({}).send(new InvokeCommand({ FunctionName: "${callee}" }));
        return JSON.parse(Payload.transformToString());
      } catch (error) {
        return error.name;
      }
    };`;
  const caller = await createFunction(owner, code, { Role });
  expect((await invokeFunction(owner, caller)).result).toBe("AccessDeniedException");
  await allow(callee, "role", Role);
  expect((await invokeFunction(owner, caller)).result).toBe("called");

  const foreign = await makeRole("for-others", "ec2.amazonaws.com");
  const cannot = /The role defined for the function cannot be assumed by Lambda/;
  await expect(createFunction(owner, undefined, { Role: foreign })).rejects.toThrow(cannot);
  const update = (role: string) =>
    owner.send(new UpdateFunctionConfigurationCommand({ FunctionName: caller, Role: role }));
  await expect(update(foreign)).rejects.toThrow(cannot);
  // What the account has never had is a label.
  expect((await update(describeFunction("x").Role!)).Role).toBe(describeFunction("x").Role);
});
