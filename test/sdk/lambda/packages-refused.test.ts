import type { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLambdaClient } from "../../support/lambda.ts";
import { runTrial, type Trial } from "../../support/package-trial.ts";
import { startVerge, type Verge } from "../../support/server.ts";

// What docs/functions-compatibility.md says cannot run, and the error that is seen.

let verge: Verge;
let lambda: LambdaClient;

beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const fails: Record<string, Trial> = {
  "ajv, inside the handler": {
    source: "const Ajv = require('ajv'); exports.handler = async () => new Ajv().compile({ type: 'object' })",
    result: { errorType: "EvalError", errorMessage: "Code generation from strings disallowed for this context" },
  },
  "handlebars, that compiles at the first use": {
    source: "const t = require('handlebars').compile('hi {{n}}'); exports.handler = async (e) => t(e)",
    result: { errorType: "EvalError", errorMessage: "Code generation from strings disallowed for this context" },
  },
  child_process: {
    source: "exports.handler = async () => require('child_process').execSync('ls')",
    result: { errorType: "Error", errorMessage: "The child_process.execSync method is not implemented" },
  },
  worker_threads: {
    source: "exports.handler = async () => new (require('worker_threads').Worker)('x')",
    result: { errorType: "Error", errorMessage: "The Worker method is not implemented" },
  },
  vm: {
    source: "exports.handler = async () => require('vm').runInNewContext('1')",
    result: { errorType: "Error", errorMessage: "The runInThisContext method is not implemented" },
  },
  "sharp, and other native add-ons": {
    source: "exports.handler = async () => require('sharp')",
    result: { errorType: "Error", errorMessage: expect.stringContaining('Could not load the "sharp" module') },
  },
  "lightningcss, that loads its add-on at once": {
    source: "const css = require('lightningcss'); exports.handler = async () => css",
    result: {
      errorType: "Runtime.ImportModuleError",
      errorMessage: expect.stringContaining("Cannot find module '../lightningcss.linux"),
    },
  },
  esbuild: {
    source: "exports.handler = async () => require('esbuild').transformSync('1')",
    result: { errorType: "Error", errorMessage: "The Worker method is not implemented" },
  },
  "undici, over sockets of its own": {
    source:
      "const { request } = require('undici'); exports.handler = async () => (await request(process.env.AWS_ENDPOINT_URL + '/_verge/health')).statusCode",
    result: {
      errorType: "CompileError",
      errorMessage: "WebAssembly.Module(): Wasm code generation disallowed by embedder",
    },
  },
};

it.each(Object.entries(fails))("%s fails by name", async (names, trial) => {
  const { error, result } = await runTrial(lambda, names, trial);
  expect(error).toBe("Unhandled");
  expect(result).toMatchObject(trial.result as object);
});
