import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Credentials, generateCredentials } from "../../scripts/local/credentials.ts";
import { indexName, indexShard } from "../../src/metadata/bucket/shards.ts";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { callVerge, readIndexes, waitForExport } from "../support/verge-api.ts";

const BUCKET = "rebuilt";
const INLINE = 1000;
const BLOB = 20_000;
const PART = 5 * 1024 ** 2;

let stateDir: string;
let credentials: Credentials;
let verge: Verge | undefined;
let client: S3Client;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "verge-rebuild-"));
  credentials = generateCredentials();
});
afterEach(async () => {
  await stop();
  rmSync(stateDir, { recursive: true, force: true });
});

/** A server on the test's state that exports at once, or not for a long time. */
async function start(exportSeconds: number): Promise<Verge> {
  const settings = { VERGE_EXPORT_INTERVAL_SECONDS: String(exportSeconds) };
  verge = await startVerge({ stateDir, credentials, settings });
  client = createS3Client(verge);
  return verge;
}

async function stop(): Promise<void> {
  client?.destroy();
  await verge?.stop();
  verge = undefined;
}

const digest = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

async function put(Key: string, size: number): Promise<string> {
  const Body = randomBytes(size);
  const Metadata = { origin: Key.replaceAll("/", "-") };
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ContentType: "text/x-test", Metadata }));
  return digest(Body);
}

async function copy(from: string, Key: string): Promise<void> {
  await client.send(new CopyObjectCommand({ Bucket: BUCKET, Key, CopySource: `${BUCKET}/${from}` }));
}

const remove = (Key: string) => client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

async function createUpload(Key: string): Promise<Upload> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }));
  return { Bucket: BUCKET, Key, UploadId };
}

async function uploadPart(upload: Upload, PartNumber: number, size: number) {
  const Body = randomBytes(size);
  const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
  return { PartNumber, ETag, Body };
}

async function complete(
  upload: Upload,
  parts: readonly { PartNumber: number; ETag: string | undefined }[],
): Promise<void> {
  const Parts = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
}

/** Everything that a client can see of the bucket: by key its listing entry, headers and content. */
async function readAll(): Promise<Map<string, object>> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, FetchOwner: true }));
  const objects = await Promise.all(
    Contents.map(async (listed) => {
      const {
        Body,
        $metadata: _,
        ...headers
      } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: listed.Key, ChecksumMode: "ENABLED" }));
      const body = (await Body?.transformToByteArray()) ?? new Uint8Array();
      return [listed.Key ?? "", { listed, headers, sha256: digest(body) }] as const;
    }),
  );
  return new Map(objects);
}

const shaOf = (found: Map<string, object>, key: string) => (found.get(key) as { sha256: string } | undefined)?.sha256;

/** Deletes what Miniflare stores of the index objects, as if the platform had lost them. */
async function wipe(shards: readonly number[]): Promise<void> {
  if (!verge) throw new Error("no server");
  const { bucket } = await callVerge<{ bucket: { bucketId: string } }>(verge, "GET", `/buckets/${BUCKET}`);
  const namespace = await verge.miniflare.getDurableObjectNamespace("BUCKET_INDEX");
  const ids = shards.map((shard) => namespace.idFromName(indexName(bucket.bucketId, shard)).toString());
  await stop();
  const files = readdirSync(stateDir, { recursive: true, encoding: "utf8" });
  const doomed = files.filter((file) => ids.some((id) => file.includes(id)));
  expect(doomed.length).toBeGreaterThanOrEqual(shards.length);
  for (const file of doomed) rmSync(join(stateDir, file));
}

/** `npm run rebuild-index -- …`, without npm around it. */
function runRebuild(...words: string[]): Promise<{ code: number; output: string }> {
  const env = {
    PATH: process.env["PATH"],
    VERGE_ENDPOINT: verge?.endpoint,
    VERGE_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
    VERGE_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, ["scripts/rebuild-index.ts", ...words], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}

describe.each([
  { shards: 1, lost: [0] },
  { shards: 4, lost: [0, 2] },
])("the index of a bucket on $shards, of which $lost are lost", ({ shards, lost }) => {
  /** A key on the index object. */
  const keyOn = (shard: number, stem: string) => {
    for (let number = 0; ; number++) {
      const key = `${stem}-${number}`;
      if (indexShard({ shards }, key) === shard) return key;
    }
  };
  const all = Array.from({ length: shards }, (_, shard) => shard);
  const keysOn = (on: readonly number[], stem: string) => on.map((shard) => keyOn(shard, stem));

  test("comes back with all that was exported, and with newer blobs", async () => {
    await start(1);
    await makeBucket(client, { Bucket: BUCKET, shards });
    for (const key of keysOn(all, "exported/inline")) await put(key, INLINE);
    for (const key of keysOn(all, "exported/blob")) await put(key, BLOB);
    for (const key of keysOn(all, "exported/removed")) await put(key, BLOB).then(() => remove(key));
    for (const key of keysOn(all, "exported/replaced")) await put(key, BLOB).then(() => put(key, BLOB));
    for (const shard of all) {
      const source = keyOn((shard + 1) % shards, "exported/blob");
      await copy(source, keyOn(shard, "exported/copy"));
      const upload = await createUpload(keyOn(shard, "exported/multipart"));
      await complete(upload, [await uploadPart(upload, 1, PART), await uploadPart(upload, 3, 1234)]);
      await copy(upload.Key, keyOn((shard + 1) % shards, "exported/copy-of-multipart"));
    }
    const deletedLater = new Map<string, string>();
    for (const key of keysOn(all, "exported/deleted-later")) deletedLater.set(key, await put(key, BLOB));
    const replacedLater = keysOn(all, "exported/replaced-later");
    for (const key of replacedLater) await put(key, INLINE);
    const uploads = await Promise.all(keysOn(lost, "exported/upload").map(createUpload));
    const firstParts = await Promise.all(uploads.map((upload) => uploadPart(upload, 1, PART)));
    await waitForExport(verge!, BUCKET);
    await stop();

    // From here on nothing is exported.
    await start(100_000);
    const exported = await readAll();
    const blobs = new Map<string, string>();
    for (const key of [...keysOn(all, "since/blob"), ...replacedLater]) blobs.set(key, await put(key, BLOB));
    for (const key of keysOn(all, "since/twice"))
      await put(key, BLOB).then(async () => blobs.set(key, await put(key, BLOB)));
    for (const key of keysOn(all, "since/inline")) await put(key, INLINE);
    for (const shard of all) await copy(keyOn(shard, "exported/blob"), keyOn(shard, "since/copy"));
    for (const key of deletedLater.keys()) await remove(key);
    const completed: string[] = [];
    for (const [index, upload] of uploads.entries()) {
      const parts = [firstParts[index]!, await uploadPart(upload, 2, 777)];
      await complete(upload, parts);
      completed.push(digest(Buffer.concat(parts.map(({ Body }) => Body))));
    }
    const before = await readAll();
    await wipe(lost);

    // A lost index is not an empty bucket.
    await start(100_000);
    const lostKey = keyOn(lost[0]!, "exported/blob");
    await failureOf(client.send(new GetObjectCommand({ Bucket: BUCKET, Key: lostKey })));
    await failureOf(client.send(new ListObjectsV2Command({ Bucket: BUCKET })));
    expect(await failureOf(client.send(new DeleteBucketCommand({ Bucket: BUCKET })))).toMatchObject({
      code: "OperationAborted",
    });
    const states = (await readIndexes(verge!, BUCKET)).map(({ status }) => status);
    expect(states).toEqual(all.map((shard) => (lost.includes(shard) ? "lost" : "open")));
    const run = await runRebuild(BUCKET);
    expect(run).toMatchObject({ code: 0 });
    for (const shard of all) {
      expect(run.output).toContain(`index object ${shard}: ${lost.includes(shard) ? "rebuilt" : "works"}`);
    }

    const after = await readAll();
    const isLost = (key: string) => lost.includes(indexShard({ shards }, key));
    // All that was exported and not changed since: the same to the last header.
    const untouched = [...exported].filter(([key]) => !deletedLater.has(key) && !blobs.has(key));
    expect(untouched.length).toBeGreaterThan(shards * 5);
    for (const [key, object] of untouched) expect([key, after.get(key)]).toEqual([key, object]);
    // Newer blobs are objects, with their content, type and metadata.
    for (const [key, sha256] of blobs) {
      expect([key, shaOf(after, key)]).toEqual([key, sha256]);
      expect(after.get(key)).toMatchObject({
        headers: { ContentType: "text/x-test", Metadata: { origin: key.replaceAll("/", "-") } },
      });
    }
    // What the interval since the last export loses, and nothing else (docs/decisions/0005-rebuild.md).
    const expected = new Set(before.keys());
    for (const key of [...keysOn(lost, "since/inline"), ...keysOn(lost, "since/copy")]) expected.delete(key);
    for (const key of keysOn(lost, "exported/upload")) expected.delete(key);
    for (const [key, sha256] of deletedLater) {
      if (!isLost(key)) continue;
      expected.add(key);
      expect(shaOf(after, key)).toBe(sha256);
    }
    expect([...after.keys()].toSorted()).toEqual([...expected].toSorted());
    // A completion that was lost can be repeated: its parts are there.
    for (const [index, upload] of uploads.entries()) {
      const { Parts = [] } = await client.send(new ListPartsCommand(upload));
      await complete(
        upload,
        Parts.map(({ PartNumber = 0, ETag }) => ({ PartNumber, ETag })),
      );
      expect(shaOf(await readAll(), upload.Key)).toBe(completed[index]);
    }
    // It goes on as if nothing had happened.
    const again = keyOn(lost[0]!, "again");
    const sha256 = await put(again, BLOB);
    expect(shaOf(await readAll(), again)).toBe(sha256);
    expect((await runRebuild(BUCKET)).output).toContain(`index object ${lost[0]}: works, nothing was rebuilt.`);
  }, 120_000);
});

test("rebuild-index says what is wrong with a bucket or a shard that is not there", async () => {
  await start(60);
  await makeBucket(client, { Bucket: BUCKET });
  expect(await runRebuild("missing")).toEqual({
    code: 1,
    output: "NoSuchEntity: The bucket missing cannot be found.\n",
  });
  expect(await runRebuild(BUCKET, "--shard", "1")).toMatchObject({
    code: 1,
    output: expect.stringContaining("counted from 0"),
  });
  expect(await runRebuild()).toMatchObject({ code: 2 });
});
