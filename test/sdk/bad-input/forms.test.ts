import { CreateBucketCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BOUNDARY, encodeForm, type Fields, postBytes, postForm, signV4 } from "../../support/post-form.ts";
import { sendAndReset, sendRaw } from "../../support/raw-http.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge } from "../../support/server.ts";
import type { Verge } from "../../support/server.ts";

const BUCKET = "bad-forms";
const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

let verge: Verge;
let s3: S3Client;

beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
});
afterAll(async () => {
  await expectNothingStored();
  s3.destroy();
  await verge.stop();
});

async function expectNothingStored(): Promise<void> {
  const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  expect(KeyCount).toBe(0);
}

function signed(): Fields {
  return [["key", "a"], ...signV4(verge, { conditions: [{ bucket: BUCKET }, { key: "a" }] })];
}

const malformed = {
  status: 400,
  code: "MalformedPOSTRequest",
  message: "The body of your POST request is not well-formed multipart/form-data.",
};

test("a body that is no form", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=a", ""]) {
    expect(await postBytes(verge, BUCKET, Buffer.from("key=a"), type)).toMatchObject({
      status: 412,
      code: "PreconditionFailed",
    });
  }
});

test("a form without a boundary, with one that never comes, or without a body", async () => {
  const form = encodeForm({ fields: signed(), file: { body: "x" } });
  expect(await postBytes(verge, BUCKET, form, "multipart/form-data")).toMatchObject(malformed);
  expect(await postBytes(verge, BUCKET, form, "multipart/form-data; boundary=")).toMatchObject(malformed);
  expect(await postBytes(verge, BUCKET, form, "multipart/form-data; boundary=other")).toMatchObject(malformed);
  expect(await postBytes(verge, BUCKET, Buffer.alloc(0), CONTENT_TYPE)).toMatchObject(malformed);
});

test("a form that ends early", async () => {
  for (const size of [10, 200_000]) {
    const form = encodeForm({ fields: signed(), file: { body: Buffer.alloc(size) } });
    for (const missing of [4, 20, size + 10, form.length - 5]) {
      const answer = await postBytes(verge, BUCKET, form.subarray(0, form.length - missing), CONTENT_TYPE);
      expect(answer).toMatchObject(malformed);
    }
  }
  await expectNothingStored();
});

test("a client that hangs up in the middle of its file", async () => {
  const form = encodeForm({ fields: signed(), file: { body: Buffer.alloc(300_000) } });
  const head = `POST /${BUCKET} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${CONTENT_TYPE}\r\nContent-Length: ${form.length}\r\n\r\n`;
  await sendAndReset(verge.endpoint, Buffer.concat([Buffer.from(head), form.subarray(0, 150_000)]));
  await expectNothingStored();
});

test("fields of more than 20 KB, alone or together", async () => {
  const tooLarge = { status: 400, code: "MaxPostPreDataLengthExceeded" };
  const many: Fields = Array.from({ length: 300 }, (_, index) => [`x-ignore-${index}`, "v"]);
  for (const extra of [[["x-ignore-a", "v".repeat(21_000)]] as Fields, many]) {
    const answer = await postForm(verge, { bucket: BUCKET, fields: [...signed(), ...extra], file: { body: "x" } });
    expect(answer).toMatchObject(tooLarge);
    expect(answer.text).toContain("<MaxPostPreDataLengthBytes>20480</MaxPostPreDataLengthBytes>");
  }
  // The server does not wait for the end of it.
  const opening = encodeForm({ fields: signed() }).subarray(0, -8);
  const head = `POST /${BUCKET} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${CONTENT_TYPE}\r\nContent-Length: 9000000000\r\n\r\n`;
  const answer = await sendRaw(verge.endpoint, [head, opening, Buffer.alloc(200_000, "v")]);
  expect(answer.status).toBe(400);
  expect(answer.body.toString()).toContain("<Code>MaxPostPreDataLengthExceeded</Code>");
});

test("no file, or two", async () => {
  const wrong = (files: number) => ({
    status: 400,
    code: "InvalidArgument",
    message: "POST requires exactly one file upload per request.",
    text: expect.stringContaining(`<ArgumentValue>${files}</ArgumentValue>`) as string,
  });
  expect(await postForm(verge, { bucket: BUCKET, fields: signed() })).toMatchObject(wrong(0));
  const two = { bucket: BUCKET, fields: signed(), file: { body: "x" }, after: [["file", "y"]] as Fields };
  expect(await postForm(verge, two)).toMatchObject(wrong(2));
});

test("no key, an empty one, or one after the file", async () => {
  const conditions = [{ bucket: BUCKET }, ["starts-with", "$key", ""]];
  const credentials = signV4(verge, { conditions });
  const missing = {
    status: 400,
    code: "InvalidArgument",
    message: "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
  };
  const file = { body: "x" };
  expect(await postForm(verge, { bucket: BUCKET, fields: credentials, file })).toMatchObject(missing);
  const late = { bucket: BUCKET, fields: credentials, file, after: [["key", "a"]] as Fields };
  expect(await postForm(verge, late)).toMatchObject(missing);
  const send = (key: string) => postForm(verge, { bucket: BUCKET, fields: [["key", key], ...credentials], file });
  expect(await send("")).toMatchObject({ status: 400, code: "InvalidArgument" });
  expect(await send("k".repeat(1025))).toMatchObject({ status: 400, code: "KeyTooLongError" });
});

test("a policy that is no policy, though it is signed", async () => {
  const expired = { conditions: [], expiration: "yesterday" };
  const answer = await postForm(verge, {
    bucket: BUCKET,
    fields: [["key", "a"], ...signV4(verge, expired)],
    file: { body: "x" },
  });
  expect(answer).toMatchObject({ status: 400, code: "InvalidPolicyDocument" });
});

test("fields that no header can carry, or that S3 does not take", async () => {
  const send = (name: string, value: string) => {
    const conditions = [{ bucket: BUCKET }, { key: "a" }, ["starts-with", `$${name}`, ""]];
    const fields: Fields = [["key", "a"], [name, value], ...signV4(verge, { conditions })];
    return postForm(verge, { bucket: BUCKET, fields, file: { body: "x" } });
  };
  expect(await send("x-amz-meta-a", "b\r\nx-amz-acl: public-read")).toMatchObject({ code: "InvalidArgument" });
  expect(await send("x-amz-meta a", "b")).toMatchObject({ code: "InvalidArgument" });
  expect(await send("x-amz-meta-a", "b".repeat(3000))).toMatchObject({ code: "MetadataTooLarge" });
  expect(await send("x-amz-storage-class", "CHEAP")).toMatchObject({ code: "InvalidStorageClass" });
  expect(await send("x-amz-checksum-crc32", "nonsense")).toMatchObject({ status: 400 });
  expect(await send("acl", "public-read")).toMatchObject({ code: "AccessControlListNotSupported" });
});

test("a bucket that is not there", async () => {
  const answer = await postForm(verge, { bucket: "bad-forms-missing", fields: signed(), file: { body: "x" } });
  expect(answer).toMatchObject({ status: 404, code: "NoSuchBucket" });
});

test("fields that are not UTF-8", async () => {
  const form = encodeForm({ fields: [["key", "\u00ff"], ...signed()], file: { body: "x" } });
  const broken = Buffer.from(form.toString("latin1").replace("\u00c3\u00bf", "\u00ff"), "latin1");
  expect(await postBytes(verge, BUCKET, broken, CONTENT_TYPE)).toMatchObject(malformed);
});
