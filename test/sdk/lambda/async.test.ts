import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeAsyncCommand,
  InvokeCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import type { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type InvocationRecord,
  readJson,
  recorderCode,
  sendEvent,
  waitForObjects,
} from "../../support/async-events.ts";
import { createFunction, createLambdaClient, describeFunction } from "../../support/lambda.ts";
import { makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
let s3: S3Client;
let bucket: string;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_ASYNC_RETRY_SECONDS: "0.2" } });
  lambda = createLambdaClient(verge);
  s3 = createS3Client(verge);
  bucket = await makeBucket(s3);
});
afterAll(() => verge.stop());

const FAILING = "exports.handler = async (event) => { throw new TypeError('no ' + event.what); };";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const toBucket = (name: string) => ({ OnFailure: { Destination: `arn:aws:s3:::${name}` } });

async function arnOf(FunctionName: string): Promise<string> {
  const { FunctionArn } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  return FunctionArn!;
}

/** The records of a function's events that have failed for good. */
async function waitForRecords(name: string, count: number): Promise<InvocationRecord[]> {
  const keys = await waitForObjects(s3, bucket, `aws/lambda/async/${name}/`, count);
  return Promise.all(keys.map((key) => readJson<InvocationRecord>(s3, bucket, key)));
}

describe("events", () => {
  it("run the function with the event and the request id of the answer", async () => {
    const name = await createFunction(lambda, recorderCode(bucket, "ran/"), { Timeout: 10 });
    const ids = [await sendEvent(lambda, name, { a: 1 }), await sendEvent(lambda, name)];
    await waitForObjects(s3, bucket, "ran/", 2);
    expect(await readJson(s3, bucket, `ran/${ids[0]}`)).toMatchObject({ event: { a: 1 }, version: "$LATEST" });
    expect(await readJson(s3, bucket, `ran/${ids[1]}`)).toMatchObject({ event: {} });
  });

  it("are accepted by the older InvokeAsync alike", async () => {
    const FunctionName = await createFunction(lambda, recorderCode(bucket, "older/"), { Timeout: 10 });
    const accepted = await lambda.send(new InvokeAsyncCommand({ FunctionName, InvokeArgs: '{"a":2}' }));
    expect(accepted.$metadata.httpStatusCode).toBe(202);
    const [key = ""] = await waitForObjects(s3, bucket, "older/", 1);
    expect(await readJson(s3, bucket, key)).toMatchObject({ event: { a: 2 } });
  });

  it("of one function do not wait for the slow ones of another", async () => {
    const slow = await createFunction(lambda, "exports.handler = () => new Promise((end) => setTimeout(end, 8000));", {
      Timeout: 20,
    });
    const quick = await createFunction(lambda, recorderCode(bucket, "quick/"), { Timeout: 10 });
    for (let count = 0; count < 6; count++) await sendEvent(lambda, slow);
    await sendEvent(lambda, quick);
    expect(await waitForObjects(s3, bucket, "quick/", 1, 5)).toHaveLength(1);
  });

  it("that fail are tried three times, and then recorded in the bucket for failures", async () => {
    const name = await createFunction(lambda, FAILING);
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName: name, DestinationConfig: toBucket(bucket) }),
    );
    const id = await sendEvent(lambda, name, { what: "way" });
    const [record] = await waitForRecords(name, 1);
    expect(record).toEqual({
      version: "1.0",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      requestContext: {
        requestId: id,
        functionArn: `${await arnOf(name)}:$LATEST`,
        condition: "RetriesExhausted",
        approximateInvokeCount: 3,
      },
      requestPayload: { what: "way" },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: { errorType: "TypeError", errorMessage: "no way", trace: expect.any(Array) },
    });
    const [key] = await waitForObjects(s3, bucket, `aws/lambda/async/${name}/`, 1);
    const day = record!.timestamp.slice(0, 10);
    expect(key).toMatch(new RegExp(`/${day.replaceAll("-", "/")}/${day}T\\d\\d\\.\\d\\d\\.\\d\\d-`));
    expect(key!.slice(-36)).toMatch(UUID);
  });

  it("that succeed go to the function for successes, with AWS's record", async () => {
    const next = await createFunction(lambda, recorderCode(bucket, "success/"), { Timeout: 10 });
    const name = await createFunction(lambda, "exports.handler = async () => ({ done: true });");
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: name,
        DestinationConfig: { OnSuccess: { Destination: await arnOf(next) } },
      }),
    );
    const id = await sendEvent(lambda, name, [1]);
    const [key] = await waitForObjects(s3, bucket, "success/", 1);
    expect(await readJson(s3, bucket, key!)).toMatchObject({
      event: {
        requestContext: { requestId: id, condition: "Success", approximateInvokeCount: 1 },
        requestPayload: [1],
        responseContext: { statusCode: 200, executedVersion: "$LATEST" },
        responsePayload: { done: true },
      },
    });
  });

  it("of a function without any concurrency are not run", async () => {
    const name = await createFunction(lambda);
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 0 }));
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName: name, DestinationConfig: toBucket(bucket) }),
    );
    await sendEvent(lambda, name, { a: 1 });
    const [record] = await waitForRecords(name, 1);
    expect(record).toMatchObject({
      requestContext: { condition: "ZeroReservedConcurrency", approximateInvokeCount: 0 },
      requestPayload: { a: 1 },
    });
    expect(record).not.toHaveProperty("responsePayload");
  });

  it("keep to the reserved concurrency", async () => {
    const code = `let running = 0; ${recorderCode(bucket, "single/").replace("const Body", "if (++running > 1) throw new Error('two'); await new Promise((end) => setTimeout(end, 100)); running--; const Body")}`;
    const name = await createFunction(lambda, code, { Timeout: 10 });
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 1 }));
    const begin = Date.now();
    await Promise.all(Array.from({ length: 8 }, () => sendEvent(lambda, name)));
    await waitForObjects(s3, bucket, "single/", 8);
    expect(Date.now() - begin).toBeGreaterThan(800);
  });

  it("may have 1 MB of payload, and no byte more", async () => {
    const name = await createFunction(
      lambda,
      recorderCode(bucket, "large/").replace("({ event", "({ event: event.length"),
      { Timeout: 10 },
    );
    const id = await sendEvent(lambda, name, "x".repeat(1_048_574));
    await waitForObjects(s3, bucket, `large/${id}`, 1);
    expect(await readJson(s3, bucket, `large/${id}`)).toMatchObject({ event: 1_048_574 });
    await expect(sendEvent(lambda, name, "x".repeat(1_048_575))).rejects.toMatchObject({
      name: "RequestTooLargeException",
      message: "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
      $metadata: { httpStatusCode: 413 },
    });
  });

  it("are refused where an invocation would be", async () => {
    await expect(sendEvent(lambda, "nobody")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    const name = await createFunction(lambda);
    const broken = new InvokeCommand({ FunctionName: name, InvocationType: "Event", Payload: "{" });
    await expect(lambda.send(broken)).rejects.toMatchObject({ name: "InvalidRequestContentException" });
    const version = new InvokeCommand({ FunctionName: name, InvocationType: "Event", Qualifier: "7" });
    await expect(lambda.send(version)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  it("of a deleted function are dropped: one of the same name gets only its own", async () => {
    const name = await createFunction(lambda, FAILING);
    await sendEvent(lambda, name, "old");
    await lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    const code = recorderCode(bucket, "deleted/");
    await lambda.send(new CreateFunctionCommand({ ...describeFunction(name, code), Timeout: 10 }));
    for (const count of [1, 2]) {
      await sendEvent(lambda, name, "new");
      await waitForObjects(s3, bucket, "deleted/", count);
    }
    const keys = await waitForObjects(s3, bucket, "deleted/", 2);
    const events = await Promise.all(keys.map((key) => readJson<{ event: string }>(s3, bucket, key)));
    expect(events.map(({ event }) => event)).toEqual(["new", "new"]);
  });
});
