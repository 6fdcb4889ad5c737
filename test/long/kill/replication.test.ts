import { randomInt } from "node:crypto";
import {
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeVersioned, nameRole, replicate, ruleTo } from "../../support/replication.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { readIndexes } from "../../support/verge-api.ts";

/** 20 in `npm run test:long`; `npm run test:kill` says how many. */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? "20");
const UPLOADS = 120;
const WRITERS = 8;
const LATER = { timeout: 60_000, interval: 250 };
/** Bodies in R2 and bodies in the index. */
const LARGE = "x".repeat(100_000);

let verge: Verge;
let s3: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
});
afterAll(async () => {
  s3.destroy();
  await verge.stop();
});

test.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
  "round %i: after SIGKILL of workerd every version that was answered arrives, once and in its order",
  async () => {
    const source = await makeVersioned(s3, { shards: 2 });
    const target = await makeVersioned(s3, { shards: 3 });
    await replicate(s3, await nameRole(verge), source, [ruleTo(target)]);
    const answered = await uploadAndKill(source, randomInt(1, UPLOADS));
    // Whoever comes next wakes the index.
    const written = await listVersions(source);
    expect(answered.filter((id) => !written.some((line) => line.endsWith(id)))).toEqual([]);
    const waiting = async () => {
      const indexes = await readIndexes(verge, source);
      return indexes.map(({ replicationsWaiting }) => replicationsWaiting);
    };
    await expect.poll(waiting, LATER).toEqual([0, 0]);
    expect(await listVersions(target)).toEqual(written);
  },
  120_000,
);

async function listVersions(Bucket: string): Promise<string[]> {
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  return Versions.map(({ Key, VersionId }) => `${Key} ${VersionId}`);
}

/** Several versions of few keys, some of them tagged later; kills the server once `wanted` uploads were answered. */
async function uploadAndKill(Bucket: string, wanted: number): Promise<string[]> {
  const answered: string[] = [];
  const numbers = Array.from({ length: UPLOADS }, (_, position) => position);
  let killing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    for (let at = numbers.pop(); at !== undefined && !killing; at = numbers.pop()) {
      const Key = `key-${at % 20}`;
      const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: at % 3 === 0 ? LARGE : Key }));
      answered.push(VersionId!);
      if (answered.length >= wanted) killing ??= verge.kill();
      const Tagging = { TagSet: [{ Key: "at", Value: String(at) }] };
      if (at % 5 === 0) await s3.send(new PutObjectTaggingCommand({ Bucket, Key, VersionId, Tagging }));
    }
  };
  await Promise.allSettled(Array.from({ length: WRITERS }, write));
  await killing;
  return answered;
}
