import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRaw, sendAndReset } from "../../support/raw-http.ts";
import { type Draft, sha256, signInHeader } from "./hand-signed.ts";
import { startTarget, type Target } from "./target.ts";

// Consistency rule 9: a client that is gone leaves all of its change, or nothing of it.

const BUCKET = "hang-ups";
const OLD = "the body before";
const SIZES = [
  ["64 KB", 64 * 1024],
  ["8 MB", 8 * 1024 ** 2],
] as const;

let target: Target;
beforeAll(async () => {
  target = await startTarget();
  // Four index objects, so that copies cross from one to another.
  await target.send({ method: "PUT", target: `/${BUCKET}`, headers: { "x-verge-index-shards": "4" }, body: "" });
});
afterAll(() => target.stop());

/** The contents by key, after checking that the listing and the objects say the same. */
async function readAll(prefix: string): Promise<Map<string, string>> {
  const { Contents = [] } = await target.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  const found = new Map<string, string>();
  for (const { Key = "", Size, ETag } of Contents) {
    const object = await target.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    const body = (await object.Body?.transformToString()) ?? "";
    expect([Key, body.length, object.ETag]).toEqual([Key, Size, ETag]);
    found.set(Key, body);
  }
  return found;
}

/** Long enough for what goes on after a client is gone. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 300));
}

describe.each(SIZES)("PUT of %s", (label, size) => {
  const body = "n".repeat(size);

  it.each(["UNSIGNED-PAYLOAD", sha256(body)])("cut off on the way stores nothing of it (%s)", async (payloadHash) => {
    const key = `cut-${label}-${payloadHash.length}`.replace(" ", "");
    await target.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: OLD }));
    for (const share of [0, 0.3, 0.9, 1]) {
      const draft: Draft = { method: "PUT", target: `/${BUCKET}/${key}`, body, payloadHash };
      const { head } = signInHeader(target, target.key, draft);
      // Never the last byte.
      const sent = Math.min(Math.floor(size * share), size - 1);
      await sendAndReset(target.endpoint, Buffer.concat([head, Buffer.from(body.slice(0, sent))]));
    }
    await settle();
    expect([...(await readAll(key))]).toEqual([[key, OLD]]);
  });

  it("cut off after the last byte stores all of it, or nothing", async () => {
    const key = `whole-${label}`.replace(" ", "");
    await target.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: OLD }));
    for (let attempt = 0; attempt < 5; attempt++) {
      const draft: Draft = { method: "PUT", target: `/${BUCKET}/${key}`, body, payloadHash: "UNSIGNED-PAYLOAD" };
      await sendAndReset(target.endpoint, signInHeader(target, target.key, draft).bytes);
    }
    await settle();
    const found = (await readAll(key)).get(key) ?? "";
    expect([OLD, body].includes(found), `${found.length} bytes`).toBe(true);
  });
});

/** Sends a request, waits `delay` milliseconds, and is gone. */
async function sendAndVanish(draft: Draft, delay: number): Promise<void> {
  const socket = await openRaw(target.endpoint);
  socket.on("error", () => undefined);
  socket.write(signInHeader(target, target.key, draft).bytes);
  await new Promise((resolve) => setTimeout(resolve, delay));
  socket.resetAndDestroy();
}

const DELAYS = [0, 1, 2, 4, 8, 16, 32];

describe("a client that is gone before the answer", () => {
  it("copies across index objects wholly or not at all", async () => {
    const bodies = ["inline", "b".repeat(100_000)];
    for (const [number, body] of bodies.entries()) {
      await target.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `source-${number}`, Body: body }));
      const headers = { "x-amz-copy-source": `${BUCKET}/source-${number}` };
      await Promise.all(
        DELAYS.map((delay) =>
          sendAndVanish({ method: "PUT", target: `/${BUCKET}/copy-${number}-${delay}`, headers, body: "" }, delay),
        ),
      );
      await settle();
      for (const [key, copied] of await readAll(`copy-${number}-`)) expect([key, copied === body]).toEqual([key, true]);
      expect((await readAll(`source-${number}`)).get(`source-${number}`)).toBe(body);
    }
  });

  it("completes a multipart upload wholly or not at all, and may ask again", async () => {
    const body = "p".repeat(20_000);
    const uploads = await Promise.all(
      DELAYS.map(async (delay) => {
        const place = { Bucket: BUCKET, Key: `upload-${delay}` };
        const { UploadId = "" } = await target.s3.send(new CreateMultipartUploadCommand(place));
        const { ETag = "" } = await target.s3.send(
          new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: body }),
        );
        return { ...place, UploadId, ETag, delay };
      }),
    );
    await Promise.all(
      uploads.map(({ Key, UploadId, ETag, delay }) => {
        const document = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${ETag}</ETag></Part></CompleteMultipartUpload>`;
        return sendAndVanish(
          { method: "POST", target: `/${BUCKET}/${Key}?uploadId=${UploadId}`, body: document },
          delay,
        );
      }),
    );
    await settle();
    for (const [key, found] of await readAll("upload-")) expect([key, found === body]).toEqual([key, true]);
    for (const { Bucket, Key, UploadId, ETag } of uploads) {
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      await target.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
    }
    expect([...(await readAll("upload-")).values()].every((found) => found === body)).toBe(true);
    expect((await readAll("upload-")).size).toBe(DELAYS.length);
  });
});
