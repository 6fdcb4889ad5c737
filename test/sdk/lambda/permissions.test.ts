import {
  AddPermissionCommand,
  CreateAliasCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  InvokeCommand,
  type LambdaClient,
  ListFunctionsCommand,
  RemovePermissionCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { callVerge } from "../../support/verge-api.ts";

interface Created {
  readonly account: { readonly id: string };
  readonly key: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

let verge: Verge;
let owner: LambdaClient;
let stranger: LambdaClient;
let strangerId: string;
beforeAll(async () => {
  verge = await startVerge();
  owner = createLambdaClient(verge);
  const { account, key } = await callVerge<Created>(verge, "POST", "/accounts", { name: "stranger" });
  strangerId = account.id;
  stranger = createLambdaClient(verge, { credentials: key });
});
afterAll(() => verge.stop());

async function arnOf(FunctionName: string): Promise<string> {
  const { Configuration } = await owner.send(new GetFunctionCommand({ FunctionName }));
  return Configuration!.FunctionArn!;
}

describe("another account", () => {
  it("has its own functions under the same names, and sees no others", async () => {
    const name = await createFunction(owner, "exports.handler = async () => 'mine';");
    await expect(stranger.send(new GetFunctionCommand({ FunctionName: name }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect((await stranger.send(new ListFunctionsCommand({}))).Functions).toEqual([]);
  });

  it("may do with a function what its policy says, and no more", async () => {
    const FunctionName = await createFunction(owner, "exports.handler = async () => 'ran';");
    const arn = await arnOf(FunctionName);
    await expect(invokeFunction(stranger, arn)).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining(`not authorized to perform: lambda:InvokeFunction on resource: ${arn}`),
      $metadata: { httpStatusCode: 403 },
    });
    await owner.send(
      new AddPermissionCommand({
        FunctionName,
        StatementId: "friends",
        Action: "lambda:InvokeFunction",
        Principal: strangerId,
      }),
    );
    expect((await invokeFunction(stranger, arn)).result).toBe("ran");
    await expect(stranger.send(new GetFunctionCommand({ FunctionName: arn }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    await owner.send(new RemovePermissionCommand({ FunctionName, StatementId: "friends" }));
    await expect(invokeFunction(stranger, arn)).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  it("is not let in by what is allowed to services, on conditions, or on another alias", async () => {
    const FunctionName = await createFunction(owner, undefined, { Publish: true });
    await owner.send(new CreateAliasCommand({ FunctionName, Name: "open", FunctionVersion: "1" }));
    const arn = await arnOf(FunctionName);
    const base = { FunctionName, Action: "lambda:InvokeFunction" };
    await owner.send(new AddPermissionCommand({ ...base, StatementId: "s3", Principal: "s3.amazonaws.com" }));
    await owner.send(
      new AddPermissionCommand({ ...base, StatementId: "source", Principal: "*", SourceAccount: strangerId }),
    );
    await owner.send(
      new AddPermissionCommand({ ...base, StatementId: "alias", Principal: strangerId, Qualifier: "open" }),
    );
    await expect(invokeFunction(stranger, arn)).rejects.toMatchObject({ name: "AccessDeniedException" });
    await expect(invokeFunction(stranger, `${arn}:1`)).rejects.toMatchObject({ name: "AccessDeniedException" });
    expect((await stranger.send(new InvokeCommand({ FunctionName: `${arn}:open` }))).StatusCode).toBe(200);
  });
});

describe("the policy", () => {
  it("is shown as it was built", async () => {
    const FunctionName = await createFunction(owner);
    const { Statement } = await owner.send(
      new AddPermissionCommand({
        FunctionName,
        StatementId: "from-bucket",
        Action: "lambda:InvokeFunction",
        Principal: "s3.amazonaws.com",
        SourceArn: "arn:aws:s3:::photos",
        SourceAccount: "123456789012",
      }),
    );
    const statement = {
      Sid: "from-bucket",
      Effect: "Allow",
      Principal: { Service: "s3.amazonaws.com" },
      Action: "lambda:InvokeFunction",
      Resource: await arnOf(FunctionName),
      Condition: {
        StringEquals: { "AWS:SourceAccount": "123456789012" },
        ArnLike: { "AWS:SourceArn": "arn:aws:s3:::photos" },
      },
    };
    expect(JSON.parse(Statement!)).toEqual(statement);
    const { Policy, RevisionId } = await owner.send(new GetPolicyCommand({ FunctionName }));
    expect(JSON.parse(Policy!)).toEqual({ Version: "2012-10-17", Id: "default", Statement: [statement] });
    await expect(
      owner.send(new RemovePermissionCommand({ FunctionName, StatementId: "from-bucket", RevisionId: "other" })),
    ).rejects.toMatchObject({ name: "PreconditionFailedException" });
    await owner.send(new RemovePermissionCommand({ FunctionName, StatementId: "from-bucket", RevisionId }));
    await expect(owner.send(new GetPolicyCommand({ FunctionName }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "The resource you requested does not exist.",
    });
  });

  it("refuses statements twice, and principals that are none", async () => {
    const FunctionName = await createFunction(owner);
    const add = (input: object) =>
      owner.send(
        new AddPermissionCommand({
          FunctionName,
          StatementId: "one",
          Action: "lambda:InvokeFunction",
          Principal: "*",
          ...input,
        }),
      );
    await add({});
    await expect(add({})).rejects.toMatchObject({ name: "ResourceConflictException" });
    await expect(add({ StatementId: "two", Principal: "somebody" })).rejects.toMatchObject({
      name: "InvalidParameterValueException",
    });
    await expect(add({ StatementId: "two", Action: "s3:GetObject" })).rejects.toMatchObject({
      name: "ValidationException",
    });
    await expect(add({ StatementId: "two", Qualifier: "nothing" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    await expect(owner.send(new RemovePermissionCommand({ FunctionName, StatementId: "two" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});
