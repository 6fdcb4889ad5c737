import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

const CLIENTS = 16;
const ROUNDS = 10;

let verge: Verge;
let clients: S3Client[];
beforeAll(async () => {
  verge = await startVerge();
  // Each with connections of its own.
  clients = Array.from({ length: CLIENTS }, () => createS3Client(verge));
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await verge.stop();
});

/** As Terraform's backend does with `use_lockfile`: true where the lock is this client's. */
async function takeLock(client: S3Client, Bucket: string, owner: string): Promise<boolean> {
  const put = new PutObjectCommand({ Bucket, Key: "state.tflock", Body: owner, IfNoneMatch: "*" });
  const failure = await client.send(put).then(
    () => undefined,
    (error: Error) => error,
  );
  if (failure && failure.name !== "PreconditionFailed") throw failure;
  return failure === undefined;
}

describe.each(["", "Enabled"] as const)("lock files in a bucket with versioning '%s'", (Status) => {
  test(`of ${CLIENTS} clients at once exactly one has the lock, round after round`, async () => {
    const [first] = clients as [S3Client, ...S3Client[]];
    const Bucket = await makeBucket(first);
    if (Status) await first.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
    for (let round = 0; round < ROUNDS; round++) {
      const taken = await Promise.all(clients.map((client, index) => takeLock(client, Bucket, `${round}/${index}`)));
      const owners = taken.flatMap((mine, index) => (mine ? [`${round}/${index}`] : []));
      expect(owners).toHaveLength(1);
      const { Body } = await first.send(new GetObjectCommand({ Bucket, Key: "state.tflock" }));
      expect(await Body!.transformToString()).toBe(owners[0]);
      // Until it is released nobody gets it.
      expect(await takeLock(first, Bucket, "late")).toBe(false);
      await first.send(new DeleteObjectCommand({ Bucket, Key: "state.tflock" }));
    }
    const { Versions = [] } = await first.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions).toHaveLength(Status ? ROUNDS : 0);
  });
});
