import { randomBytes } from "node:crypto";
import {
  DeleteBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRaw, readAnswer } from "../support/raw-http.ts";
import { makeBucket, putKeys } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

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

test("an upload that began in a bucket of that name before is to be sent again, not stored under the former one", async () => {
  const Bucket = await makeBucket(client);
  const Key = "slow";
  const Body = randomBytes(300_000);
  const url = new URL(await getSignedUrl(client, new PutObjectCommand({ Bucket, Key })));
  const socket = await openRaw(verge.endpoint);
  socket.write(`PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`);
  socket.write(`content-length: ${Body.length}\r\n\r\n`);
  socket.write(Body.subarray(0, 200_000));
  // Until the Worker has looked the bucket up and reads.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await client.send(new DeleteBucketCommand({ Bucket }));
  await makeBucket(client, { Bucket });
  const answer = readAnswer(socket);
  socket.write(Body.subarray(200_000));
  expect((await answer).status).toBe(503);
  socket.destroy();
  expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  await client.send(new PutObjectCommand({ Bucket, Key, Body }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key }));
  expect(Body.equals(await got.Body!.transformToByteArray())).toBe(true);
});

test("a bucket that is not empty serves while DeleteBucket finds that out", async () => {
  const Bucket = await makeBucket(client, { shards: 4 });
  // The other index objects are empty, so that the deletion seals them for a moment.
  await putKeys(client, Bucket, ["only"]);
  for (let round = 0; round < 10; round++) {
    const refused = client.send(new DeleteBucketCommand({ Bucket })).catch((error: Error) => error.name);
    const listings = Array.from({ length: 8 }, () => client.send(new ListObjectsV2Command({ Bucket })));
    for (const { KeyCount } of await Promise.all(listings)) expect(KeyCount).toBe(1);
    expect(await refused).toBe("BucketNotEmpty");
  }
  await client.send(new HeadBucketCommand({ Bucket }));
});
