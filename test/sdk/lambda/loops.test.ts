import {
  AddPermissionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  type LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  PutFunctionRecursionConfigCommand,
} from "@aws-sdk/client-lambda";
import { PutBucketNotificationConfigurationCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type InvocationRecord, readJson, sendEvent, waitForObjects } from "../../support/async-events.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
let s3: S3Client;
let bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
  s3 = createS3Client(verge);
  bucket = await makeBucket(s3);
});
afterAll(() => verge.stop());

/** Notes the round, and invokes itself. */
const loopCode = (prefix: string) => `
  const { InvokeCommand, LambdaClient } = require("@aws-sdk/client-lambda");
  const { PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");
  const lambda = new LambdaClient({});
  const s3 = new S3Client({ forcePathStyle: true });
  exports.handler = async ({ round }, { functionName: FunctionName }) => {
    await s3.send(new PutObjectCommand({ Bucket: "${bucket}", Key: "${prefix}" + round, Body: process.env._X_AMZN_TRACE_ID }));
    if (round === 20) return;
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload: JSON.stringify({ round: round + 1 }) }));
  };`;

it("a function that invokes itself is stopped after sixteen rounds, and the event kept as a failure", async () => {
  const name = await createFunction(lambda, loopCode("loop/"), { Timeout: 10 });
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: name,
      DestinationConfig: { OnFailure: { Destination: `arn:aws:s3:::${bucket}` } },
    }),
  );
  await sendEvent(lambda, name, { round: 1 });
  const [key] = await waitForObjects(s3, bucket, `aws/lambda/async/${name}/`, 1);
  expect(await readJson<InvocationRecord>(s3, bucket, key!)).toMatchObject({
    requestContext: { condition: "RecursiveInvocation" },
    requestPayload: { round: 17 },
  });
  expect(await waitForObjects(s3, bucket, "loop/", 16)).toHaveLength(16);
});

it("a loop that is allowed goes on", async () => {
  const name = await createFunction(lambda, loopCode("allowed/"), { Timeout: 10 });
  await lambda.send(new PutFunctionRecursionConfigCommand({ FunctionName: name, RecursiveLoop: "Allow" }));
  await sendEvent(lambda, name, { round: 1 });
  expect(await waitForObjects(s3, bucket, "allowed/", 20)).toHaveLength(20);
});

it("a function that writes to the bucket that triggers it is stopped after sixteen rounds", async () => {
  const looping = await makeBucket(s3);
  const code = `
    const { PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");
    const s3 = new S3Client({ forcePathStyle: true });
    exports.handler = async ({ Records: [{ s3: { bucket, object } }] }) => {
      const round = Number(object.key.slice("round-".length)) + 1;
      await s3.send(new PutObjectCommand({ Bucket: bucket.name, Key: "round-" + round, Body: "again" }));
    };`;
  const name = await createFunction(lambda, code, { Timeout: 10 });
  const { FunctionArn } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: name,
      StatementId: "s3",
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
      SourceArn: `arn:aws:s3:::${looping}`,
    }),
  );
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: name,
      DestinationConfig: { OnFailure: { Destination: `arn:aws:s3:::${bucket}` } },
    }),
  );
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: looping,
      NotificationConfiguration: {
        LambdaFunctionConfigurations: [{ LambdaFunctionArn: FunctionArn, Events: ["s3:ObjectCreated:*"] }],
      },
    }),
  );
  await s3.send(new PutObjectCommand({ Bucket: looping, Key: "round-0", Body: "once" }));
  const [key] = await waitForObjects(s3, bucket, `aws/lambda/async/${name}/`, 1);
  expect(await readJson<InvocationRecord>(s3, bucket, key!)).toMatchObject({
    requestContext: { condition: "RecursiveInvocation" },
    requestPayload: { Records: [{ s3: { object: { key: "round-16" } } }] },
  });
  expect(await waitForObjects(s3, looping, "round-", 17)).toHaveLength(17);
});

it("a synchronous loop is refused", async () => {
  const code = `
    const { InvokeCommand, LambdaClient } = require("@aws-sdk/client-lambda");
    const lambda = new LambdaClient({ maxAttempts: 1 });
    exports.handler = async ({ round }, { functionName: FunctionName }) => {
      try {
        const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify({ round: round + 1 }) }));
        return JSON.parse(Payload.transformToString());
      } catch (error) {
        return { round, error: error.name, status: error.$metadata.httpStatusCode };
      }
    };`;
  const name = await createFunction(lambda, code, { Timeout: 30 });
  const answer = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify({ round: 1 }) }));
  expect(JSON.parse(answer.Payload!.transformToString())).toEqual({
    round: 16,
    error: "RecursiveInvocationException",
    status: 400,
  });
});
