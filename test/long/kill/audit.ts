import { GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { ABSENT, type Content, contentOf, describe, type KeyState, type Model } from "./model.ts";
import { BUCKETS, completeUpload } from "./writers.ts";

/** What the server holds after a restart, against what it must hold. */
export interface Finding {
  readonly problems: string[];
  readonly objects: number;
  readonly bytes: number;
  /** Writes whose answer was lost: how many there were, and how many of them took place. */
  readonly uncertain: number;
  readonly applied: number;
  /** Uploads whose parts had been acknowledged, completed now. */
  readonly resumedUploads: number;
}

interface Listed {
  readonly size: number;
  readonly etag: string;
}

const READERS = 16;

/** Reads every key whole, lists every bucket, and compares both with the model, which goes on from what was found. */
export async function audit(client: S3Client, model: Model): Promise<Finding> {
  const problems: string[] = [];
  const listed = new Map<string, Listed>();
  for (const bucket of Object.values(BUCKETS)) await list(client, bucket, listed);
  let [objects, bytes, uncertain, applied] = [0, 0, 0, 0];
  const states = [...model.states];
  await eachOf(states, async (state) => {
    const name = `${state.address.bucket}/${state.address.key}`;
    const entry = listed.get(name);
    listed.delete(name);
    const wasUncertain = state.uncertain;
    const expectation = state.describe();
    const found = await read(client, state);
    if (found === undefined) {
      problems.push(`${expectation}, but cannot be read${entry ? " although it is listed" : ""}`);
      return;
    }
    problems.push(...compareWithListing(name, entry, found));
    const verdict = state.settle(found.content, found.etag);
    if (!verdict) problems.push(`${expectation}, but holds ${describe(found.content)}`);
    if (found.content !== ABSENT) {
      objects += 1;
      bytes += found.content.size;
    }
    if (wasUncertain) uncertain += 1;
    if (verdict === "attempted") applied += 1;
  });
  for (const name of listed.keys()) problems.push(`${name} is listed, but nobody wrote it`);
  const resumedUploads = await resumeUploads(client, model, problems);
  return { problems, objects, bytes, uncertain, applied, resumedUploads };
}

async function list(client: S3Client, bucket: string, into: Map<string, Listed>): Promise<void> {
  let token: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }));
    for (const { Key, Size = 0, ETag = "" } of page.Contents ?? [])
      into.set(`${bucket}/${Key}`, { size: Size, etag: ETag });
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

interface Found {
  readonly content: Content | typeof ABSENT;
  readonly etag: string | undefined;
}

/** The whole object, whose checksum the SDK verifies as well; undefined when it breaks off. */
async function read(client: S3Client, { address }: KeyState): Promise<Found | undefined> {
  try {
    const answer = await client.send(new GetObjectCommand({ Bucket: address.bucket, Key: address.key }));
    const body = await answer.Body?.transformToByteArray();
    return body && { content: contentOf(body), etag: answer.ETag };
  } catch (error) {
    return (error as Error).name === "NoSuchKey" ? { content: ABSENT, etag: undefined } : undefined;
  }
}

function compareWithListing(name: string, entry: Listed | undefined, { content, etag }: Found): string[] {
  if (content === ABSENT) return entry ? [`${name} is listed, but GET finds nothing`] : [];
  if (!entry) return [`${name} can be read, but is not listed`];
  const same = entry.size === content.size && entry.etag === etag;
  return same ? [] : [`${name} is listed with ${entry.size} bytes ${entry.etag}, but is ${content.size} bytes ${etag}`];
}

/** Parts that were acknowledged are there: the upload can be completed, or it was. */
async function resumeUploads(client: S3Client, model: Model, problems: string[]): Promise<number> {
  const uploads = [...model.openUploads];
  model.openUploads.clear();
  await eachOf(uploads, async (upload) => {
    const state = model.state(upload);
    const complete = async () => {
      await completeUpload(client, upload);
      const found = await read(client, state);
      if (found?.content === ABSENT || found?.content.sha256 !== upload.content.sha256) throw new Error("other bytes");
      state.settle(found.content, found.etag);
    };
    await complete().catch((error: unknown) => {
      problems.push(`an upload of ${upload.key} with acknowledged parts cannot be completed: ${String(error)}`);
    });
  });
  return uploads.length;
}

async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = items.values();
  const readers = Array.from({ length: READERS }, async () => {
    for (const item of rest) await work(item);
  });
  await Promise.all(readers);
}
