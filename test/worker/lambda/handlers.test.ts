import { describe, expect, it } from "vitest";
import { makeFunction } from "./environment.ts";

describe("handler styles", () => {
  it.each([
    ["async", "exports.handler = async (event) => ({ got: event.n })"],
    ["promise", "exports.handler = (event) => Promise.resolve({ got: event.n })"],
    ["callback", "exports.handler = (event, context, callback) => { callback(null, { got: event.n }); }"],
    ["late callback", "exports.handler = (e, c, cb) => { setTimeout(() => cb(null, { got: e.n }), 5); }"],
    ["context.succeed", "exports.handler = (event, context) => { context.succeed({ got: event.n }); }"],
    [
      "context.done",
      "exports.handler = (event, context) => { setTimeout(() => context.done(null, { got: event.n }), 1); }",
    ],
    ["module.exports", "module.exports = { handler: async (event) => ({ got: event.n }) }"],
    ["thenable", "exports.handler = (event) => ({ then: (done) => done({ got: event.n }) })"],
    [
      "async with callback",
      "exports.handler = async (event, context, callback) => { callback(null, { got: event.n }); return new Promise(() => {}); }",
    ],
  ])("CommonJS, %s", async (_, source) => {
    const { result } = await makeFunction({ "index.js": source }).invoke({ n: 1 });
    expect(result).toEqual({ got: 1 });
  });

  it("ES module with top-level await, that fetches at module scope", async () => {
    const fn = makeFunction({
      "index.mjs": `
        import { basename } from "node:path";
        import * as util from "util";
        import table, { limit as max } from "./table.mjs";
        const delayed = await new Promise((resolve) => setTimeout(() => resolve("late"), 5));
        const id = crypto.randomUUID();
        export const handler = async () => ({ name: basename(import.meta.filename), delayed, id: id.length, max, table, text: util.format("%d", 1) });
      `,
      "table.mjs": "export const limit = 5; export default { a: 1 };",
    });
    const { result } = await fn.invoke();
    expect(result).toEqual({ name: "index.mjs", delayed: "late", id: 36, max: 5, table: { a: 1 }, text: "1" });
  });

  it("TypeScript", async () => {
    const fn = makeFunction(
      {
        "src/app.ts": `
          import type { Context } from "aws-lambda";
          import { double } from "./math.js";
          enum Size { Small = 1, Large }
          export const handler = async (event: { n: number }, context: Context): Promise<object> => ({ n: double(event.n), size: Size.Large });
        `,
        "src/math.ts": "export function double(n: number): number { return n * 2 }",
      },
      { handler: "src/app.handler" },
    );
    expect((await fn.invoke({ n: 4 })).result).toEqual({ n: 8, size: 2 });
  });

  it("a nested export in a folder", async () => {
    const fn = makeFunction({ "src/app.js": "exports.api = { get: async () => 1 }" }, { handler: "src/app.api.get" });
    expect((await fn.invoke()).result).toBe(1);
  });

  it("answers null for undefined, and for a synchronous handler", async () => {
    expect((await makeFunction({ "index.js": "exports.handler = async () => {}" }).invoke()).result).toBeNull();
    expect((await makeFunction({ "index.js": "exports.handler = () => 5" }).invoke()).result).toBeNull();
  });

  it("keeps module state between invocations of an environment", async () => {
    const fn = makeFunction({ "index.js": "let n = 0; exports.handler = async () => ++n" });
    expect((await fn.invoke()).result).toBe(1);
    const second = await fn.invoke();
    expect([second.result, second.coldStart]).toEqual([2, false]);
  });
});

describe("the context", () => {
  it("tells what Lambda's tells", async () => {
    const fn = makeFunction(
      {
        "index.js": `exports.handler = async (event, context) => ({ ...context, left: context.getRemainingTimeInMillis(), env: process.env, cwd: process.cwd(), file: __filename })`,
      },
      { environment: { TABLE: "t1" } },
    );
    const { result, logs } = await fn.invoke();
    expect(result).toMatchObject({
      functionVersion: "$LATEST",
      memoryLimitInMB: "128",
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      logStreamName: logs.stream,
      callbackWaitsForEmptyEventLoop: true,
      cwd: "/var/task",
      file: "/var/task/index.js",
      env: {
        TABLE: "t1",
        AWS_REGION: "us-east-1",
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
        LAMBDA_TASK_ROOT: "/var/task",
        _HANDLER: "index.handler",
      },
    });
    const { left } = result as { left: number };
    expect(left).toBeGreaterThan(2000);
    expect(left).toBeLessThanOrEqual(3000);
  });
});

describe("failures", () => {
  const failureOf = async (source: string, settings = {}) => {
    const output = await makeFunction({ "index.js": source }, settings).invoke({});
    expect(output.functionError).toBe("Unhandled");
    return output;
  };

  it("names an error and shows where in the package it was thrown", async () => {
    const { result, logs } = await failureOf("\n\nexports.handler = async () => { throw new TypeError('boom'); }");
    expect(result).toMatchObject({ errorType: "TypeError", errorMessage: "boom" });
    const { trace } = result as { trace: string[] };
    expect(trace[0]).toBe("TypeError: boom");
    expect(trace[1]).toContain("/var/task/index.js:3:");
    expect(logs.text()).toMatch(/\tERROR\tInvoke Error\s+\{"errorType":"TypeError","errorMessage":"boom"/);
  });

  it.each([
    [
      "a string that is thrown",
      "exports.handler = async () => { throw 'text' }",
      { errorType: "string", errorMessage: "text", trace: [] },
    ],
    [
      "an error for the callback",
      "exports.handler = (e, c, cb) => cb(new RangeError('far'))",
      { errorType: "RangeError", errorMessage: "far" },
    ],
    ["context.fail", "exports.handler = (e, c) => c.fail(new Error('no'))", { errorType: "Error", errorMessage: "no" }],
    [
      "an error in a timer",
      "exports.handler = () => new Promise(() => setTimeout(() => { throw new Error('late') }, 1))",
      { errorType: "Error", errorMessage: "late" },
    ],
    [
      "a rejection that nobody handles",
      "exports.handler = () => { Promise.reject(new Error('lost')); return new Promise(() => {}) }",
      { errorType: "Runtime.UnhandledPromiseRejection", errorMessage: "Error: lost" },
    ],
    [
      "process.exit",
      "exports.handler = async () => { process.exit(3) }",
      {
        errorType: "Runtime.ExitError",
        errorMessage: expect.stringMatching(
          /^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$/,
        ),
      },
    ],
    [
      "a handler that is missing",
      "exports.other = 1",
      { errorType: "Runtime.HandlerNotFound", errorMessage: "index.handler is undefined or not exported" },
    ],
    [
      "a package that is missing",
      "require('left-pad')",
      {
        errorType: "Runtime.ImportModuleError",
        errorMessage: "Error: Cannot find module 'left-pad'\nRequire stack:\n- /var/task/index.js",
      },
    ],
    ["a file that does not parse", "exports.handler = async ( => 1", { errorType: "Runtime.UserCodeSyntaxError" }],
    ["an error at module scope", "throw new Error('init')", { errorType: "Error", errorMessage: "init" }],
    [
      "a result without JSON",
      "exports.handler = async () => { const a = {}; a.a = a; return a }",
      { errorType: "Runtime.MarshalError" },
    ],
    [
      "a response that is too large",
      "exports.handler = async () => 'x'.repeat(6300000)",
      {
        errorType: "Function.ResponseSizeTooLarge",
        errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
      },
    ],
  ])("%s", async (_, source, expected) => {
    expect((await failureOf(source)).result).toMatchObject(expected);
  });

  it("a module that is missing", async () => {
    const { result } = await makeFunction({ "app.js": "" }).invoke();
    expect(result).toMatchObject({
      errorType: "Runtime.ImportModuleError",
      errorMessage: "Error: Cannot find module 'index'\nRequire stack:\n- /var/runtime/index.mjs",
    });
  });

  it.each([
    ["waits", "await new Promise(() => {})"],
    ["loops", "for (;;) {}"],
    ["loops and catches everything", "while (true) { try { while (true) {} } catch {} }"],
    ["sleeps", "await new Promise((resolve) => setTimeout(resolve, 60_000))"],
  ])("ends a handler that %s at its time-out, and starts afresh", async (_, body) => {
    const fn = makeFunction(
      { "index.js": `let n = 0; exports.handler = async (event) => { n++; if (event.bad) { ${body} } return n }` },
      { timeoutSeconds: 1 },
    );
    const begin = Date.now();
    const { result, functionError, logs } = await fn.invoke({ bad: true });
    expect(Date.now() - begin).toBeLessThan(2000);
    expect(functionError).toBe("Unhandled");
    expect(result).toEqual({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/),
    });
    expect(logs.text()).toMatch(/ Task timed out after 1\.00 seconds\n/);
    expect((await fn.invoke({})).result).toBe(1);
  });
});

describe("logs", () => {
  it("writes Lambda's text format between its own lines", async () => {
    const fn = makeFunction({
      "index.js": `console.log("loading"); exports.handler = async () => { console.log("a %s", "b", { c: 1 }); console.error("bad"); console.debug("d"); process.stdout.write("raw\\n"); }`,
    });
    const { logs } = await fn.invoke();
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
    const id = "[0-9a-f-]{36}";
    const lines = logs.text().split("\n");
    expect(lines[0]).toMatch(new RegExp(`^${time}\tundefined\tINFO\tloading$`));
    expect(lines[1]).toMatch(new RegExp(`^START RequestId: ${id} Version: \\$LATEST$`));
    expect(lines[2]).toMatch(new RegExp(`^${time}\t${id}\tINFO\ta b { c: 1 }$`));
    expect(lines[3]).toMatch(new RegExp(`^${time}\t${id}\tERROR\tbad$`));
    expect(lines[4]).toMatch(new RegExp(`\tDEBUG\td$`));
    expect(lines[5]).toBe("raw");
    expect(lines[6]).toMatch(new RegExp(`^END RequestId: ${id}$`));
    expect(lines[7]).toMatch(
      /^REPORT RequestId: .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tInit Duration: [\d.]+ ms\t$/,
    );
  });
});
