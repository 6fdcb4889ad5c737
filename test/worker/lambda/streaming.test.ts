import { describe, expect, it } from "vitest";
import { textOf } from "../../../src/lambda/runtime/payload.ts";
import { makeFunction } from "./environment.ts";

const HANDLER = `
  exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
    stream.setContentType("text/plain");
    stream.write("one ");
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (event.fail) throw new Error("broken");
    stream.write(Buffer.from("two"));
    stream.end();
    console.log("done");
  });
`;

describe("streaming responses", () => {
  it("hands chunks on while the handler runs", async () => {
    const { contentType, body, completion } = await makeFunction({ "index.js": HANDLER }).invokeStream({});
    expect(contentType).toBe("text/plain");
    const chunks: string[] = [];
    for await (const chunk of body) chunks.push(new TextDecoder().decode(chunk));
    expect(chunks).toEqual(["one ", "two"]);
    const { functionError, logs } = await completion;
    expect(functionError).toBeUndefined();
    expect(logs.text()).toContain("INFO\tdone\n");
  });

  it("tells of a failure behind what was written", async () => {
    const { body, completion } = await makeFunction({ "index.js": HANDLER }).invokeStream({ fail: true });
    expect(await new Response(body).text()).toBe("one ");
    const { functionError, payload } = await completion;
    expect(functionError).toBe("Unhandled");
    expect(JSON.parse(textOf(payload))).toMatchObject({ errorType: "Error", errorMessage: "broken" });
  });

  it("puts the head of an HTTP response before its body", async () => {
    const { contentType, body } = await makeFunction({
      "index.mjs": `
        export const handler = awslambda.streamifyResponse(async (event, stream) => {
          stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "x-a": "b" } });
          stream.end("body");
        });
      `,
    }).invokeStream({});
    expect(contentType).toBe("application/vnd.awslambda.http-integration-response");
    expect(await new Response(body).text()).toBe('{"statusCode":201,"headers":{"x-a":"b"}}\0\0\0\0\0\0\0\0body');
  });

  it("streams the result of a handler that does not, and gives a streamed one whole", async () => {
    const plain = await makeFunction({ "index.js": "exports.handler = async () => ({ a: 1 })" }).invokeStream({});
    expect([plain.contentType, await new Response(plain.body).text()]).toEqual(["application/json", '{"a":1}']);
    const { payload } = await makeFunction({ "index.js": HANDLER }).invokeRaw({});
    expect(textOf(payload)).toBe("one two");
  });

  it("streams 20 MB", async () => {
    const { body } = await makeFunction({
      "index.js": `
        const { pipeline } = require("stream/promises");
        const { Readable } = require("stream");
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          await pipeline(Readable.from((function* () { for (let i = 0; i < 20; i++) yield Buffer.alloc(1024 * 1024, i); })()), stream);
        });
      `,
    }).invokeStream({});
    let length = 0;
    for await (const chunk of body) length += chunk.byteLength;
    expect(length).toBe(20 * 1024 * 1024);
  });

  it("ends at the time-out", async () => {
    const { body, completion } = await makeFunction(
      {
        "index.js": `exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write("x"); await new Promise(() => {}); });`,
      },
      { timeoutSeconds: 1 },
    ).invokeStream({});
    expect(await new Response(body).text()).toBe("x");
    expect(JSON.parse(textOf((await completion).payload))).toMatchObject({
      errorType: "Sandbox.Timedout",
    });
  });
});
