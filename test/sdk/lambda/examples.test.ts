import { createHmac } from "node:crypto";
import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  type FunctionUrlConfig,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  PutFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { decode, encode } from "jpeg-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleExample, listExamples } from "../../../examples/functions/bundle.ts";
import { waitForObjects } from "../../support/async-events.ts";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

// Each of examples/functions/, bundled, deployed and run as its README says.

let verge: Verge;
let lambda: LambdaClient;
let s3: S3Client;
let scheduler: SchedulerClient;

beforeAll(async () => {
  verge = await startVerge();
  lambda = createLambdaClient(verge);
  s3 = createS3Client(verge);
  const { accessKeyId, endpoint, region, secretAccessKey } = verge;
  scheduler = new SchedulerClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
});
afterAll(() => verge.stop());

/** Deploys an example, and answers the function's name. */
async function deploy(example: string, Variables: Record<string, string> = {}): Promise<string> {
  const Code = { ZipFile: await bundleExample(example) };
  return createFunction(lambda, "", { Code, Timeout: 30, Environment: { Variables } });
}

/** A public URL for it, with a slash at the end. */
async function openUrl(FunctionName: string, mode: Partial<FunctionUrlConfig> = {}): Promise<string> {
  const url = await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: "NONE", ...mode }));
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: "public",
      Action: "lambda:InvokeFunctionUrl",
      Principal: "*",
      FunctionUrlAuthType: "NONE",
    }),
  );
  return url.FunctionUrl ?? "";
}

const createBucket = (Bucket: string) => s3.send(new CreateBucketCommand({ Bucket }));
const putObject = (Bucket: string, Key: string, Body: string | Uint8Array) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const readObject = async (Bucket: string, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray();

it("all of them are here", () => {
  expect(listExamples().toSorted()).toEqual([
    "express-app",
    "http-api",
    "scheduled-report",
    "streaming",
    "thumbnail",
    "webhook",
  ]);
});

/** Lets a service call the function for what has this ARN, and answers the function's. */
async function allow(FunctionName: string, Principal: string, SourceArn: string): Promise<string> {
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: "service",
      Action: "lambda:InvokeFunction",
      Principal,
      SourceArn,
    }),
  );
  const { FunctionArn = "" } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  return FunctionArn;
}

/** The key of the one object that a bucket is to hold soon. */
async function waitForKey(bucket: string): Promise<string> {
  const [key = ""] = await waitForObjects(s3, bucket, "", 1);
  return key;
}

/** The left half red, the right half blue. */
function drawPicture(width: number, height: number): Uint8Array {
  const data = Buffer.alloc(width * height * 4, 255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(pixel % width < width / 2 ? [255, 0, 0] : [0, 0, 255], pixel * 4);
  }
  return encode({ width, height, data }, 90).data;
}

it("thumbnail: a smaller picture in another bucket", async () => {
  await Promise.all(["photos-in", "photos-out"].map(createBucket));
  const name = await deploy("thumbnail", { OUTPUT_BUCKET: "photos-out" });
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: "photos-in",
      NotificationConfiguration: {
        LambdaFunctionConfigurations: [
          {
            LambdaFunctionArn: await allow(name, "s3.amazonaws.com", "arn:aws:s3:::photos-in"),
            Events: ["s3:ObjectCreated:*"],
            Filter: { Key: { FilterRules: [{ Name: "suffix", Value: ".jpg" }] } },
          },
        ],
      },
    }),
  );
  await putObject("photos-in", "a trip/sea & sky.jpg", drawPicture(640, 480));
  const thumbnail = { Bucket: "photos-out", Key: await waitForKey("photos-out") };
  expect(thumbnail.Key).toBe("a trip/sea & sky-200.jpg");
  const picture = decode((await readObject(thumbnail.Bucket, thumbnail.Key)) ?? new Uint8Array());
  expect([picture.width, picture.height]).toEqual([200, 150]);
  const [red, blue] = [picture.data.subarray(0, 3), picture.data.subarray(199 * 4, 199 * 4 + 3)];
  expect(red[0]! > 200 && red[2]! < 50 && blue[0]! < 50 && blue[2]! > 200).toBe(true);
  expect(await s3.send(new HeadObjectCommand(thumbnail))).toMatchObject({
    ContentType: "image/jpeg",
    Metadata: { "original-width": "640", "original-height": "480" },
  });
});

it("http-api: notes in a bucket, by Hono on a function URL", async () => {
  await createBucket("notes");
  const url = await openUrl(await deploy("http-api", { NOTES_BUCKET: "notes" }));
  const created = await fetch(`${url}notes`, { method: "POST", body: "buy milk" });
  const { id } = (await created.json()) as { id: string };
  expect([created.status, created.headers.get("location")]).toEqual([201, `notes/${id}`]);
  expect(await (await fetch(`${url}notes`)).json()).toEqual({ ids: [id] });
  expect(await (await fetch(`${url}notes/${id}`)).text()).toBe("buy milk");
  expect((await fetch(`${url}notes/${id}`, { method: "DELETE" })).status).toBe(204);
  expect((await fetch(`${url}notes/${id}`)).status).toBe(404);
});

it("express-app: routes, JSON bodies and cookies of Express", async () => {
  const url = await openUrl(await deploy("express-app"));
  expect(await (await fetch(url)).text()).toBe("<h1>Express, as it is</h1>");
  expect(await (await fetch(`${url}hello/Ada?x=1`)).json()).toEqual({ hello: "Ada", query: { x: "1" } });
  const headers = { "content-type": "application/json" };
  const echo = await fetch(`${url}echo`, { method: "POST", headers, body: '{"a":[1]}' });
  expect([echo.status, await echo.json()]).toEqual([201, { a: [1] }]);
  expect(echo.headers.getSetCookie()).toEqual(["seen=yes; Path=/; HttpOnly"]);
  expect((await fetch(`${url}nowhere`)).status).toBe(404);
});

it("scheduled-report: a CSV of what a bucket holds", async () => {
  await Promise.all(["source", "reports"].map(createBucket));
  await putObject("source", "a/1", "12345");
  await putObject("source", "a/2", "1");
  await putObject("source", 'with "quotes", and commas/1', "12");
  const name = await deploy("scheduled-report", { SOURCE_BUCKET: "source", REPORT_BUCKET: "reports" });
  const { FunctionArn } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  const soon = new Date(Date.now() + 1_000).toISOString().slice(0, 19);
  await scheduler.send(
    new CreateScheduleCommand({
      Name: "report",
      ScheduleExpression: `at(${soon})`,
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: FunctionArn, RoleArn: "arn:aws:iam::000000000000:role/any" },
    }),
  );
  const key = await waitForKey("reports");
  expect(key).toBe(`${soon.slice(0, 10)}.csv`);
  const lines = Buffer.from((await readObject("reports", key)) ?? [])
    .toString()
    .split("\r\n");
  const day = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
  expect(lines).toEqual([
    "folder,objects,bytes,newest",
    expect.stringMatching(`^a/,2,6,${day}$`),
    expect.stringMatching(`^"with ""quotes"", and commas/",1,2,${day}$`),
    "",
  ]);
});

it("streaming: events arrive one by one", async () => {
  const url = await openUrl(await deploy("streaming"), { InvokeMode: "RESPONSE_STREAM" });
  const response = await fetch(`${url}?steps=3`);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const arrivals: number[] = [];
  let text = "";
  for await (const chunk of response.body ?? []) {
    arrivals.push(performance.now());
    text += Buffer.from(chunk).toString();
  }
  expect(text.match(/^(?:event|data): .*/gm)).toEqual([
    ...[1, 2, 3].flatMap((step) => ["event: progress", `data: {"step":${step},"of":3}`]),
    "event: done",
    "data: {}",
  ]);
  // The first was here while the function still had half a second to go.
  expect(arrivals.at(-1)! - arrivals[0]!).toBeGreaterThan(400);
});

it("webhook: delivers signed events, and fails when they are not taken", async () => {
  await createBucket("received");
  const receiver = await createFunction(
    lambda,
    `const { S3 } = require("@aws-sdk/client-s3");
     exports.handler = async ({ headers, body }) => {
       if (body.includes("bad")) return { statusCode: 503 };
       await new S3().putObject({ Bucket: "received", Key: headers["x-webhook-id"], Body: JSON.stringify({ headers, body }) });
       return { statusCode: 202 };
     };`,
    { Timeout: 10 },
  );
  // A server of this harness takes a free port and does not know it: functions find the deployment at its domain.
  const WEBHOOK_URL = `http://localhost${new URL(await openUrl(receiver)).pathname}`;
  const name = await deploy("webhook", { WEBHOOK_URL, WEBHOOK_SECRET: "secret" });
  expect((await invokeFunction(lambda, name, { order: 1 })).result).toEqual({ status: 202 });
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: "received" }));
  const [{ Key = "" } = {}] = Contents ?? [];
  const received = JSON.parse(Buffer.from((await readObject("received", Key)) ?? []).toString()) as {
    headers: Record<string, string>;
    body: string;
  };
  expect(received.body).toBe('{"order":1}');
  const signature = createHmac("sha256", "secret").update(received.body).digest("hex");
  expect(received.headers["x-webhook-signature"]).toBe(`sha256=${signature}`);

  await createBucket("undelivered");
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: name,
      // The README's two would take three minutes.
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: "arn:aws:s3:::undelivered" } },
    }),
  );
  await invokeFunction(lambda, name, { order: "bad" }, { InvocationType: "Event" });
  const undelivered = Buffer.from((await readObject("undelivered", await waitForKey("undelivered"))) ?? []);
  expect(JSON.parse(undelivered.toString())).toMatchObject({
    requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 1 },
    requestPayload: { order: "bad" },
    responsePayload: { errorMessage: `${WEBHOOK_URL} answered 503` },
  });
});
