import { ListObjectsV2Command, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

const KEYS = 50_000;
const WRITERS = 32;

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

/** Spread over a thousand folders, in an order that is not theirs. */
function keyOf(number: number): string {
  const shuffled = (number * 7919) % KEYS;
  return `folder-${String(shuffled % 1000).padStart(4, "0")}/key-${String(shuffled).padStart(6, "0")}`;
}

async function putAll(Bucket: string): Promise<void> {
  let next = 0;
  const write = async () => {
    while (next < KEYS) await client.send(new PutObjectCommand({ Bucket, Key: keyOf(next++), Body: "" }));
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}

async function listAll(Bucket: string, Delimiter?: string): Promise<string[]> {
  const names: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket, Delimiter, ContinuationToken }));
    for (const { Key } of page.Contents ?? []) names.push(Key!);
    for (const { Prefix } of page.CommonPrefixes ?? []) names.push(Prefix!);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return names;
}

describe.each([1, 4])(`${KEYS} keys on %i index objects`, (shards) => {
  test("are listed once each, in order, and by folder", async () => {
    const Bucket = await makeBucket(client, { shards });
    await putAll(Bucket);
    const expected = Array.from({ length: KEYS }, (_, number) => keyOf(number)).toSorted();
    const startedAt = performance.now();
    expect(await listAll(Bucket)).toEqual(expected);
    console.log(`${KEYS} keys on ${shards}: listed in ${Math.round(performance.now() - startedAt)} ms`);
    expect(await listAll(Bucket, "/")).toHaveLength(1000);
  });
});
