import { createHash } from "node:crypto";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLambdaClient, describeFunction } from "../../support/lambda.ts";
import type { Verge } from "../../support/server.ts";
import { startVerge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

describe("CreateFunction", () => {
  it("answers the configuration, which GetFunction repeats", async () => {
    const input = describeFunction("create-me");
    const created = await lambda.send(new CreateFunctionCommand(input));
    const sha256 = createHash("sha256").update(input.Code.ZipFile).digest("base64");
    expect(created.$metadata.httpStatusCode).toBe(201);
    expect(created).toMatchObject({
      FunctionName: "create-me",
      FunctionArn: expect.stringMatching(/^arn:aws:lambda:us-east-1:\d{12}:function:create-me$/),
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      CodeSize: input.Code.ZipFile.byteLength,
      CodeSha256: sha256,
      Timeout: 3,
      MemorySize: 128,
      Version: "$LATEST",
      State: "Active",
      LastUpdateStatus: "Successful",
      PackageType: "Zip",
      Architectures: ["x86_64"],
      EphemeralStorage: { Size: 512 },
    });
    expect(created.Environment).toBeUndefined();
    const { $metadata: _, ...configuration } = created;
    const found = await lambda.send(new GetFunctionCommand({ FunctionName: "create-me" }));
    expect(found.Configuration).toEqual(configuration);
    const { $metadata: __, ...alone } = await lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: created.FunctionArn }),
    );
    expect(alone).toEqual(configuration);
    await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 5 }, { FunctionName: "create-me" });
  });

  it("keeps the zip, which is fetched where GetFunction says", async () => {
    const input = describeFunction("fetch-me");
    await lambda.send(new CreateFunctionCommand(input));
    const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName: "fetch-me" }));
    const answer = await fetch(Code!.Location!);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array(input.Code.ZipFile));
    const forged = await fetch(Code!.Location!.replace(/.$/, (last) => (last === "0" ? "1" : "0")));
    expect(forged.status).toBe(403);
  });

  it("refuses a name that is taken", async () => {
    await lambda.send(new CreateFunctionCommand(describeFunction("taken")));
    await expect(lambda.send(new CreateFunctionCommand(describeFunction("taken")))).rejects.toMatchObject({
      name: "ResourceConflictException",
      message: "Function already exist: taken",
      $metadata: { httpStatusCode: 409 },
    });
  });
});

describe("DeleteFunction", () => {
  it("removes it", async () => {
    await lambda.send(new CreateFunctionCommand(describeFunction("delete-me")));
    const deleted = await lambda.send(new DeleteFunctionCommand({ FunctionName: "delete-me" }));
    expect(deleted.$metadata.httpStatusCode).toBe(204);
    await expect(lambda.send(new GetFunctionCommand({ FunctionName: "delete-me" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: expect.stringMatching(/^Function not found: arn:aws:lambda:us-east-1:\d{12}:function:delete-me$/),
      $metadata: { httpStatusCode: 404 },
    });
    await expect(lambda.send(new DeleteFunctionCommand({ FunctionName: "delete-me" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});
