import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { GetObjectCommand, S3ServiceException, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { zipFiles } from "../support/lambda.ts";
import { createS3Client } from "../support/s3.ts";
import { useAwsCli } from "./aws-cli.ts";
import { requireProgram } from "./program.ts";

const program = requireProgram("aws") ?? "";

const photo = randomBytes(300_000);
const sha256 = createHash("sha256").update(photo).digest("hex");
/** What a derived object may take, from the end of the upload on. */
const LIMIT_MS = 1000;

/** Stores size and digest of what was uploaded. */
const HANDLER = `
import { createHash } from "node:crypto";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
const s3 = new S3Client();
export const handler = async ({ Records: [{ s3: { bucket, object } }] }) => {
  const Key = decodeURIComponent(object.key.replaceAll("+", " "));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket.name, Key }));
  const sha256 = createHash("sha256").update(await Body.transformToByteArray()).digest("hex");
  await s3.send(new PutObjectCommand({ Bucket: "out-photos", Key: Key + ".json", Body: JSON.stringify({ size: object.size, sha256 }) }));
};`;

describe.skipIf(program === "")("aws s3api put-bucket-notification-configuration", () => {
  const cli = useAwsCli(program);
  const aws = async (...args: string[]): Promise<string> => (await cli.run(args)).stdout;

  let s3: S3Client;
  beforeAll(() => {
    s3 = createS3Client(cli.verge);
  });
  afterAll(() => s3.destroy());

  test("an upload by aws s3 cp makes a function store a derived object within a second", async () => {
    for (const bucket of ["in", "out"]) await aws("s3", "mb", `s3://${bucket}-photos`);
    const { FunctionArn } = JSON.parse(await createFunction()) as { FunctionArn: string };
    const permission = ["--function-name", "derive", "--statement-id", "s3", "--action", "lambda:InvokeFunction"];
    const caller = ["--principal", "s3.amazonaws.com", "--source-arn", "arn:aws:s3:::in-photos"];
    await aws("lambda", "add-permission", ...permission, ...caller);
    const configuration = {
      LambdaFunctionConfigurations: [
        {
          Id: "derive",
          LambdaFunctionArn: FunctionArn,
          Events: ["s3:ObjectCreated:*"],
          Filter: { Key: { FilterRules: [{ Name: "suffix", Value: ".jpg" }] } },
        },
      ],
    };
    const bucket = ["--bucket", "in-photos"];
    const document = ["--notification-configuration", JSON.stringify(configuration)];
    await aws("s3api", "put-bucket-notification-configuration", ...bucket, ...document);
    expect(JSON.parse(await aws("s3api", "get-bucket-notification-configuration", ...bucket))).toEqual({
      LambdaFunctionConfigurations: [
        {
          ...configuration.LambdaFunctionConfigurations[0],
          Filter: { Key: { FilterRules: [{ Name: "Suffix", Value: ".jpg" }] } },
        },
      ],
    });
    writeFileSync(cli.path("photo.jpg"), photo);
    // The first one starts an isolate for the function.
    expect(await uploadAndWait("first photo.jpg")).toBeLessThan(5 * LIMIT_MS);
    const times: number[] = [];
    for (const key of ["photo.jpg", "2026/photo.jpg", "a+b.jpg"]) times.push(await uploadAndWait(key));
    console.log(`derived ${times.map(Math.round).join(", ")} ms after the upload`);
    const [, median] = times.toSorted((one, other) => one - other);
    expect(median).toBeLessThan(LIMIT_MS);
    await aws("s3api", "put-bucket-notification-configuration", ...bucket, "--notification-configuration", "{}");
    expect(await aws("s3api", "get-bucket-notification-configuration", ...bucket)).toBe("");
  });

  async function createFunction(): Promise<string> {
    writeFileSync(cli.path("derive.zip"), zipFiles({ "index.mjs": HANDLER }));
    const role = "arn:aws:iam::123456789012:role/lambda";
    const settings = ["--runtime", "nodejs22.x", "--role", role, "--handler", "index.handler", "--timeout", "20"];
    const code = ["--zip-file", `fileb://${cli.path("derive.zip")}`];
    return aws("lambda", "create-function", "--function-name", "derive", ...settings, ...code);
  }

  /** Milliseconds from the end of the upload until the derived object could be read. */
  async function uploadAndWait(key: string): Promise<number> {
    await aws("s3", "cp", cli.path("photo.jpg"), `s3://in-photos/${key}`);
    const uploaded = performance.now();
    const waitUntil = uploaded + 20_000;
    while (performance.now() < waitUntil) {
      const derived = await findDerived(`${key}.json`);
      if (derived === `{"size":${photo.length},"sha256":"${sha256}"}`) return performance.now() - uploaded;
    }
    throw new Error(`nothing was derived from ${key}`);
  }

  async function findDerived(Key: string): Promise<string | undefined> {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: "out-photos", Key }));
      return await Body!.transformToString();
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === "NoSuchKey") return undefined;
      throw error;
    }
  }
});
