import type { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

describe("a function that takes what all share", () => {
  it("is killed when it exhausts the memory, and the others are asked to try again", async () => {
    const bomb = await createFunction(
      lambda,
      "exports.handler = async () => { const a = []; for (;;) a.push(new Array(1000).fill(1.5)); };",
      { Timeout: 30 },
    );
    const sleeper = await createFunction(
      lambda,
      "exports.handler = async () => new Promise((resolve) => setTimeout(resolve, 20_000, 'late'));",
      { Timeout: 30 },
    );
    const bystander = invokeFunction(lambda, sleeper).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { result, StatusCode, FunctionError, LogResult, $metadata } = await invokeFunction(
      lambda,
      bomb,
      {},
      { LogType: "Tail" },
    );
    const message = `RequestId: ${$metadata.requestId} Error: Runtime exited with error: signal: killed`;
    expect({ result, StatusCode, FunctionError }).toEqual({
      result: { errorType: "Runtime.OutOfMemory", errorMessage: message },
      StatusCode: 200,
      FunctionError: "Unhandled",
    });
    expect(Buffer.from(LogResult!, "base64").toString()).toContain(message);
    expect(await bystander).toMatchObject({ name: "ServiceException", $metadata: { httpStatusCode: 503 } });
    const again = await createFunction(lambda, "exports.handler = async () => 'well';");
    expect((await invokeFunction(lambda, again)).result).toBe("well");
  });

  it("times out when it never gives the processor back, and the store answers meanwhile", async () => {
    const busy = await createFunction(lambda, "exports.handler = async () => /^(a+)+$/.test('a'.repeat(60) + 'b');", {
      Timeout: 1,
    });
    const begun = performance.now();
    const timedOut = invokeFunction(lambda, busy);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await fetch(`${verge.endpoint}/_verge/health`)).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(1_000);
    const { result, FunctionError } = await timedOut;
    expect(FunctionError).toBe("Unhandled");
    expect(result).toMatchObject({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringContaining("Task timed out after 1.00 seconds"),
    });
    const sound = await createFunction(lambda, "exports.handler = async () => 'well';", { Timeout: 10 });
    // What comes before the new process is there is lost with the old one: clients try again by themselves.
    expect((await invokeFunction(createLambdaClient(verge, { maxAttempts: 3 }), sound)).result).toBe("well");
    expect(performance.now() - begun).toBeLessThan(6_000);
  });

  it("does not end the others for the silence of a process that other work leaves no processor", async () => {
    const waiting = await createFunction(lambda, "exports.handler = async () => 'well';", { Timeout: 1 });
    const counter = await createFunction(lambda, "let calls = 0; exports.handler = async () => ++calls;");
    expect((await invokeFunction(lambda, counter)).result).toBe(1);
    const pid = verge.functionsPid!;
    process.kill(pid, "SIGSTOP");
    try {
      expect((await invokeFunction(lambda, waiting)).result).toMatchObject({ errorType: "Sandbox.Timedout" });
      await new Promise((resolve) => setTimeout(resolve, 2_500));
    } finally {
      process.kill(pid, "SIGCONT");
    }
    expect((await invokeFunction(lambda, counter)).result).toBe(2);
  });
});
