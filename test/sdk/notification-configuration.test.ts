import {
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { AddPermissionCommand, CreateAliasCommand, PublishVersionCommand } from "@aws-sdk/client-lambda";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFunction, createLambdaClient } from "../support/lambda.ts";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

const ACCOUNT = "000000000001";

let verge: Verge;
let client: S3Client;
let lambda: LambdaClient;
let Bucket: string;
let functionName: string;
let functionArn: string;

beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  lambda = createLambdaClient(verge);
  Bucket = await makeBucket(client);
  functionName = await createFunction(lambda);
  functionArn = await allow(functionName, { SourceArn: `arn:aws:s3:::${Bucket}` });
});
afterAll(async () => {
  client.destroy();
  lambda.destroy();
  await verge.stop();
});

/** Lets S3 invoke a function, and answers its ARN. */
async function allow(
  FunctionName: string,
  condition: { SourceArn?: string; SourceAccount?: string },
  Qualifier?: string,
): Promise<string> {
  const { Statement } = await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: `s3-${Math.random().toString(36).slice(2)}`,
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
      ...(Qualifier !== undefined && { Qualifier }),
      ...condition,
    }),
  );
  return (JSON.parse(Statement!) as { Resource: string }).Resource;
}

const put = (NotificationConfiguration: NotificationConfiguration, SkipDestinationValidation?: boolean) =>
  client.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration,
      ...(SkipDestinationValidation !== undefined && { SkipDestinationValidation }),
    }),
  );
const get = async (): Promise<NotificationConfiguration> => {
  const { $metadata: _, ...configuration } = await client.send(
    new GetBucketNotificationConfigurationCommand({ Bucket }),
  );
  return configuration;
};
const toFunction = (Events: string[], filter: Record<string, string> = {}, LambdaFunctionArn = functionArn) => ({
  LambdaFunctionArn,
  Events: Events as "s3:ObjectCreated:*"[],
  ...(Object.keys(filter).length > 0 && {
    Filter: {
      Key: {
        FilterRules: Object.entries(filter).map(([Name, Value]) => ({ Name: Name as "prefix", Value })),
      },
    },
  }),
});

describe("PutBucketNotificationConfiguration", () => {
  test("stores what GetBucketNotificationConfiguration answers, and an empty document ends it", async () => {
    await put({
      LambdaFunctionConfigurations: [
        {
          Id: "images",
          ...toFunction(["s3:ObjectCreated:*", "s3:ObjectTagging:Put"], { prefix: "in/", SUFFIX: ".jpg" }),
        },
        toFunction(["s3:ObjectRemoved:Delete", "s3:LifecycleExpiration:*", "s3:ObjectRestore:Completed"]),
      ],
      EventBridgeConfiguration: {},
    });
    expect(await get()).toEqual({
      LambdaFunctionConfigurations: [
        {
          Id: "images",
          LambdaFunctionArn: functionArn,
          Events: ["s3:ObjectCreated:*", "s3:ObjectTagging:Put"],
          Filter: {
            Key: {
              FilterRules: [
                { Name: "Prefix", Value: "in/" },
                { Name: "Suffix", Value: ".jpg" },
              ],
            },
          },
        },
        {
          Id: expect.stringMatching(/^.{8,}$/),
          LambdaFunctionArn: functionArn,
          Events: ["s3:ObjectRemoved:Delete", "s3:LifecycleExpiration:*", "s3:ObjectRestore:Completed"],
        },
      ],
      EventBridgeConfiguration: {},
    });
    await put({});
    expect(await get()).toEqual({});
  });

  test("takes the ARN of an alias that has the permission itself", async () => {
    const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName: functionName }));
    await lambda.send(new CreateAliasCommand({ FunctionName: functionName, Name: "live", FunctionVersion: Version! }));
    await expect(
      put({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:*"], {}, `${functionArn}:live`)] }),
    ).rejects.toThrow("Unable to validate the following destination configurations");
    const arn = await allow(functionName, { SourceAccount: functionArn.split(":")[4]! }, "live");
    expect(arn).toBe(`${functionArn}:live`);
    await put({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:*"], {}, arn)] });
    await put({});
  });

  test("refuses functions that are not there or do not let S3 call them for this bucket", async () => {
    const closed = await createFunction(lambda);
    const arnOf = (name: string) => functionArn.replace(functionName, name);
    const foreign = await createFunction(lambda);
    await allow(foreign, { SourceArn: "arn:aws:s3:::another-bucket" });
    const otherAccount = await createFunction(lambda);
    await allow(otherAccount, { SourceAccount: "999999999999" });
    for (const arn of ["nowhere", closed, foreign, otherAccount].map(arnOf)) {
      await expect(
        put({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:*"], {}, arn)] }),
      ).rejects.toMatchObject({
        name: "InvalidArgument",
        message: "Unable to validate the following destination configurations",
        $metadata: { httpStatusCode: 400 },
        ArgumentName1: `${arn}, null`,
        ArgumentValue1: `Not authorized to invoke function [${arn}]`,
      });
    }
    expect(await get()).toEqual({});
    await put({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:*"], {}, arnOf(closed))] }, true);
    expect((await get()).LambdaFunctionConfigurations).toHaveLength(1);
    // Writes go on, although nobody may be told of them.
    await client.send(new PutObjectCommand({ Bucket, Key: "silent", Body: "1" }));
    await put({});
  });

  test("refuses queues that are not there, and topics whoever vouches for them", async () => {
    const Events: ["s3:ObjectCreated:*"] = ["s3:ObjectCreated:*"];
    await expect(
      put({ QueueConfigurations: [{ QueueArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:jobs`, Events }] }),
    ).rejects.toMatchObject({
      name: "InvalidArgument",
      message: "Unable to validate the following destination configurations",
      ArgumentValue1: "The destination queue does not exist",
    });
    for (const skip of [false, true]) {
      await expect(
        put({ TopicConfigurations: [{ TopicArn: `arn:aws:sns:us-east-1:${ACCOUNT}:news`, Events }] }, skip),
      ).rejects.toMatchObject({
        name: "InvalidArgument",
        ArgumentValue1: "The destination topic does not exist",
      });
    }
  });

  const wrong: [string, () => NotificationConfiguration, string][] = [
    [
      "an unknown event",
      () => ({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:Everything"])] }),
      "The event is not supported for notifications",
    ],
    [
      "a rule on something else than prefix and suffix",
      () => ({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:*"], { infix: "a" })] }),
      "filter rule name must be either prefix or suffix",
    ],
    [
      "two prefixes",
      () => ({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:*"], { prefix: "a", Prefix: "b" })] }),
      "Cannot specify more than one prefix rule in a filter.",
    ],
    [
      "a long prefix",
      () => ({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:*"], { prefix: "é".repeat(513) })] }),
      "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation",
    ],
    [
      "no ARN",
      () => ({ LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:*"], {}, "thumbnails")] }),
      "The ARN is not well formed",
    ],
    [
      "another region",
      () => ({
        LambdaFunctionConfigurations: [
          toFunction(["s3:ObjectCreated:*"], {}, functionArn.replace(verge.region, "eu-west-3")),
        ],
      }),
      "The notification destination service region is not valid for the bucket location constraint",
    ],
    [
      "one id for two",
      () => ({
        LambdaFunctionConfigurations: [
          { Id: "1", ...toFunction(["s3:ObjectCreated:*"]) },
          { Id: "1", ...toFunction(["s3:ObjectRemoved:*"]) },
        ],
      }),
      "Same ID used for multiple configurations. IDs must be unique",
    ],
    [
      "the same event twice",
      () => ({
        LambdaFunctionConfigurations: [toFunction(["s3:ObjectCreated:Put"]), toFunction(["s3:ObjectCreated:*"])],
      }),
      "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
    ],
    [
      "overlapping filters",
      () => ({
        LambdaFunctionConfigurations: [
          toFunction(["s3:ObjectCreated:*"], { prefix: "in/", suffix: ".jpg" }),
          toFunction(["s3:ObjectCreated:Copy"], { prefix: "in/photos/", suffix: "g" }),
        ],
      }),
      "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.",
    ],
  ];
  test.each(wrong)("refuses %s", async (_, configuration, message) => {
    await expect(put(configuration())).rejects.toMatchObject({ name: "InvalidArgument", message });
  });

  test("takes filters that share events and no key", async () => {
    await put({
      LambdaFunctionConfigurations: [
        toFunction(["s3:ObjectCreated:*"], { prefix: "in/", suffix: ".jpg" }),
        toFunction(["s3:ObjectCreated:*"], { prefix: "in/", suffix: ".png" }),
        toFunction(["s3:ObjectCreated:*"], { prefix: "out/" }),
        toFunction(["s3:ObjectRemoved:*"]),
      ],
    });
    expect((await get()).LambdaFunctionConfigurations).toHaveLength(4);
    await put({});
  });

  test("needs no checksum, and refuses documents that are none of its schema", async () => {
    const send = (body: string) => signedFetch(verge, { method: "PUT", target: `/${Bucket}?notification`, body });
    expect((await send("<NotificationConfiguration/>")).status).toBe(200);
    for (const body of [
      "<CORSConfiguration/>",
      "<NotificationConfiguration><Other/></NotificationConfiguration>",
      `<NotificationConfiguration><CloudFunctionConfiguration><CloudFunction>${functionArn}</CloudFunction></CloudFunctionConfiguration></NotificationConfiguration>`,
    ]) {
      expect(await send(body)).toMatchObject({ status: 400, code: "MalformedXML" });
    }
  });
});
