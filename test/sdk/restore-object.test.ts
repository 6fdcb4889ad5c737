import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type S3Client,
  type StorageClass,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

let verge: Verge;
let client: S3Client;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  Bucket = await makeBucket(client);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

async function archive(Key: string, StorageClass: StorageClass) {
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "cold", StorageClass }));
  return { Bucket, Key };
}
const restore = (address: { Bucket: string; Key: string }, Days: number) =>
  client.send(
    new RestoreObjectCommand({ ...address, RestoreRequest: { Days, GlacierJobParameters: { Tier: "Bulk" } } }),
  );
const read = async (address: { Bucket: string; Key: string }) =>
  (await client.send(new GetObjectCommand(address))).Body!.transformToString();

test.each<StorageClass>(["GLACIER", "DEEP_ARCHIVE"])("an object in %s is read once it is restored", async (kind) => {
  const address = await archive(`in-${kind}`, kind);
  expect(await failureOf(read(address))).toMatchObject({ code: "InvalidObjectState", status: 403 });
  const head = await client.send(new HeadObjectCommand(address));
  expect([head.StorageClass, head.Restore]).toEqual([kind, undefined]);
  const CopySource = `${Bucket}/${address.Key}`;
  const copy = () =>
    client.send(new CopyObjectCommand({ Bucket, Key: `copy-${kind}`, CopySource, StorageClass: kind }));
  expect(await failureOf(copy())).toMatchObject({ code: "InvalidObjectState" });
  expect((await restore(address, 2)).$metadata.httpStatusCode).toBe(202);
  expect(await read(address)).toBe("cold");
  const restored = await client.send(new HeadObjectCommand(address));
  expect(restored.Restore).toMatch(/^ongoing-request="false", expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT"$/);
  expect((await restore(address, 5)).$metadata.httpStatusCode).toBe(200);
  await copy();
  expect(await failureOf(read({ Bucket, Key: `copy-${kind}` }))).toMatchObject({ code: "InvalidObjectState" });
});

test("what is not archived is read at any time, and not restored", async () => {
  for (const kind of ["STANDARD", "STANDARD_IA", "GLACIER_IR"] as const) {
    const address = await archive(`in-${kind}`, kind);
    expect(await read(address)).toBe("cold");
    expect(await failureOf(restore(address, 1))).toMatchObject({ code: "InvalidObjectState", status: 403 });
  }
  const address = await archive("asked-wrongly", "GLACIER");
  expect(await failureOf(restore(address, 0))).toMatchObject({ code: "InvalidArgument", status: 400 });
  expect(await failureOf(restore({ Bucket, Key: "nobody" }, 1))).toMatchObject({ code: "NoSuchKey", status: 404 });
});
