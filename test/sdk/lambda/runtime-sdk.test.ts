import { type LambdaClient } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createFunction, createLambdaClient, invokeFunction, zipFiles } from "../../support/lambda.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

// The AWS SDK that is there without being in the zip: docs/decisions/0020-sdk-of-the-runtime.md.

let verge: Verge;
let lambda: LambdaClient;
let s3: S3Client;

beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
  s3 = createS3Client(verge);
  await s3.send(new CreateBucketCommand({ Bucket: "inbox" }));
  await s3.send(new PutObjectCommand({ Bucket: "inbox", Key: "a.txt", Body: "from the bucket" }));
});
afterAll(() => verge.stop());

/** Runs a function of these files, which reports the SDK's own retries as failures. */
async function run(files: Record<string, string>, event: object = {}): Promise<unknown> {
  const name = await createFunction(lambda, "", { Timeout: 20, Code: { ZipFile: zipFiles(files) } });
  return (await invokeFunction(lambda, name, event)).result;
}

const read =
  "client.send(new GetObjectCommand({ Bucket: 'inbox', Key: 'a.txt' })).then((r) => r.Body.transformToString())";

it.each([
  [
    "require",
    "index.js",
    `const { S3Client, GetObjectCommand } = require("@aws-sdk/client-s3");
     const client = new S3Client(); exports.handler = () => ${read};`,
  ],
  [
    "import",
    "index.mjs",
    `import { S3Client, GetObjectCommand } from "@aws-sdk/client-s3";
     const client = new S3Client({}); export const handler = () => ${read};`,
  ],
  [
    "import() of a minified bundle",
    "index.js",
    `exports.handler=async()=>{const{S3:a}=await import("@aws-sdk/client-s3");return (await new a().getObject({Bucket:"inbox",Key:"a.txt"})).Body.transformToString()}`,
  ],
])("S3 is reached by %s, with nothing configured", async (_, file, source) => {
  expect(await run({ [file]: source })).toBe("from the bucket");
});

it("writes empty objects", async () => {
  const source = `const { S3Client, PutObjectCommand, HeadObjectCommand } = require("@aws-sdk/client-s3");
    const client = new S3Client({ maxAttempts: 1 });
    exports.handler = async () => {
      const object = { Bucket: "inbox", Key: "empty" };
      await client.send(new PutObjectCommand({ ...object, Body: "" }));
      return (await client.send(new HeadObjectCommand(object))).ContentLength;
    };`;
  expect(await run({ "index.js": source })).toBe(0);
});

it("one function invokes another", async () => {
  const FunctionName = await createFunction(lambda, "exports.handler = async ({ a }) => a + 1;");
  const result = await run(
    {
      "index.mjs": `import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
        const client = new LambdaClient();
        export const handler = async ({ FunctionName }) => {
          const { Payload } = await client.send(new InvokeCommand({ FunctionName, Payload: '{"a":1}' }));
          return JSON.parse(Payload.transformToString());
        };`,
    },
    { FunctionName },
  );
  expect(result).toBe(2);
});

it("lib-storage uploads by the same client's classes, and a presigned URL can be read", async () => {
  const result = await run({
    "index.mjs": `import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
      import { Upload } from "@aws-sdk/lib-storage";
      import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
      const client = new S3Client();
      export const handler = async () => {
        const target = { Bucket: "inbox", Key: "large.bin" };
        await new Upload({ client, params: { ...target, Body: new Uint8Array(6 * 1024 * 1024) } }).done();
        const url = await getSignedUrl(client, new GetObjectCommand(target), { expiresIn: 60 });
        return (await (await fetch(url)).arrayBuffer()).byteLength;
      };`,
  });
  expect(result).toBe(6 * 1024 * 1024);
});

it("each service of this deployment is reached by its client", async () => {
  const result = await run({
    "index.mjs": `import { CloudFront } from "@aws-sdk/client-cloudfront";
      import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
      import { Scheduler } from "@aws-sdk/client-scheduler";
      import { SQS } from "@aws-sdk/client-sqs";
      export const handler = async () => [
        (await new CloudFront().listDistributions()).DistributionList.Quantity,
        typeof (await new SQS().createQueue({ QueueName: "made-inside" })).QueueUrl,
        (await new Scheduler().listSchedules()).Schedules,
        Array.isArray((await new CloudWatchLogs().describeLogGroups()).logGroups),
      ];`,
  });
  expect(result).toEqual([0, "string", [], true]);
});

it("errors are instances of the client's classes", async () => {
  const result = await run({
    "index.mjs": `import { GetObjectCommand, NoSuchKey, S3Client } from "@aws-sdk/client-s3";
      export const handler = () => new S3Client().send(new GetObjectCommand({ Bucket: "inbox", Key: "none" }))
        .catch((error) => [error instanceof NoSuchKey, error.name]);`,
  });
  expect(result).toEqual([true, "NoSuchKey"]);
});

it("a package's own copy comes first", async () => {
  const result = await run({
    "index.js": `exports.handler = async () => require("@aws-sdk/client-s3").mine;`,
    "node_modules/@aws-sdk/client-s3/package.json": `{"name":"@aws-sdk/client-s3","main":"own.js"}`,
    "node_modules/@aws-sdk/client-s3/own.js": `exports.mine = "own";`,
  });
  expect(result).toBe("own");
});

it("a client of a service that is not here is missing by name", async () => {
  expect(await run({ "index.js": `require("@aws-sdk/client-dynamodb")` })).toMatchObject({
    errorType: "Runtime.ImportModuleError",
    errorMessage: expect.stringContaining("Cannot find module '@aws-sdk/client-dynamodb'") as unknown,
  });
});
