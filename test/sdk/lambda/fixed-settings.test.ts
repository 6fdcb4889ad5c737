import {
  DeleteFunctionCodeSigningConfigCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetFunctionCodeSigningConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
  GetRuntimeManagementConfigCommand,
  type LambdaClient,
  ListCodeSigningConfigsCommand,
  ListProvisionedConcurrencyConfigsCommand,
  PublishVersionCommand,
  PutFunctionCodeSigningConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
  PutRuntimeManagementConfigCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
  waitUntilPublishedVersionActive,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
let FunctionName: string;

beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
  FunctionName = await createFunction(lambda);
});
afterAll(() => verge.stop());

describe("what a tool reads of every function", () => {
  it("is not signed", async () => {
    const signing = await lambda.send(new GetFunctionCodeSigningConfigCommand({ FunctionName }));
    expect([signing.FunctionName, signing.CodeSigningConfigArn]).toEqual([FunctionName, undefined]);
    expect((await lambda.send(new ListCodeSigningConfigsCommand({}))).CodeSigningConfigs).toEqual([]);
    await lambda.send(new DeleteFunctionCodeSigningConfigCommand({ FunctionName }));
    const CodeSigningConfigArn = `arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-${"0".repeat(17)}`;
    await expect(
      lambda.send(new PutFunctionCodeSigningConfigCommand({ FunctionName, CodeSigningConfigArn })),
    ).rejects.toMatchObject({ name: "NotImplementedException" });
  });

  it("has no provisioned concurrency", async () => {
    const listed = await lambda.send(new ListProvisionedConcurrencyConfigsCommand({ FunctionName }));
    expect(listed.ProvisionedConcurrencyConfigs).toEqual([]);
    const version = { FunctionName, Qualifier: "1" };
    await lambda.send(new PublishVersionCommand({ FunctionName }));
    await expect(lambda.send(new GetProvisionedConcurrencyConfigCommand(version))).rejects.toMatchObject({
      name: "ProvisionedConcurrencyConfigNotFoundException",
      $metadata: { httpStatusCode: 404 },
    });
    await lambda.send(new DeleteProvisionedConcurrencyConfigCommand(version));
    await expect(
      lambda.send(new PutProvisionedConcurrencyConfigCommand({ ...version, ProvisionedConcurrentExecutions: 1 })),
    ).rejects.toMatchObject({ name: "NotImplementedException" });
  });

  it("is updated with the runtime", async () => {
    const management = await lambda.send(new GetRuntimeManagementConfigCommand({ FunctionName }));
    expect(management).toMatchObject({
      UpdateRuntimeOn: "Auto",
      FunctionArn: expect.stringMatching(new RegExp(String.raw`:function:${FunctionName}:\$LATEST$`)),
    });
    const put = (UpdateRuntimeOn: "Auto" | "FunctionUpdate") =>
      lambda.send(new PutRuntimeManagementConfigCommand({ FunctionName, UpdateRuntimeOn }));
    expect(await put("Auto")).toMatchObject({ UpdateRuntimeOn: "Auto" });
    await expect(put("FunctionUpdate")).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  });

  it("is that of a function that exists", async () => {
    const nobody = { FunctionName: "nobody" };
    const notFound = { name: "ResourceNotFoundException" };
    await expect(lambda.send(new GetFunctionCodeSigningConfigCommand(nobody))).rejects.toMatchObject(notFound);
    await expect(lambda.send(new GetRuntimeManagementConfigCommand(nobody))).rejects.toMatchObject(notFound);
  });
});

it("the SDK's waiters find functions ready at once", async () => {
  const waiting = { client: lambda, maxWaitTime: 10 };
  expect((await waitUntilFunctionActiveV2(waiting, { FunctionName })).state).toBe("SUCCESS");
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 5 }));
  expect((await waitUntilFunctionUpdatedV2(waiting, { FunctionName })).state).toBe("SUCCESS");
  const { Version: Qualifier } = await lambda.send(new PublishVersionCommand({ FunctionName }));
  expect((await waitUntilPublishedVersionActive(waiting, { FunctionName, Qualifier })).state).toBe("SUCCESS");
});
