import { CreateBucketCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { masterKeyOf } from "../../../src/auth/secrets.ts";
import { issueSession } from "../../../src/auth/sessions.ts";
import { signRequest } from "../../../src/auth/sigv4/presign.ts";
import { createFunction, createLambdaClient, invokeFunction, zipFiles } from "../../support/lambda.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { callVerge } from "../../support/verge-api.ts";

let verge: Verge;
let lambda: LambdaClient;
beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
});
afterAll(() => verge.stop());

/** A handler with all that it imports, as bundlers of functions make it. */
async function bundle(source: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    bundle: true,
    platform: "node",
    format: "cjs",
    write: false,
    logLevel: "silent",
  });
  return zipFiles({ "index.js": outputFiles[0]!.contents });
}

describe("a function's keys", () => {
  it("let the SDK in it use this deployment without configuration", async () => {
    const s3 = createS3Client(verge);
    await s3.send(new CreateBucketCommand({ Bucket: "for-functions" }));
    const ZipFile = await bundle(`
      import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
      const s3 = new S3Client({});
      export const handler = async ({ text }) => {
        const input = { Bucket: "for-functions", Key: "a key/ü" };
        await s3.send(new PutObjectCommand({ ...input, Body: text }));
        return (await s3.send(new GetObjectCommand(input))).Body.transformToString();
      };`);
    const name = await createFunction(lambda, undefined, { Code: { ZipFile }, Timeout: 20 });
    const { result, FunctionError } = await invokeFunction(lambda, name, { text: "from within" });
    expect([FunctionError, result]).toEqual([undefined, "from within"]);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: "for-functions", Key: "a key/ü" }));
    expect(await Body!.transformToString()).toBe("from within");
    s3.destroy();
  });

  it("are temporary, work outside too, and administer nothing", async () => {
    const name = await createFunction(lambda, "exports.handler = async () => process.env;");
    const { result } = await invokeFunction(lambda, name);
    const variables = result as Record<string, string>;
    const credentials = {
      accessKeyId: variables["AWS_ACCESS_KEY_ID"]!,
      secretAccessKey: variables["AWS_SECRET_ACCESS_KEY"]!,
      sessionToken: variables["AWS_SESSION_TOKEN"]!,
    };
    expect(credentials.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    const s3 = createS3Client(verge, { credentials });
    expect((await s3.send(new ListBucketsCommand({}))).$metadata.httpStatusCode).toBe(200);
    const withoutToken = createS3Client(verge, { credentials: { ...credentials, sessionToken: undefined } as never });
    await expect(withoutToken.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: "InvalidAccessKeyId" });
    const otherToken = createS3Client(verge, {
      credentials: {
        ...credentials,
        accessKeyId: credentials.accessKeyId.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
      },
    });
    await expect(otherToken.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: "InvalidToken" });
    for (const client of [s3, withoutToken, otherToken]) client.destroy();
    const url = `${verge.endpoint}/_verge/api/accounts`;
    const signing = { method: "GET", url, region: verge.region, service: "verge", now: Date.now() };
    const asFunction = await fetch(url, { headers: signRequest({ ...signing, ...credentials }) });
    expect(asFunction.status).toBe(403);
    const { accessKeyId, secretAccessKey } = verge;
    expect((await fetch(url, { headers: signRequest({ ...signing, accessKeyId, secretAccessKey }) })).status).toBe(200);
  });

  it("end when they expire", async () => {
    const { account } = await callVerge<{ account: { id: string } }>(verge, "POST", "/accounts", { name: "brief" });
    const master = await masterKeyOf(verge.credentials.masterKey);
    const keysUntil = (expiresAt: number) =>
      issueSession(master, { accountId: account.id, roleArn: "arn:aws:iam::123456789012:role/r", expiresAt });
    const good = createS3Client(verge, { credentials: await keysUntil(Date.now() + 60_000) });
    await good.send(new CreateBucketCommand({ Bucket: "brief-bucket" }));
    await good.send(new PutObjectCommand({ Bucket: "brief-bucket", Key: "k", Body: "v" }));
    const expired = createS3Client(verge, { credentials: await keysUntil(Date.now() - 1) });
    await expect(expired.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: "ExpiredToken" });
    good.destroy();
    expired.destroy();
  });
});
