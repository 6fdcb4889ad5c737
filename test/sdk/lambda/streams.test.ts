import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const PAUSE = "const pause = () => new Promise((done) => setTimeout(done, 300));";
const COUNTING = `${PAUSE}
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  for (const word of ["one ", "two ", "three"]) { stream.write(word); await pause(); }
  console.log("written");
  stream.end();
});`;

async function invokeStreaming(FunctionName: string, event: unknown = {}) {
  const answer = await lambda.send(
    new InvokeWithResponseStreamCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)), LogType: "Tail" }),
  );
  const began = performance.now();
  const chunks: { text: string; at: number }[] = [];
  let complete;
  for await (const { PayloadChunk, InvokeComplete } of answer.EventStream!) {
    const text = Buffer.from(PayloadChunk?.Payload ?? []).toString();
    if (PayloadChunk) chunks.push({ text, at: performance.now() - began });
    complete ??= InvokeComplete;
  }
  return { ...answer, chunks, complete, text: chunks.map(({ text }) => text).join("") };
}

describe("InvokeWithResponseStream", () => {
  it("hands on what the function writes when it writes it", async () => {
    const name = await createFunction(lambda, COUNTING);
    const { text, chunks, complete, ExecutedVersion } = await invokeStreaming(name);
    expect([text, ExecutedVersion]).toEqual(["one two three", "$LATEST"]);
    expect(chunks.at(-1)!.at - chunks[0]!.at).toBeGreaterThan(400);
    expect(complete!.ErrorCode).toBeUndefined();
    expect(Buffer.from(complete!.LogResult!, "base64").toString()).toContain("written");
  });

  it("ends with the error of a function that fails", async () => {
    const name = await createFunction(
      lambda,
      "exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('some'); throw new TypeError('midway'); });",
    );
    const { complete } = await invokeStreaming(name);
    expect(complete!.ErrorCode).toBe("Unhandled");
    expect(JSON.parse(complete!.ErrorDetails!)).toMatchObject({ errorType: "TypeError", errorMessage: "midway" });
  });

  it("streams the result of an ordinary handler in one piece", async () => {
    const name = await createFunction(lambda);
    expect((await invokeStreaming(name, { a: 1 })).text).toBe('{"a":1}');
  });

  it("counts as an execution until the stream ends", async () => {
    const FunctionName = await createFunction(lambda, COUNTING);
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 }));
    const streaming = await lambda.send(new InvokeWithResponseStreamCommand({ FunctionName }));
    const invoke = () => lambda.send(new InvokeCommand({ FunctionName }));
    await expect(invoke()).rejects.toMatchObject({ name: "TooManyRequestsException" });
    for await (const event of streaming.EventStream!) expect(event).toBeDefined();
    await expect.poll(async () => (await invoke()).StatusCode).toBe(200);
  });
});

describe("a URL that streams", () => {
  async function createUrl(code: string): Promise<string> {
    const FunctionName = await createFunction(lambda, code);
    const { FunctionUrl } = await lambda.send(
      new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", InvokeMode: "RESPONSE_STREAM" }),
    );
    await lambda.send(
      new AddPermissionCommand({
        FunctionName,
        StatementId: "url",
        Action: "lambda:InvokeFunctionUrl",
        Principal: "*",
        FunctionUrlAuthType: "NONE",
      }),
    );
    return FunctionUrl!;
  }

  it("answers with the status and headers of the prelude, then as the function writes", async () => {
    const url = await createUrl(`${PAUSE}
      exports.handler = awslambda.streamifyResponse(async (event, stream) => {
        stream = awslambda.HttpResponseStream.from(stream, {
          statusCode: 418,
          headers: { "content-type": "text/plain", "x-path": event.rawPath },
          cookies: ["a=1"],
        });
        stream.write("first "); await pause(); stream.write("last"); stream.end();
      });`);
    const answer = await fetch(`${url}tea`);
    expect(answer.status).toBe(418);
    expect(answer.headers.get("x-path")).toBe("/tea");
    expect(answer.headers.getSetCookie()).toEqual(["a=1"]);
    const arrivals: number[] = [];
    let text = "";
    for await (const chunk of answer.body!) {
      arrivals.push(performance.now());
      text += Buffer.from(chunk).toString();
    }
    expect(text).toBe("first last");
    expect(arrivals.at(-1)! - arrivals[0]!).toBeGreaterThan(150);
  });

  it("without a prelude answers 200 with the content type", async () => {
    const answer = await fetch(await createUrl(COUNTING));
    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
      200,
      "text/plain",
      "one two three",
    ]);
  });

  it("says 502 when the function fails before it has written", async () => {
    const answer = await fetch(
      await createUrl("exports.handler = awslambda.streamifyResponse(async () => { throw new Error('early'); });"),
    );
    expect([answer.status, await answer.text()]).toEqual([502, '{"Message":"Internal Server Error"}']);
  });
});
