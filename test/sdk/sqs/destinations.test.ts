import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendEvent } from "../../support/async-events.ts";
import { createFunction, createLambdaClient, describeFunction } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { createQueue, createSqsClient, readQueueArn } from "./support.ts";

let verge: Verge;
let sqs: SQSClient;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_ASYNC_RETRY_SECONDS: "0.1" } });
  sqs = createSqsClient(verge);
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

const FAILING = "exports.handler = async () => { throw new TypeError('broken'); };";

async function takeNext(QueueUrl: string): Promise<Message> {
  const wait = { QueueUrl, WaitTimeSeconds: 20, MessageAttributeNames: ["All"] };
  const { Messages } = await sqs.send(new ReceiveMessageCommand(wait));
  const message = Messages![0]!;
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  return message;
}

describe("a function's queues", () => {
  it("take the records of its successes and failures", async () => {
    const queue = await createQueue(sqs);
    const Destination = await readQueueArn(sqs, queue);
    const configure = (FunctionName: string) =>
      lambda.send(
        new PutFunctionEventInvokeConfigCommand({
          FunctionName,
          MaximumRetryAttempts: 0,
          DestinationConfig: { OnSuccess: { Destination }, OnFailure: { Destination } },
        }),
      );
    const good = await createFunction(lambda, "exports.handler = async ({ n }) => n + 1;");
    await configure(good);
    const id = await sendEvent(lambda, good, { n: 1 });
    const success = JSON.parse((await takeNext(queue)).Body!) as object;
    expect(success).toMatchObject({
      requestContext: { requestId: id, condition: "Success", approximateInvokeCount: 1 },
      requestPayload: { n: 1 },
      responsePayload: 2,
    });
    const bad = await createFunction(lambda, FAILING);
    await configure(bad);
    await sendEvent(lambda, bad, {});
    const failure = JSON.parse((await takeNext(queue)).Body!) as object;
    expect(failure).toMatchObject({
      requestContext: { condition: "RetriesExhausted" },
      responseContext: { functionError: "Unhandled" },
    });
  });

  it("take events that failed for good as dead letters, with why", async () => {
    const queue = await createQueue(sqs);
    const DeadLetterConfig = { TargetArn: await readQueueArn(sqs, queue) };
    const name = await createFunction(lambda, FAILING, { DeadLetterConfig });
    const id = await sendEvent(lambda, name, { order: 7 });
    const letter = await takeNext(queue);
    expect(JSON.parse(letter.Body!)).toEqual({ order: 7 });
    expect(letter.MessageAttributes).toMatchObject({
      RequestID: { StringValue: id },
      ErrorCode: { DataType: "Number", StringValue: "200" },
      ErrorMessage: { StringValue: expect.stringContaining("broken") },
    });
  });

  it("can be named both as destination and for dead letters", async () => {
    const [dead, failed] = [await createQueue(sqs), await createQueue(sqs)];
    const name = await createFunction(lambda, FAILING, {
      DeadLetterConfig: { TargetArn: await readQueueArn(sqs, dead) },
    });
    const OnFailure = { Destination: await readQueueArn(sqs, failed) };
    const config = { FunctionName: name, MaximumRetryAttempts: 0, DestinationConfig: { OnFailure } };
    await lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    await sendEvent(lambda, name, { both: true });
    expect(JSON.parse((await takeNext(dead)).Body!)).toEqual({ both: true });
    expect(JSON.parse((await takeNext(failed)).Body!)).toMatchObject({ requestPayload: { both: true } });
  });

  it("are kept with the function's configuration, and must be there", async () => {
    const queue = await createQueue(sqs);
    const TargetArn = await readQueueArn(sqs, queue);
    const FunctionName = await createFunction(lambda, undefined, { DeadLetterConfig: { TargetArn } });
    const read = async () =>
      (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).DeadLetterConfig;
    expect(await read()).toEqual({ TargetArn });
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, DeadLetterConfig: { TargetArn: "" } }));
    expect(await read()).toBeUndefined();
    for (const missing of [`${TargetArn}-gone`, TargetArn.replace(":sqs:", ":sns:")]) {
      const wrong = { ...describeFunction("without"), DeadLetterConfig: { TargetArn: missing } };
      await expect(lambda.send(new CreateFunctionCommand(wrong))).rejects.toMatchObject({
        name: "InvalidParameterValueException",
      });
    }
  });
});
