import type { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLambdaClient } from "../../support/lambda.ts";
import { runTrial, type Trial } from "../../support/package-trial.ts";
import { startVerge, type Verge } from "../../support/server.ts";

// More of what docs/functions-compatibility.md promises: formats, parsers, helpers, the AWS SDK from the zip.

let verge: Verge;
let lambda: LambdaClient;

beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const works: Record<string, Trial> = {
  "fast-xml-parser": {
    source: "const xml = require('fast-xml-parser'); exports.handler = async () => xml.parse('<a><b>1</b></a>')",
    result: { a: { b: 1 } },
  },
  "smol-toml": {
    source: "import { parse } from 'smol-toml'; export const handler = async () => parse('[a]\\nb = 1')",
    result: { a: { b: 1 } },
  },
  "iconv-lite": {
    source:
      "const iconv = require('iconv-lite'); exports.handler = async () => iconv.decode(Buffer.from([0xe9]), 'latin1')",
    result: "é",
  },
  pako: {
    source:
      "const pako = require('pako'); exports.handler = async () => pako.ungzip(pako.gzip('hello'), { to: 'string' })",
    result: "hello",
  },
  fflate: {
    source:
      "import { strToU8, unzipSync, zipSync } from 'fflate'; export const handler = async () => Object.keys(unzipSync(zipSync({ a: strToU8('1') })))",
    result: ["a"],
  },
  "jpeg-js": {
    source: `const jpeg = require("jpeg-js"); exports.handler = async () => {
        const { data } = jpeg.encode({ width: 8, height: 8, data: Buffer.alloc(256, 255) }, 80); return jpeg.decode(data).width }`,
    result: 8,
  },
  busboy: {
    source: `const busboy = require("busboy"); exports.handler = ({ type, body }) => new Promise((resolve) => {
        const found = {}; const parser = busboy({ headers: { "content-type": type } });
        parser.on("field", (name, value) => { found[name] = value; });
        parser.on("close", () => resolve(found)); parser.end(Buffer.from(body)) })`,
    event: {
      type: "multipart/form-data; boundary=x",
      body: '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
    },
    result: { a: "1" },
  },
  "form-data": {
    source: `const FormData = require("form-data"); exports.handler = async () => {
        const form = new FormData(); form.append("a", "1"); return form.getBuffer().includes('name="a"') }`,
    result: true,
  },
  qs: {
    source: "exports.handler = async () => require('qs').parse('a[b]=1&a[c]=2')",
    result: { a: { b: "1", c: "2" } },
  },
  "mime-types": {
    source: "exports.handler = async () => require('mime-types').lookup('a.svg')",
    result: "image/svg+xml",
  },
  cookie: {
    source:
      "const cookie = require('cookie'); exports.handler = async () => (cookie.parse ?? cookie.parseCookie)('a=1').a",
    result: "1",
  },
  "path-to-regexp": {
    source:
      "const { match } = require('path-to-regexp'); exports.handler = async () => match('/a/:id')('/a/7').params.id",
    result: "7",
  },
  picomatch: { source: "exports.handler = async () => require('picomatch')('*.{js,ts}')('a.ts')", result: true },
  he: { source: "exports.handler = async () => require('he').decode('&eacute;')", result: "é" },
  color: {
    source: "import color from 'color'; export const handler = async () => color('#ff0000').hsl().string()",
    result: "hsl(0, 100%, 50%)",
  },
  debug: {
    source:
      "const log = require('debug')('a'); log.enabled = true; exports.handler = async () => { log('hello'); return log.namespace }",
    result: "a",
  },
  dotenv: { source: "exports.handler = async () => require('dotenv').parse('A=1')", result: { A: "1" } },
  "fs-extra": {
    source: `const fs = require("fs-extra"); exports.handler = async () => {
        await fs.outputJson("/tmp/a/b/c.json", { d: 1 }); return fs.readJson("/tmp/a/b/c.json") }`,
    result: { d: 1 },
  },
  "readable-stream": {
    source: `const { Readable, pipeline } = require("readable-stream"); exports.handler = async () => {
        const parts = []; for await (const part of Readable.from(["a", "b"])) parts.push(part); return parts.join("") }`,
    result: "ab",
  },
  "source-map": {
    source:
      "const { SourceMapGenerator } = require('source-map'); exports.handler = async () => JSON.parse(new SourceMapGenerator({ file: 'a.js' }).toString()).file",
    result: "a.js",
  },
  acorn: {
    source:
      "import { parse } from 'acorn'; export const handler = async () => parse('1 + 1', { ecmaVersion: 2024 }).type",
    result: "Program",
  },
  croner: {
    source:
      "import { Cron } from 'croner'; export const handler = async () => new Cron('0 0 * * *', { timezone: 'UTC' }).nextRun(new Date(0)).toISOString()",
    result: "1970-01-02T00:00:00.000Z",
  },
  "structured-headers": {
    source:
      "const { parseList } = require('structured-headers'); exports.handler = async () => parseList('a, b').length",
    result: 2,
  },
  "fast-check": {
    source:
      "import fc from 'fast-check'; export const handler = async () => fc.check(fc.property(fc.integer(), (n) => n === n)).failed",
    result: false,
  },
  "@aws-sdk/client-lambda": {
    source: `import { LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
      export const handler = async () => (await new LambdaClient().send(new ListFunctionsCommand({}))).Functions.length > 0;`,
    result: true,
  },
  "@aws-sdk/client-s3 @aws-sdk/s3-request-presigner @aws-sdk/lib-storage": {
    source: `import { GetObjectCommand, S3 } from "@aws-sdk/client-s3";
      import { Upload } from "@aws-sdk/lib-storage";
      import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
      const client = new S3();
      export const handler = async () => {
        await client.createBucket({ Bucket: "made" });
        await new Upload({ client, params: { Bucket: "made", Key: "a", Body: "hello" } }).done();
        return (await fetch(await getSignedUrl(client, new GetObjectCommand({ Bucket: "made", Key: "a" })))).text();
      };`,
    result: "hello",
  },
};

it.each(Object.entries(works))("%s works", async (names, trial) => {
  expect(await runTrial(lambda, names, trial)).toEqual({ error: undefined, result: trial.result });
});
