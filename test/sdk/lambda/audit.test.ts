import { DeleteFunctionCommand, GetFunctionCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AuditRecord } from "../../../src/metadata/registry/protocol.ts";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import type { Verge } from "../../support/server.ts";
import { startVerge } from "../../support/server.ts";
import { callVerge } from "../../support/verge-api.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

it("records who changed which function, and with what outcome; reads and invocations not", async () => {
  const name = await createFunction(lambda, "exports.handler = async () => 1;");
  await invokeFunction(lambda, name);
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: name }));
  const { key, account } = await callVerge<{
    key: { accessKeyId: string; secretAccessKey: string };
    account: { id: string };
  }>(verge, "POST", "/accounts", { name: "other" });
  const other = createLambdaClient(verge, { credentials: key });
  const deletion = new DeleteFunctionCommand({ FunctionName: Configuration?.FunctionArn });
  await expect(other.send(deletion)).rejects.toMatchObject({ name: "AccessDeniedException" });
  const { $metadata } = await lambda.send(deletion);
  await expect(lambda.send(deletion)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  const { records } = await callVerge<{ records: AuditRecord[] }>(verge, "GET", "/audit");
  const own = records.filter(({ action }) => action.startsWith("lambda:")).toReversed();
  expect(own.map(({ action, outcome }) => [action, outcome])).toEqual([
    ["lambda:CreateFunction", "Success"],
    ["lambda:DeleteFunction", "AccessDeniedException"],
    ["lambda:DeleteFunction", "Success"],
    ["lambda:DeleteFunction", "ResourceNotFoundException"],
  ]);
  expect(own[0]?.target).toBe(Configuration?.FunctionArn);
  expect(own[1]).toMatchObject({ accountId: account.id, accessKeyId: key.accessKeyId });
  expect(own[2]).toMatchObject({
    accessKeyId: verge.accessKeyId,
    requestId: $metadata.requestId,
    target: Configuration?.FunctionArn,
  });
});
