import { CreateFunctionCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient, describeFunction, invokeFunction } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

/** Waits in its middle, so that all that may run at once do. */
const REMEMBER = `
  const fs = require("fs");
  let current;
  let running = 0;
  let most = 0;
  exports.handler = async ({ id }) => {
    most = Math.max(most, ++running);
    current = id;
    fs.writeFileSync("/tmp/mine", String(id));
    await new Promise((resolve) => setTimeout(resolve, 200));
    running--;
    return { id, current, file: fs.readFileSync("/tmp/mine", "utf8"), most };
  };
`;

const invokeAtOnce = (name: string, count: number) =>
  Promise.all(Array.from({ length: count }, async (_, id) => (await invokeFunction(lambda, name, { id })).result));

describe("50 invocations at once", () => {
  it("each have the module's variables and /tmp to themselves", async () => {
    const name = await createFunction(lambda, REMEMBER, { Timeout: 30 });
    const results = await invokeAtOnce(name, 50);
    expect(results).toEqual(results.map((_, id) => ({ id, current: id, file: String(id), most: 1 })));
  });

  it("find what an earlier one left in their environment", async () => {
    const name = await createFunction(
      lambda,
      `const fs = require("fs"); let count = 0;
       exports.handler = async () => { fs.appendFileSync("/tmp/log", "x"); return [++count, fs.readFileSync("/tmp/log", "utf8").length]; };`,
    );
    const results = [];
    for (let call = 0; call < 3; call++) results.push((await invokeFunction(lambda, name)).result);
    expect(results).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it("share one environment when the function says that they may", async () => {
    const Environment = { Variables: { VERGE_ENVIRONMENTS: "shared" } };
    const name = await createFunction(
      lambda,
      `let running = 0; let most = 0;
       exports.handler = async () => {
         most = Math.max(most, ++running);
         await new Promise((resolve) => setTimeout(resolve, 300));
         running--;
         return most;
       };`,
      { Environment, Timeout: 30 },
    );
    expect(Math.max(...((await invokeAtOnce(name, 50)) as number[]))).toBe(50);
  });
});

it.each([
  [{ VERGE_ENVIRONMENTS: "pooled" }, "VERGE_ENVIRONMENTS, which must be 'exclusive' or 'shared'"],
  [{ VERGE_EGRESS_ALLOW: "https://example.com" }, "VERGE_EGRESS_ALLOW, which must be hosts"],
])("refuses settings that mean nothing: %o", async (Variables, message) => {
  const input = { ...describeFunction("refused"), Environment: { Variables } };
  await expect(lambda.send(new CreateFunctionCommand(input))).rejects.toMatchObject({
    name: "InvalidParameterValueException",
    message: expect.stringContaining(message),
  });
});
