import { DeleteFunctionCommand, GetFunctionCommand } from "@aws-sdk/client-lambda";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateLogGroupCommand, CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { CreateQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount } from "../../support/accounts.ts";
import { createCloudFrontClient, createDistribution } from "../../support/cloudfront.ts";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { awaitRecords, lookUp } from "../../support/trail.ts";
import { clientsOf } from "../iam/iam-support.ts";

let verge: Verge;
let config: ReturnType<typeof clientsOf>["config"];
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_AUDIT_INTERVAL_SECONDS: "0.1" } });
  config = clientsOf(verge).config;
});
afterAll(() => verge.stop());

test("Lambda: who changed which function, and with what outcome; invocations not", async () => {
  const lambda = createLambdaClient(verge);
  const name = await createFunction(lambda, "exports.handler = async () => 1;", {
    Environment: { Variables: { DATABASE_NAME: "hunter2", ApiId: "hunter2" } },
  });
  await invokeFunction(lambda, name);
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: name }));
  const other = await addAccount(verge, "other");
  const deletion = new DeleteFunctionCommand({ FunctionName: Configuration?.FunctionArn });
  const stranger = createLambdaClient(verge, { credentials: other.credentials });
  await expect(stranger.send(deletion)).rejects.toMatchObject({ name: "AccessDeniedException" });
  await lambda.send(deletion);
  await expect(lambda.send(deletion)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  const deletions = await awaitRecords(verge, "DeleteFunction", 3);
  expect(deletions.map(({ errorCode }) => errorCode)).toEqual(["ResourceNotFoundException", undefined, "AccessDenied"]);
  expect(deletions[2]!.userIdentity.type).toBe("AWSAccount");
  expect(await awaitRecords(verge, "DeleteFunction", 1, other.credentials)).toMatchObject([
    { errorCode: "AccessDenied", userIdentity: { type: "Root" } },
  ]);
  const [creation] = await awaitRecords(verge, "CreateFunction");
  expect(creation).toMatchObject({
    requestParameters: { functionName: name },
    responseElements: { functionName: name, functionArn: Configuration?.FunctionArn },
  });
  expect(JSON.stringify(creation)).not.toContain("hunter2");
  const [read] = await awaitRecords(verge, "GetFunction");
  expect(read).toMatchObject({ readOnly: true, responseElements: null });
  const invocations = [{ AttributeKey: "EventName", AttributeValue: "Invoke" }];
  expect((await lookUp(verge, { LookupAttributes: invocations })).Events).toEqual([]);
});

test("CloudFront, KMS, Logs, Scheduler, SQS, STS: what was made, under the name of the service", async () => {
  const { Distribution } = await createDistribution(createCloudFrontClient(verge));
  expect((await awaitRecords(verge, "CreateDistribution"))[0]).toMatchObject({
    eventSource: "cloudfront.amazonaws.com",
    awsRegion: "us-east-1",
    responseElements: { distributionId: Distribution.Id },
    resources: [{ type: "AWS::CloudFront::Distribution", resourceName: Distribution.Id }],
  });
  const { KeyMetadata } = await new KMSClient(config).send(new CreateKeyCommand({}));
  expect((await awaitRecords(verge, "CreateKey"))[0]).toMatchObject({
    eventSource: "kms.amazonaws.com",
    responseElements: { keyMetadata: { keyId: KeyMetadata!.KeyId } },
  });
  await new CloudWatchLogsClient(config).send(new CreateLogGroupCommand({ logGroupName: "/audited" }));
  expect((await awaitRecords(verge, "CreateLogGroup"))[0]).toMatchObject({
    eventSource: "logs.amazonaws.com",
    requestParameters: { logGroupName: "/audited" },
  });
  const sqs = new SQSClient(config);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "audited" }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "hunter2" }));
  expect((await awaitRecords(verge, "CreateQueue"))[0]).toMatchObject({
    eventSource: "sqs.amazonaws.com",
    requestParameters: { queueName: "audited" },
    responseElements: { queueUrl: QueueUrl },
  });
  const schedule = { Name: "audited", ScheduleExpression: "rate(1 day)", FlexibleTimeWindow: { Mode: "OFF" as const } };
  const Target = { Arn: `arn:aws:lambda:${verge.region}:123456789012:function:none`, RoleArn: "arn:aws:iam::1:role/x" };
  await new SchedulerClient(config).send(new CreateScheduleCommand({ ...schedule, Target })).catch(() => undefined);
  expect((await awaitRecords(verge, "CreateSchedule"))[0]).toMatchObject({
    eventSource: "scheduler.amazonaws.com",
    requestParameters: { name: "audited", scheduleExpression: "rate(1 day)" },
  });
  await clientsOf(verge).sts.send(new GetCallerIdentityCommand({}));
  expect((await awaitRecords(verge, "GetCallerIdentity"))[0]).toMatchObject({
    eventSource: "sts.amazonaws.com",
    readOnly: true,
  });
  expect((await lookUp(verge)).Events.map(({ EventName }) => EventName)).not.toContain("SendMessage");
});

test("a queue of another account: its owner hears of denied messages", async () => {
  const sqs = new SQSClient(config);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "private" }));
  const other = await addAccount(verge, "sender");
  const stranger = new SQSClient({ ...config, credentials: other.credentials });
  const send = stranger.send(new SendMessageCommand({ QueueUrl, MessageBody: "hunter2" }));
  await expect(send).rejects.toMatchObject({ name: "AccessDenied" });
  const [record] = await awaitRecords(verge, "SendMessage");
  expect(record).toMatchObject({ eventCategory: "Data", errorCode: "AccessDenied" });
  expect(JSON.stringify(record)).not.toContain("hunter2");
});
