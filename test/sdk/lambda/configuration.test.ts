import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  CreateFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  ListFunctionsCommand,
  ListCapacityProvidersCommand,
  ListTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

describe("UpdateFunctionConfiguration", () => {
  it("changes what it is given, and leaves the rest", async () => {
    const FunctionName = await createFunction(lambda, "exports.handler = async () => process.env;", {
      Description: "before",
      Environment: { Variables: { KEPT: "yes" } },
    });
    const before = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const changed = await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName,
        Timeout: 20,
        MemorySize: 512,
        LoggingConfig: { LogFormat: "JSON" },
      }),
    );
    expect(changed).toMatchObject({
      Timeout: 20,
      MemorySize: 512,
      Description: "before",
      Environment: { Variables: { KEPT: "yes" } },
      LoggingConfig: { LogFormat: "JSON", LogGroup: `/aws/lambda/${FunctionName}`, ApplicationLogLevel: "INFO" },
    });
    expect(changed.RevisionId).not.toBe(before.RevisionId);
    await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 5 }, { FunctionName });
    expect((await invokeFunction(lambda, FunctionName)).result).toMatchObject({ KEPT: "yes" });
    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: { NEW: "1" } } }),
    );
    const { result } = await invokeFunction(lambda, FunctionName);
    expect(result).toMatchObject({ NEW: "1" });
    expect(result).not.toHaveProperty("KEPT");
    const none = await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: {} }));
    expect(none.Environment).toBeUndefined();
  });

  it("takes another handler of the same package", async () => {
    const FunctionName = await createFunction(
      lambda,
      "exports.handler = async () => 1; exports.other = async () => 2;",
    );
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Handler: "index.other" }));
    expect((await invokeFunction(lambda, FunctionName)).result).toBe(2);
  });

  it("is for the revision that the caller has seen", async () => {
    const FunctionName = await createFunction(lambda);
    await expect(
      lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 9, RevisionId: "old" })),
    ).rejects.toMatchObject({ name: "PreconditionFailedException", $metadata: { httpStatusCode: 412 } });
    await expect(
      lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: "nobody", Timeout: 9 })),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});

describe("code", () => {
  it("comes from a bucket of this deployment", async () => {
    const s3 = createS3Client(verge);
    await s3.send(new CreateBucketCommand({ Bucket: "packages" }));
    const Body = zipFiles({ "index.js": "exports.handler = async () => 'from a bucket';" });
    await s3.send(new PutObjectCommand({ Bucket: "packages", Key: "a folder/code.zip", Body }));
    s3.destroy();
    const FunctionName = await createFunction(lambda, undefined, {
      Code: { S3Bucket: "packages", S3Key: "a folder/code.zip" },
    });
    expect((await invokeFunction(lambda, FunctionName)).result).toBe("from a bucket");
    await expect(
      lambda.send(new UpdateFunctionCodeCommand({ FunctionName, S3Bucket: "packages", S3Key: "nothing" })),
    ).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: expect.stringContaining("S3 Error Code: NoSuchKey"),
    });
  });

  it("is only checked with DryRun", async () => {
    const FunctionName = await createFunction(lambda, "exports.handler = async () => 'old';");
    const before = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const ZipFile = zipFiles({ "index.js": "exports.handler = async () => 'new';" });
    const dry = await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile, DryRun: true }));
    expect(dry.CodeSha256).not.toBe(before.CodeSha256);
    const { $metadata: _, ...after } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const { $metadata: __, ...same } = before;
    expect(after).toEqual(same);
  });

  it("must be a zip", async () => {
    const broken = { ...describeFunction("broken"), Code: { ZipFile: Buffer.from("no zip at all") } };
    await expect(lambda.send(new CreateFunctionCommand(broken))).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: "Could not unzip uploaded file. Please check your file, then try to upload again.",
    });
    await expect(lambda.send(new GetFunctionCommand({ FunctionName: "broken" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});

describe("what cannot be", () => {
  it.each([
    [
      "a runtime of another language",
      { Runtime: "python3.13" },
      "InvalidParameterValueException",
      /python3\.13 at 'runtime'.*nodejs24\.x/,
    ],
    [
      "a time-out of more than 15 minutes",
      { Timeout: 901 },
      "ValidationException",
      /^1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900$/,
    ],
    ["too little memory", { MemorySize: 127 }, "ValidationException", /'memorySize'.*greater than or equal to 128/],
    ["several things at once", { Timeout: 0, MemorySize: 1 }, "ValidationException", /^2 validation errors detected/],
    [
      "a name with a space",
      { FunctionName: "my function" },
      "ValidationException",
      /Value 'my function' at 'functionName'/,
    ],
    ["a name that is too long", { FunctionName: "x".repeat(65) }, "ValidationException", /functionName/],
    ["a role that is none", { Role: "admin" }, "ValidationException", /'role'/],
    [
      "a reserved variable",
      { Environment: { Variables: { AWS_REGION: "x" } } },
      "InvalidParameterValueException",
      /AWS_REGION/,
    ],
    [
      "an environment over 4 KB",
      { Environment: { Variables: { A_: "x".repeat(4096) } } },
      "InvalidParameterValueException",
      /4KB limit/,
    ],
    ["a container", { PackageType: "Image" as const }, "InvalidParameterValueException", /Image is not supported/],
    ["no code", { Code: {} }, "InvalidParameterValueException", /Please provide a source for function code/],
    ["no handler", { Handler: undefined }, "InvalidParameterValueException", /Runtime and Handler are mandatory/],
  ])("%s is refused", async (_what, input, name, message) => {
    const wrong = { ...describeFunction("never"), ...(input as object) };
    await expect(lambda.send(new CreateFunctionCommand(wrong))).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message),
      $metadata: { httpStatusCode: 400 },
    });
  });

  it("another region's functions are not reachable", async () => {
    const FunctionName = "arn:aws:lambda:eu-west-1:123456789012:function:far";
    await expect(lambda.send(new GetFunctionCommand({ FunctionName }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    });
  });

  it("an operation that is not served names itself", async () => {
    await expect(lambda.send(new ListCapacityProvidersCommand({}))).rejects.toMatchObject({
      name: "NotImplementedException",
      message: expect.stringContaining("ListCapacityProviders"),
      $metadata: { httpStatusCode: 501 },
    });
  });

  it("a wrong key is told in the words of JSON services", async () => {
    const { accessKeyId } = verge;
    const wrong = createLambdaClient(verge, { credentials: { accessKeyId, secretAccessKey: "not the secret at all" } });
    await expect(wrong.send(new ListFunctionsCommand({}))).rejects.toMatchObject({
      name: "InvalidSignatureException",
      $metadata: { httpStatusCode: 403 },
    });
    const unknown = createLambdaClient(verge, {
      credentials: { accessKeyId: "AKIAUNKNOWNUNKNOWN22", secretAccessKey: "not the secret at all" },
    });
    await expect(unknown.send(new ListFunctionsCommand({}))).rejects.toMatchObject({
      name: "UnrecognizedClientException",
    });
    const unsigned = await fetch(`${verge.endpoint}/2015-03-31/functions`);
    expect([unsigned.status, unsigned.headers.get("x-amzn-errortype")]).toEqual([
      403,
      "MissingAuthenticationTokenException",
    ]);
  });
});

describe("listings, tags and the account", () => {
  it("list functions by name in pages, with their versions when asked", async () => {
    const names = [await createFunction(lambda), await createFunction(lambda, undefined, { Publish: true })];
    const listed: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await lambda.send(new ListFunctionsCommand({ MaxItems: 1, ...(Marker && { Marker }) }));
      listed.push(...page.Functions!.map(({ FunctionName }) => FunctionName!));
      Marker = page.NextMarker;
    } while (Marker);
    expect(listed).toEqual([...listed].sort());
    expect(listed).toEqual(expect.arrayContaining(names));
    const all = await lambda.send(new ListFunctionsCommand({ FunctionVersion: "ALL" }));
    const versions = all.Functions!.filter(({ FunctionName }) => FunctionName === names[1]);
    expect(versions.map(({ Version }) => Version)).toEqual(["$LATEST", "1"]);
  });

  it("tags are added, listed and removed", async () => {
    const FunctionName = await createFunction(lambda, undefined, { Tags: { team: "a" } });
    const { Configuration, Tags } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    expect(Tags).toEqual({ team: "a" });
    const Resource = Configuration!.FunctionArn!;
    await lambda.send(new TagResourceCommand({ Resource, Tags: { stage: "test", "key with space": "ü" } }));
    await lambda.send(new UntagResourceCommand({ Resource, TagKeys: ["team", "stage"] }));
    expect((await lambda.send(new ListTagsCommand({ Resource }))).Tags).toEqual({ "key with space": "ü" });
    await expect(
      lambda.send(new TagResourceCommand({ Resource: `${Resource}:1`, Tags: { a: "b" } })),
    ).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  });

  it("the account's settings count what it uses", async () => {
    const before = await lambda.send(new GetAccountSettingsCommand({}));
    await createFunction(lambda);
    const after = await lambda.send(new GetAccountSettingsCommand({}));
    expect(after.AccountUsage!.FunctionCount).toBe(before.AccountUsage!.FunctionCount! + 1);
    expect(after.AccountUsage!.TotalCodeSize).toBeGreaterThan(before.AccountUsage!.TotalCodeSize!);
    expect(after.AccountLimit).toMatchObject({ ConcurrentExecutions: 1000, CodeSizeZipped: 52_428_800 });
  });
});
