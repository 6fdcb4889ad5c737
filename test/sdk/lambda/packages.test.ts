import type { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLambdaClient } from "../../support/lambda.ts";
import { runTrial, type Trial } from "../../support/package-trial.ts";
import { startVerge, type Verge } from "../../support/server.ts";

// What docs/functions-compatibility.md promises, package by package, from zips that hold them unbundled.

let verge: Verge;
let lambda: LambdaClient;

beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const httpEvent = (method: string, path: string, body?: unknown) => ({
  version: "2.0",
  rawPath: path,
  rawQueryString: "",
  headers: { "content-type": "application/json" },
  requestContext: { http: { method, path, sourceIp: "192.0.2.1" }, domainName: "example.com" },
  isBase64Encoded: false,
  ...(body !== undefined && { body: JSON.stringify(body) }),
});

const works: Record<string, Trial> = {
  lodash: {
    source: "const _ = require('lodash'); exports.handler = async () => _.chunk([1, 2, 3], 2)",
    result: [[1, 2], [3]],
  },
  dayjs: {
    source:
      "const d = require('dayjs'); d.extend(require('dayjs/plugin/utc')); exports.handler = async () => d.utc(0).format()",
    result: "1970-01-01T00:00:00Z",
  },
  uuid: {
    source: "import { v4, validate } from 'uuid'; const id = v4(); export const handler = async () => validate(id)",
    result: true,
  },
  nanoid: {
    source: "const { nanoid } = require('nanoid'); const id = nanoid(); exports.handler = async () => id.length",
    result: 21,
  },
  semver: { source: "exports.handler = async () => require('semver').satisfies('1.2.3', '^1')", result: true },
  zod: {
    source:
      "import { z } from 'zod'; const S = z.object({ a: z.number() }); export const handler = async (e) => S.safeParse(e).success",
    event: { a: "no" },
    result: false,
  },
  jsonwebtoken: {
    source:
      "const jwt = require('jsonwebtoken'); exports.handler = async () => jwt.verify(jwt.sign({ a: 1 }, 's'), 's').a",
    result: 1,
  },
  jose: {
    source: `import { SignJWT, jwtVerify } from "jose";
      const key = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
      export const handler = async () =>
        (await jwtVerify(await new SignJWT({ a: 1 }).setProtectedHeader({ alg: "HS256" }).sign(key), key)).payload;`,
    result: { a: 1 },
  },
  yaml: { source: "exports.handler = async () => require('yaml').parse('a: [1]')", result: { a: [1] } },
  "js-yaml": {
    source: "import { load } from 'js-yaml'; export const handler = async () => load('a: [1]')",
    result: { a: [1] },
  },
  "csv-parse": {
    source:
      "import { parse } from 'csv-parse/sync'; export const handler = async () => parse('a,b\\n1,2', { columns: true })",
    result: [{ a: "1", b: "2" }],
  },
  mustache: {
    source: "exports.handler = async (e) => require('mustache').render('hi {{n}}', e)",
    event: { n: "x" },
    result: "hi x",
  },
  "pdf-lib": {
    source: `const { PDFDocument } = require("pdf-lib");
      exports.handler = async () => { const d = await PDFDocument.create(); d.addPage(); return Buffer.from(await d.save()).toString("latin1", 0, 5) }`,
    result: "%PDF-",
  },
  pino: {
    source: "const log = require('pino')(); exports.handler = async () => { log.info({ a: 1 }, 'hello'); return 1 }",
    result: 1,
  },
  winston: {
    source: `const w = require("winston"); const log = w.createLogger({ transports: [new w.transports.Console()] });
      exports.handler = async () => { log.info("hello"); return 1 }`,
    result: 1,
  },
  axios: {
    source:
      "const axios = require('axios'); exports.handler = async () => (await axios.get(process.env.AWS_ENDPOINT_URL + '/_verge/health')).status",
    result: 200,
  },
  "@middy/core": {
    source: `import middy from "@middy/core";
      export const handler = middy().use({ before: async (request) => { request.event.b = 1 } }).handler(async (event) => event);`,
    event: { a: 1 },
    result: { a: 1, b: 1 },
  },
  "express serverless-http": {
    source: `const serverless = require("serverless-http"), express = require("express");
      const app = express(); app.use(express.json());
      app.post("/a/:id", (request, response) => response.status(201).set("x-a", "b").json({ id: request.params.id, body: request.body }));
      exports.handler = serverless(app);`,
    event: httpEvent("POST", "/a/7", { z: 1 }),
    result: expect.objectContaining({
      statusCode: 201,
      body: '{"id":"7","body":{"z":1}}',
      headers: expect.objectContaining({ "x-a": "b", "content-type": "application/json; charset=utf-8" }),
    }),
  },
  "koa serverless-http": {
    source: `const Koa = require("koa"), serverless = require("serverless-http");
      const app = new Koa(); app.use(async (context) => { context.body = { path: context.path } }); exports.handler = serverless(app);`,
    event: httpEvent("GET", "/k"),
    result: expect.objectContaining({ statusCode: 200, body: '{"path":"/k"}' }),
  },
  hono: {
    source: `import { Hono } from "hono"; import { handle } from "hono/aws-lambda";
      const app = new Hono(); app.get("/x", (c) => c.json({ ok: 1 })); export const handler = handle(app);`,
    event: httpEvent("GET", "/x"),
    result: expect.objectContaining({ statusCode: 200, body: '{"ok":1}' }),
  },
  // Both compile templates or schemas at module scope, the one place where they can.
  ajv: {
    source: `const Ajv = require("ajv"); const check = new Ajv().compile({ type: "object", required: ["a"] }); exports.handler = async (e) => check(e)`,
    event: {},
    result: false,
  },
  ejs: {
    source: "const t = require('ejs').compile('hi <%= n %>'); exports.handler = async (e) => t(e)",
    event: { n: "x" },
    result: "hi x",
  },
  "@aws-sdk/client-s3": {
    source: `import { S3Client, ListBucketsCommand } from "@aws-sdk/client-s3";
      const client = new S3Client({ credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x" } });
      export const handler = () => client.send(new ListBucketsCommand({})).catch((error) => error.name);`,
    result: "InvalidAccessKeyId",
  },
};

it.each(Object.entries(works))("%s works", async (names, trial) => {
  expect(await runTrial(lambda, names, trial)).toEqual({ error: undefined, result: trial.result });
});
