import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";

/** Invokes it with the invocation type Event, and answers the request id. */
export async function sendEvent(lambda: LambdaClient, FunctionName: string, event?: unknown): Promise<string> {
  const { StatusCode, $metadata } = await lambda.send(
    new InvokeCommand({
      FunctionName,
      InvocationType: "Event",
      ...(event !== undefined && { Payload: JSON.stringify(event) }),
    }),
  );
  if (StatusCode !== 202 || !$metadata.requestId) throw new Error(`the event was answered with ${StatusCode}`);
  return $metadata.requestId;
}

/** Waits until at least `count` objects have the prefix, and answers their keys. The server may be away for a while. */
export async function waitForObjects(
  s3: S3Client,
  Bucket: string,
  Prefix: string,
  count: number,
  seconds = 15,
): Promise<string[]> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const keys = await listKeys(s3, Bucket, Prefix).catch((error: unknown) => String(error));
    if (typeof keys !== "string" && keys.length >= count) return keys;
    const found = typeof keys === "string" ? keys : `${keys.length} of ${count} objects below ${Prefix}`;
    if (Date.now() > deadline) throw new Error(found);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function listKeys(s3: S3Client, Bucket: string, Prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return keys;
}

/** An object that is JSON. */
export async function readJson<Value>(s3: S3Client, Bucket: string, Key: string): Promise<Value> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return JSON.parse((await Body?.transformToString()) ?? "null") as Value;
}

/** AWS's invocation record, as destinations receive it. */
export interface InvocationRecord {
  readonly version: string;
  readonly timestamp: string;
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: string;
    readonly approximateInvokeCount: number;
  };
  readonly requestPayload: unknown;
  readonly responseContext?: object;
  readonly responsePayload?: unknown;
}

/** Code of a function that writes each event it gets, with its context, to `<prefix><request id>` of a bucket. */
export function recorderCode(bucket: string, prefix: string): string {
  return `const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");
    const s3 = new S3Client({ forcePathStyle: true });
    exports.handler = async (event, context) => {
      const Body = JSON.stringify({ event, version: context.functionVersion, trace: process.env._X_AMZN_TRACE_ID });
      await s3.send(new PutObjectCommand({ Bucket: "${bucket}", Key: "${prefix}" + context.awsRequestId, Body }));
      return "recorded";
    };`;
}
