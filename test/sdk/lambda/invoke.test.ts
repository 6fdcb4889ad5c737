import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import type { CreateFunctionCommandInput, InvokeCommandInput } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import type { Verge } from "../../support/server.ts";
import { startVerge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const create = (code: string, more: Partial<CreateFunctionCommandInput> = {}) => createFunction(lambda, code, more);
const invoke = (name: string, event?: unknown, more: Partial<InvokeCommandInput> = {}) =>
  invokeFunction(lambda, name, event, more);

describe("Invoke", () => {
  it("answers what the handler returns", async () => {
    const name = await create("exports.handler = async (event) => ({ got: event, on: process.version });");
    const { result, StatusCode, ExecutedVersion, FunctionError, $metadata } = await invoke(name, { a: [1, "ü"] });
    expect(result).toEqual({ got: { a: [1, "ü"] }, on: expect.stringMatching(/^v2\d/) });
    expect({ StatusCode, ExecutedVersion, FunctionError }).toEqual({
      StatusCode: 200,
      ExecutedVersion: "$LATEST",
      FunctionError: undefined,
    });
    expect($metadata.requestId).toMatch(/^[0-9a-f]{8}-/);
  });

  it("gives the handler its environment and context", async () => {
    const name = await create(
      "exports.handler = async (event, context) => ({ secret: process.env.SECRET, name: context.functionName, arn: context.invokedFunctionArn, id: context.awsRequestId });",
      { Environment: { Variables: { SECRET: "of this function" } } },
    );
    const { result, $metadata } = await invoke(name, {});
    expect(result).toMatchObject({
      secret: "of this function",
      name,
      arn: expect.stringMatching(new RegExp(`:function:${name}$`)),
      id: $metadata.requestId,
    });
  });

  it("marks a handler's error, and answers 200", async () => {
    const name = await create("exports.handler = async () => { throw new TypeError('no such thing'); };");
    const { result, StatusCode, FunctionError } = await invoke(name, {});
    expect({ StatusCode, FunctionError }).toEqual({ StatusCode: 200, FunctionError: "Unhandled" });
    expect(result).toMatchObject({ errorType: "TypeError", errorMessage: "no such thing" });
  });

  it("shows the end of the log when it is asked for", async () => {
    const name = await create(
      "exports.handler = async () => { console.log('x'.repeat(5000)); console.log('the end'); };",
    );
    const { LogResult, $metadata } = await invoke(name, {}, { LogType: "Tail" });
    const tail = Buffer.from(LogResult!, "base64");
    expect(tail.byteLength).toBe(4096);
    expect(tail.toString()).toContain("the end");
    expect(tail.toString()).toContain(`END RequestId: ${$metadata.requestId}`);
    expect((await invoke(name, {})).LogResult).toBeUndefined();
  });

  it("only checks with DryRun", async () => {
    const name = await create("exports.handler = async () => { throw new Error('must not run'); };");
    const { StatusCode, result } = await invoke(name, {}, { InvocationType: "DryRun" });
    expect({ StatusCode, result }).toEqual({ StatusCode: 204, result: undefined });
  });

  it("hands on the client context", async () => {
    const name = await create("exports.handler = async (event, context) => context.clientContext;");
    const ClientContext = Buffer.from(JSON.stringify({ custom: { a: "b" } })).toString("base64");
    expect((await invoke(name, {}, { ClientContext })).result).toMatchObject({ custom: { a: "b" } });
    await expect(invoke(name, {}, { ClientContext: "!!!" })).rejects.toMatchObject({
      name: "InvalidRequestContentException",
    });
  });

  it("refuses what is not JSON, and more than 6 MB of it", async () => {
    const name = await create("exports.handler = async (event) => event.length;");
    await expect(lambda.send(new InvokeCommand({ FunctionName: name, Payload: "{not json" }))).rejects.toMatchObject({
      name: "InvalidRequestContentException",
      message: expect.stringContaining("Could not parse request body into json"),
      $metadata: { httpStatusCode: 400 },
    });
    const fits = JSON.stringify("x".repeat(6_291_456 - 2));
    const answer = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: fits }));
    expect(answer.Payload?.transformToString()).toBe(String(6_291_454));
    await expect(lambda.send(new InvokeCommand({ FunctionName: name, Payload: `${fits} ` }))).rejects.toMatchObject({
      name: "RequestTooLargeException",
      message: "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
      $metadata: { httpStatusCode: 413 },
    });
  });

  it("knows no function that is not there", async () => {
    await expect(invoke("nobody", {})).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      $metadata: { httpStatusCode: 404 },
    });
  });
});
