import { randomBytes } from "node:crypto";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { CreateFunctionCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createFunction,
  createLambdaClient,
  describeFunction,
  invokeFunction,
  zipFiles,
} from "../../support/lambda.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

/** A package that does not compress, of about so many bytes. */
const packageOf = (bytes: number) =>
  zipFiles({
    "index.js":
      "const fs = require('node:fs'); exports.handler = async () => fs.readFileSync(`${__dirname}/data.bin`).length;",
    "data.bin": randomBytes(bytes),
  });

it("takes a zip of 10 MB in the request", async () => {
  const name = await createFunction(lambda, undefined, { Code: { ZipFile: packageOf(10_000_000) } });
  expect((await invokeFunction(lambda, name)).result).toBe(10_000_000);
});

it("says how much it takes when a zip is larger", async () => {
  const input = { ...describeFunction("too-large"), Code: { ZipFile: packageOf(12_000_000) } };
  await expect(lambda.send(new CreateFunctionCommand(input))).rejects.toMatchObject({
    name: "RequestTooLargeException",
    message: "Request must be smaller than 14680064 bytes for the CreateFunction operation",
    $metadata: { httpStatusCode: 413 },
  });
});

it("takes a larger one from a bucket", async () => {
  const s3 = createS3Client(verge);
  await s3.send(new CreateBucketCommand({ Bucket: "packages" }));
  await s3.send(new PutObjectCommand({ Bucket: "packages", Key: "large.zip", Body: packageOf(30_000_000) }));
  s3.destroy();
  const name = await createFunction(lambda, undefined, { Code: { S3Bucket: "packages", S3Key: "large.zip" } });
  expect((await invokeFunction(lambda, name)).result).toBe(30_000_000);
});
