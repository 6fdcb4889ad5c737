import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const SLOW = "exports.handler = async () => { await new Promise((done) => setTimeout(done, 400)); return 'done'; };";

it("lets so many executions run at once, and no more", async () => {
  const FunctionName = await createFunction(lambda, SLOW);
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 3 }));
  const answers = await Promise.allSettled(Array.from({ length: 8 }, () => invokeFunction(lambda, FunctionName)));
  const refused = answers.filter(({ status }) => status === "rejected");
  expect(refused.length).toBe(5);
  for (const { reason } of refused as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({
      name: "TooManyRequestsException",
      message: "Rate Exceeded.",
      Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
      $metadata: { httpStatusCode: 429 },
    });
  }
  // Those that have ended make room.
  const again = await Promise.all(Array.from({ length: 3 }, () => invokeFunction(lambda, FunctionName)));
  expect(again.map(({ result }) => result)).toEqual(["done", "done", "done"]);
});

it("0 stops a function; without a reservation it runs again", async () => {
  const FunctionName = await createFunction(lambda);
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
  await expect(invokeFunction(lambda, FunctionName)).rejects.toMatchObject({ name: "TooManyRequestsException" });
  const { Concurrency } = await lambda.send(new GetFunctionCommand({ FunctionName }));
  expect(Concurrency).toEqual({ ReservedConcurrentExecutions: 0 });
  await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  const { ReservedConcurrentExecutions } = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
  expect(ReservedConcurrentExecutions).toBeUndefined();
  expect((await invokeFunction(lambda, FunctionName, { a: 1 })).result).toEqual({ a: 1 });
});

it("leaves the account a hundred", async () => {
  const FunctionName = await createFunction(lambda);
  await expect(
    lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 950 })),
  ).rejects.toMatchObject({
    name: "InvalidParameterValueException",
    message: expect.stringContaining("below its minimum value of [100]"),
  });
});
