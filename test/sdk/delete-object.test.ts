import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

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

describe.each([1, 4])("on %i index objects", (shards) => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await makeBucket(client, { shards });
  });

  const remove = (Key: string, conditions: object = {}) =>
    client.send(new DeleteObjectCommand({ Bucket: bucket, Key, ...conditions }));
  const exists = (Key: string) =>
    client.send(new HeadObjectCommand({ Bucket: bucket, Key })).then(
      () => true,
      () => false,
    );

  test("removes the object from reads and listings at once", async () => {
    await putKeys(client, bucket, ["gone", "stays"]);
    const answer = await remove("gone");
    expect(answer.$metadata.httpStatusCode).toBe(204);
    expect(answer.VersionId).toBeUndefined();
    expect(await exists("gone")).toBe(false);
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(["stays"]);
  });

  test("of what does not exist succeeds", async () => {
    expect((await remove("never was")).$metadata.httpStatusCode).toBe(204);
  });

  test("of the null version deletes the object", async () => {
    await putKeys(client, bucket, ["null-version"]);
    await remove("null-version", { VersionId: "null" });
    expect(await exists("null-version")).toBe(false);
  });

  test("of another version leaves the object alone", async () => {
    await putKeys(client, bucket, ["versioned"]);
    expect(await failureOf(remove("versioned", { VersionId: "made-up" }))).toMatchObject({
      code: "InvalidArgument",
      status: 400,
      message: "Invalid version id specified",
    });
    const wellFormed = await remove("versioned", { VersionId: "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH" });
    expect(wellFormed.$metadata.httpStatusCode).toBe(204);
    expect(await exists("versioned")).toBe(true);
  });

  test("with If-Match deletes only what it names", async () => {
    const { ETag } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: "etag", Body: "1" }));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: "etag", Body: "2" }));
    expect(await failureOf(remove("etag", { IfMatch: ETag }))).toMatchObject({
      code: "PreconditionFailed",
      status: 412,
    });
    expect(await exists("etag")).toBe(true);
    await remove("etag", { IfMatch: "*" });
    expect(await exists("etag")).toBe(false);
    expect(await failureOf(remove("etag", { IfMatch: "*" }))).toMatchObject({ code: "NoSuchKey", status: 404 });
  });

  test("with conditions on size and time deletes only what has them", async () => {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: "sized", Body: "123" }));
    const { LastModified } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "sized" }));
    const failed = { code: "PreconditionFailed", status: 412 };
    expect(await failureOf(remove("sized", { IfMatchSize: 4 }))).toMatchObject(failed);
    expect(await failureOf(remove("sized", { IfMatchLastModifiedTime: new Date(0) }))).toMatchObject(failed);
    await remove("sized", { IfMatchSize: 3, IfMatchLastModifiedTime: LastModified });
    expect(await exists("sized")).toBe(false);
    // AWS documents 204 for these two where there is no object.
    expect((await remove("sized", { IfMatchSize: 3 })).$metadata.httpStatusCode).toBe(204);
  });

  test("with If-Match by many at once succeeds for one", async () => {
    const { ETag } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: "raced", Body: "x" }));
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => remove("raced", { IfMatch: ETag })));
    expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("takes keys literally", async () => {
    const keys = ["a", "a/", "a//", "./a", "a%2F", "a+b", "a b"];
    await putKeys(client, bucket, keys);
    for (const key of keys) {
      await remove(key);
      expect(await exists(key)).toBe(false);
    }
  });

  test("refuses an empty version id and a key that is too long", async () => {
    const empty = await signedFetch(verge, { method: "DELETE", target: `/${bucket}/k?versionId=` });
    expect([empty.status, empty.code]).toEqual([400, "InvalidArgument"]);
    const long = await signedFetch(verge, { method: "DELETE", target: `/${bucket}/${"k".repeat(1025)}` });
    expect([long.status, long.code]).toEqual([400, "KeyTooLongError"]);
  });
});
