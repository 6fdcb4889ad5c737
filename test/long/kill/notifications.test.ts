import { randomInt } from "node:crypto";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { allowBucket, describeSubscription, listKeys, subscribe, tellBucket } from "../../support/notifications.ts";
import { makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { readIndexes } from "../../support/verge-api.ts";

/** 20 in `npm run test:long`; `npm run test:kill` says how many. */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? "20");
const UPLOADS = 120;
const WRITERS = 8;
/** From the index into the function's own queue. */
const SOON = { timeout: 10_000, interval: 50 };
/** What a killed runner had leased comes back when the function's time-out and some seconds have passed. */
const FUNCTION_SECONDS = 2;
const LATER = { timeout: 60_000, interval: 250 };

let verge: Verge;
let s3: S3Client;
let lambda: LambdaClient;
beforeAll(async () => {
  // A function that timed out on a busy machine is tried again at once, not after Lambda's minute.
  verge = await startVerge({ settings: { VERGE_ASYNC_RETRY_SECONDS: "1" } });
  s3 = createS3Client(verge);
  lambda = createLambdaClient(verge);
});
afterAll(async () => {
  s3.destroy();
  lambda.destroy();
  await verge.stop();
});

test.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
  "round %i: after SIGKILL of workerd a function is told of every upload that was answered",
  async () => {
    const [inbox, outbox] = [await makeBucket(s3, { shards: 2 }), await makeBucket(s3)];
    const name = await createFunction(lambda, tellBucket(outbox), { Timeout: FUNCTION_SECONDS });
    const arn = await allowBucket(lambda, name, inbox);
    await subscribe(s3, inbox, describeSubscription(arn, { events: ["s3:ObjectCreated:*"] }));
    const answered = await uploadAndKill(inbox, randomInt(1, UPLOADS));
    // Whoever comes next wakes the index.
    await listKeys(s3, inbox);
    const waiting = async () => {
      const indexes = await readIndexes(verge, inbox);
      return indexes.map(({ eventsWaiting }) => eventsWaiting);
    };
    await expect.poll(waiting, SOON).toEqual([0, 0]);
    const untold = async () => {
      const told = new Set(await listKeys(s3, outbox));
      return answered.filter((key) => !told.has(`told/ObjectCreated:Put/${key}`));
    };
    await expect.poll(untold, LATER).toEqual([]);
  },
  120_000,
);

/** Kills the server once `wanted` uploads were answered, and answers which were. */
async function uploadAndKill(Bucket: string, wanted: number): Promise<string[]> {
  const answered: string[] = [];
  const keys = Array.from({ length: UPLOADS }, (_, position) => `key-${position}`);
  let killing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    for (let Key = keys.pop(); Key !== undefined && !killing; Key = keys.pop()) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
      answered.push(Key);
      if (answered.length >= wanted) killing ??= verge.kill();
    }
  };
  await Promise.allSettled(Array.from({ length: WRITERS }, write));
  await killing;
  return answered;
}
