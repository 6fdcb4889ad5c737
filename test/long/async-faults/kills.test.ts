import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateFunctionCommand, LambdaClient, PutFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateCredentials } from "../../../scripts/local/credentials.ts";
import {
  type InvocationRecord,
  readJson,
  recorderCode,
  sendEvent,
  waitForObjects,
} from "../../support/async-events.ts";
import { describeFunction } from "../../support/lambda.ts";
import { type Product, startProduct } from "../../support/product.ts";
import { makeBucket } from "../../support/s3-requests.ts";

/** 20 shows what the product promises; the default keeps a run short. */
const ROUNDS = Number(process.env["FUNCTION_FAULT_ROUNDS"] ?? "2");
const BUCKET = "function-kills";
const EVENTS = 20;
/** A machine with other work takes seconds to start environments with the SDK side by side; they must not time out. */
const TIMEOUT_SECONDS = 5;
/** After a restart: the leases of the dead end, and what they held runs again. */
const RECOVERY_SECONDS = 60;

const folder = mkdtempSync(join(tmpdir(), "verge-function-kills-"));
const credentials = generateCredentials();
let product: Product;
let lambda: LambdaClient;
let s3: S3Client;

async function start(): Promise<void> {
  // The port is chosen by the system: functions are told a name, and reach this deployment in process.
  const settings = { VERGE_ASYNC_RETRY_SECONDS: "0.5", VERGE_ENDPOINT: "http://verge.test" };
  product = await startProduct({ stateDir: join(folder, "state"), credentials, settings });
  const client = { endpoint: product.endpoint, region: "us-east-1", credentials };
  lambda = new LambdaClient({ ...client, maxAttempts: 1 });
  s3 = new S3Client({ ...client, forcePathStyle: true });
}

async function restart(): Promise<void> {
  await product.kill();
  lambda.destroy();
  s3.destroy();
  await start();
}

/** Says that it began, takes a second, says that it is done. */
const SLOW = `
  const { PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");
  const s3 = new S3Client({ forcePathStyle: true });
  const note = (Key) => s3.send(new PutObjectCommand({ Bucket: "${BUCKET}", Key, Body: "noted" }));
  exports.handler = async ({ round }, { awsRequestId }) => {
    await note("began/" + round + "/" + awsRequestId);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await note("done/" + awsRequestId);
  };`;

beforeAll(async () => {
  await start();
  await makeBucket(s3, { Bucket: BUCKET });
  const failing = "exports.handler = async () => { throw new Error('no'); };";
  const functions = { quick: recorderCode(BUCKET, "done/"), slow: SLOW, failing };
  for (const [name, code] of Object.entries(functions)) {
    await lambda.send(new CreateFunctionCommand({ ...describeFunction(name, code), Timeout: TIMEOUT_SECONDS }));
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: name,
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: `arn:aws:s3:::${BUCKET}` } },
      }),
    );
  }
}, 120_000);

afterAll(async () => {
  await product.kill();
  rmSync(folder, { recursive: true, force: true });
});

const rounds = Array.from({ length: ROUNDS }, (_, index) => index + 1);
const accepted: string[] = [];

/** Sends events side by side until some have been accepted or the server is gone; answers the accepted ids. */
async function sendMany(name: string, event: unknown): Promise<string[]> {
  const answers = await Promise.allSettled(Array.from({ length: EVENTS }, () => sendEvent(lambda, name, event)));
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
}

/** What has been accepted and has neither run to its end nor left a record in the destination for failures. */
async function findLost(): Promise<string[]> {
  const deadline = Date.now() + RECOVERY_SECONDS * 1_000;
  for (;;) {
    const done = await waitForObjects(s3, BUCKET, "done/", 0);
    const ended = new Set([...done.map((key) => key.slice("done/".length)), ...(await readRecorded())]);
    const lost = accepted.filter((id) => !ended.has(id));
    if (lost.length === 0 || Date.now() > deadline) return lost;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Request ids by the keys of the records that were read. */
const recorded = new Map<string, string>();

async function readRecorded(): Promise<Iterable<string>> {
  const keys = await waitForObjects(s3, BUCKET, "aws/lambda/async/", 0);
  const added = keys.filter((key) => !recorded.has(key));
  for (const key of added) {
    const { requestContext } = await readJson<InvocationRecord>(s3, BUCKET, key);
    recorded.set(key, requestContext.requestId);
  }
  return recorded.values();
}

test.each(rounds)(
  "round %i: killed between accepting and running, no event is lost",
  async () => {
    const [done, failed] = await Promise.all([sendMany("quick", {}), sendMany("failing", {})]);
    accepted.push(...done, ...failed);
    await restart();
    expect(await findLost()).toEqual([]);
  },
  180_000,
);

test.each(rounds)(
  "round %i: killed while the function runs, every event runs again",
  async (round) => {
    accepted.push(...(await sendMany("slow", { round })));
    await waitForObjects(s3, BUCKET, `began/${round}/`, randomInt(1, EVENTS));
    await restart();
    expect(await findLost()).toEqual([]);
  },
  180_000,
);

test.each(rounds)(
  "round %i: killed as functions end, no event is lost",
  async () => {
    const { length: before } = await waitForObjects(s3, BUCKET, "done/", 0);
    const sending = Promise.all([sendMany("quick", {}), sendMany("failing", {})]);
    await waitForObjects(s3, BUCKET, "done/", before + randomInt(1, EVENTS));
    await product.kill();
    const [done, failed] = await sending;
    accepted.push(...done, ...failed);
    await restart();
    expect(await findLost()).toEqual([]);
  },
  180_000,
);
