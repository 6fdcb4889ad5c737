import { randomBytes } from "node:crypto";
import { Upload } from "@aws-sdk/lib-storage";
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  RenameObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRaw } from "../support/raw-http.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

/** Every call of a binding counts: 50 a request on the Free plan, and request bodies end at 100 MB. */
describe("under the limits of the Free plan", () => {
  let verge: Verge;
  let client: S3Client;
  let Bucket: string;
  beforeAll(async () => {
    verge = await startVerge({ settings: { VERGE_LIMITS: "free" } });
    client = createS3Client(verge);
    Bucket = await makeBucket(client, { shards: 16 });
  });
  afterAll(async () => {
    client.destroy();
    await verge.stop();
  });

  test("objects are put, read, listed, copied, renamed and deleted on 16 index objects", async () => {
    const keys = Array.from({ length: 100 }, (_, number) => `key-${number}`);
    await putKeys(client, Bucket, keys);
    await client.send(new PutObjectCommand({ Bucket, Key: "large", Body: randomBytes(2_000_000) }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "large" }));
    expect((await got.Body!.transformToByteArray()).length).toBe(2_000_000);
    const listed = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 60 }));
    expect(listed.Contents).toHaveLength(60);
    for (const Key of ["copy-1", "copy-2", "copy-3"]) {
      await client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/large` }));
    }
    const { Errors } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
    );
    expect(Errors).toBeUndefined();
    const single = await makeBucket(client);
    await putKeys(client, single, ["a"]);
    await client.send(new RenameObjectCommand({ Bucket: single, Key: "b", RenameSource: "a" }));
  });

  test("an object of 48 parts is uploaded, and read in ranges, since one read may not open 48 blobs", async () => {
    const partSize = 5 * 1024 ** 2;
    const Body = randomBytes(47 * partSize + 1);
    await new Upload({ client, params: { Bucket, Key: "parts", Body }, partSize, queueSize: 4 }).done();
    const attributes = await client.send(
      new GetObjectAttributesCommand({ Bucket, Key: "parts", ObjectAttributes: ["ObjectSize"] }),
    );
    expect(attributes.ObjectSize).toBe(Body.length);
    expect(await failureOf(client.send(new GetObjectCommand({ Bucket, Key: "parts" })))).toMatchObject({
      code: "InvalidRequest",
      message: expect.stringContaining("Read it in ranges"),
    });
    const Range = `bytes=${partSize - 10}-${40 * partSize}`;
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "parts", Range }));
    const bytes = Buffer.from(await got.Body!.transformToByteArray());
    expect(bytes.equals(Body.subarray(partSize - 10, 40 * partSize + 1))).toBe(true);
  });

  test("a body over 100 MB is refused before it is sent", async () => {
    const head = [`PUT /${Bucket}/huge HTTP/1.1`, `Host: ${new URL(verge.endpoint).host}`, "Content-Length: 100000001"];
    const answer = await sendRaw(verge.endpoint, `${head.join("\r\n")}\r\n\r\n`);
    expect(answer.status).toBe(413);
    expect(answer.body.toString()).toContain("EntityTooLarge");
  });
});
