import {
  CreateAliasCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionRecursionConfigCommand,
  type LambdaClient,
  ListFunctionEventInvokeConfigsCommand,
  PublishVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  type PutFunctionEventInvokeConfigCommandInput,
  PutFunctionRecursionConfigCommand,
  UpdateFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let lambda: LambdaClient;
let bucketArn: string;
let FunctionName: string;
let arn: string;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
  const s3 = createS3Client(verge);
  bucketArn = `arn:aws:s3:::${await makeBucket(s3)}`;
  s3.destroy();
  FunctionName = await createFunction(lambda);
  arn = (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).FunctionArn!;
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
});
afterAll(() => verge.stop());

const put = (input: Omit<PutFunctionEventInvokeConfigCommandInput, "FunctionName">) =>
  lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, ...input }));
const refusal = (message: string, name = "InvalidParameterValueException", httpStatusCode = 400) => ({
  name,
  message: expect.stringContaining(message),
  $metadata: { httpStatusCode },
});
const withoutMetadata = (answer: object) => ({ ...answer, $metadata: undefined });

describe("event-invoke configurations", () => {
  it("are put, read, changed and deleted", async () => {
    const first = await put({ MaximumRetryAttempts: 1, DestinationConfig: { OnFailure: { Destination: bucketArn } } });
    expect(withoutMetadata(first)).toEqual({
      FunctionArn: `${arn}:$LATEST`,
      LastModified: expect.any(Date),
      MaximumRetryAttempts: 1,
      DestinationConfig: { OnSuccess: {}, OnFailure: { Destination: bucketArn } },
    });
    expect(Date.now() - first.LastModified!.getTime()).toBeLessThan(60_000);
    const changed = await lambda.send(
      new UpdateFunctionEventInvokeConfigCommand({ FunctionName, MaximumEventAgeInSeconds: 60 }),
    );
    expect(changed).toMatchObject({
      MaximumRetryAttempts: 1,
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: bucketArn } },
    });
    const read = await lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }));
    expect(withoutMetadata(read)).toEqual(withoutMetadata(changed));
    // Another Put takes away what it does not name.
    expect(await put({ MaximumRetryAttempts: 0 })).not.toHaveProperty("MaximumEventAgeInSeconds");
    await lambda.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName }));
    const missing = refusal(
      `The function ${arn}:$LATEST doesn't have an EventInvokeConfig`,
      "ResourceNotFoundException",
      404,
    );
    await expect(lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }))).rejects.toMatchObject(missing);
    await expect(lambda.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName }))).rejects.toMatchObject(
      missing,
    );
    await expect(
      lambda.send(new UpdateFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 1 })),
    ).rejects.toMatchObject(missing);
  });

  it("belong to a version or an alias, and are listed page by page", async () => {
    for (const Qualifier of ["live", "1", undefined])
      await put({ ...(Qualifier && { Qualifier }), MaximumRetryAttempts: 0 });
    const page = await lambda.send(new ListFunctionEventInvokeConfigsCommand({ FunctionName, MaxItems: 2 }));
    const rest = await lambda.send(
      new ListFunctionEventInvokeConfigsCommand({ FunctionName, Marker: page.NextMarker }),
    );
    const listed = [page, rest].flatMap(({ FunctionEventInvokeConfigs = [] }) => FunctionEventInvokeConfigs);
    expect(listed.map((config) => config.FunctionArn)).toEqual([`${arn}:$LATEST`, `${arn}:1`, `${arn}:live`]);
    expect(rest.NextMarker).toBeUndefined();
  });

  it.each<[string, Omit<PutFunctionEventInvokeConfigCommandInput, "FunctionName">, ReturnType<typeof refusal>]>([
    ["nothing at all", {}, refusal("You must specify at least one of error handling or destination setting.")],
    ["three retries", { MaximumRetryAttempts: 3 }, refusal("less than or equal to 2", "ValidationException")],
    ["a short age", { MaximumEventAgeInSeconds: 59 }, refusal("greater than or equal to 60", "ValidationException")],
    [
      "no ARN",
      { DestinationConfig: { OnFailure: { Destination: "here" } } },
      refusal("pattern", "ValidationException"),
    ],
    [
      "an unknown qualifier",
      { Qualifier: "nope", MaximumRetryAttempts: 0 },
      refusal("The function doesn't exist.", "ResourceNotFoundException", 404),
    ],
    [
      "another account's queue",
      { DestinationConfig: { OnFailure: { Destination: "arn:aws:sqs:us-east-1:123456789012:q" } } },
      refusal("is not a queue of this account"),
    ],
    [
      "a topic",
      { DestinationConfig: { OnFailure: { Destination: "arn:aws:sns:us-east-1:123456789012:t" } } },
      refusal("service sns are not supported"),
    ],
    [
      "an unknown bucket",
      { DestinationConfig: { OnFailure: { Destination: "arn:aws:s3:::no-such-bucket-here" } } },
      refusal("NoSuchBucket"),
    ],
  ])("refuse %s", async (_, input, expected) => {
    await expect(put(input)).rejects.toMatchObject(expected);
  });

  it("refuse the function itself, unknown functions, and buckets for successes", async () => {
    const to = (Destination: string) => put({ DestinationConfig: { OnSuccess: { Destination } } });
    await expect(to(arn)).rejects.toMatchObject(refusal("You can't specify the function as a destination for itself."));
    await expect(to(`${arn}-not`)).rejects.toMatchObject(refusal("is invalid"));
    await expect(to(bucketArn)).rejects.toMatchObject(refusal("failed invocations only"));
  });
});

describe("recursion configurations", () => {
  it("terminate loops unless told otherwise", async () => {
    const read = () => lambda.send(new GetFunctionRecursionConfigCommand({ FunctionName }));
    expect((await read()).RecursiveLoop).toBe("Terminate");
    const answer = await lambda.send(new PutFunctionRecursionConfigCommand({ FunctionName, RecursiveLoop: "Allow" }));
    expect(answer.RecursiveLoop).toBe("Allow");
    expect((await read()).RecursiveLoop).toBe("Allow");
    const wrong = { FunctionName, RecursiveLoop: "Maybe" as "Allow" };
    await expect(lambda.send(new PutFunctionRecursionConfigCommand(wrong))).rejects.toMatchObject({
      name: "ValidationException",
    });
    const nobody = { FunctionName: "nobody", RecursiveLoop: "Allow" as const };
    await expect(lambda.send(new PutFunctionRecursionConfigCommand(nobody))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});
