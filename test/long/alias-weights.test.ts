import { CreateAliasCommand, PublishVersionCommand, UpdateFunctionCodeCommand } from "@aws-sdk/client-lambda";
import { expect, test } from "vitest";
import { createFunction, createLambdaClient, invokeFunction, zipFiles } from "../support/lambda.ts";
import { startVerge } from "../support/server.ts";

const CALLS = 5_000;
const AT_ONCE = 16;

test("an alias with a weight of 10 % sends between 8 and 12 % of 5,000 calls to the other version", async () => {
  await using verge = await startVerge();
  const lambda = createLambdaClient(verge);
  const FunctionName = await createFunction(lambda, "exports.handler = async () => 1;");
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  const ZipFile = zipFiles({ "index.js": "exports.handler = async () => 2;" });
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  const RoutingConfig = { AdditionalVersionWeights: { "2": 0.1 } };
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1", RoutingConfig }));
  const counts = new Map<unknown, number>();
  let left = CALLS;
  const call = async () => {
    while (left-- > 0) {
      const { result } = await invokeFunction(lambda, FunctionName, undefined, { Qualifier: "live" });
      counts.set(result, (counts.get(result) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, call));
  const second = counts.get(2) ?? 0;
  console.log(`${second} of ${CALLS} calls went to the version with the weight of 10 %`);
  expect((counts.get(1) ?? 0) + second).toBe(CALLS);
  expect(second / CALLS).toBeGreaterThan(0.08);
  expect(second / CALLS).toBeLessThan(0.12);
});
