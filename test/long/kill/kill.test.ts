import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateCredentials } from "../../../scripts/local/credentials.ts";
import { type Product, startProduct } from "../../support/product.ts";
import { makeBucket } from "../../support/s3-requests.ts";
import { audit, type Finding } from "./audit.ts";
import { Model } from "./model.ts";
import { BUCKETS, countAcknowledged, type Tally, writeUntilKilled } from "./writers.ts";

/** 20 in `npm run test:long`; `npm run test:kill` says how many. */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? "20");
/** The kill comes after a random number of acknowledged writes, and some milliseconds; on a slow machine by the clock. */
const KILL_AFTER_WRITES = [1, 1_200] as const;
const KILL_AFTER_MORE_MILLISECONDS = 20;
const KILL_BY_MILLISECONDS = 6_000;

const folder = mkdtempSync(join(tmpdir(), "verge-kill-"));
const credentials = generateCredentials();
const model = new Model();
let product: Product | undefined;

// Exports and garbage collection are under way as well when the kill comes.
const settings = { VERGE_EXPORT_INTERVAL_SECONDS: "1", VERGE_RECOVERY_WINDOW_SECONDS: "1" };
const start = () => startProduct({ stateDir: join(folder, "state"), credentials, settings });

beforeAll(async () => {
  product = await start();
  const client = connect(product);
  await makeBucket(client, { Bucket: BUCKETS.sharded, shards: 4 });
  await makeBucket(client, { Bucket: BUCKETS.single });
  client.destroy();
});

afterAll(async () => {
  await product?.kill();
  rmSync(folder, { recursive: true, force: true });
});

test.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
  "round %i: after SIGKILL of npm, node and workerd every acknowledged write is there, and none is torn",
  async (round) => {
    if (!product) throw new Error("the round before did not restart");
    expect(product.listProcesses()).toEqual(expect.arrayContaining(["npm", "node", "workerd"]));
    const tally = await writeAndKill(product);
    product = undefined;
    product = await start();
    const client = connect(product);
    const finding = await audit(client, model);
    client.destroy();
    console.log(summarize(round, product.startMilliseconds, tally, finding));
    expect(tally.complaints).toEqual([]);
    expect(finding.problems).toEqual([]);
  },
  120_000,
);

async function writeAndKill(running: Product): Promise<Tally> {
  const client = connect(running);
  const killed = new AbortController();
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const wanted = randomInt(...KILL_AFTER_WRITES);
  const onAcknowledged = (count: number) => {
    if (count >= wanted) resolve();
  };
  const writing = writeUntilKilled({ client, model, killed: killed.signal, onAcknowledged });
  await Promise.race([enough, pause(KILL_BY_MILLISECONDS)]);
  await pause(randomInt(KILL_AFTER_MORE_MILLISECONDS));
  // Marked first: what fails from here on has nobody to blame.
  killed.abort();
  await running.kill();
  const tally = await writing;
  client.destroy();
  return tally;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function connect({ endpoint }: Product): S3Client {
  return new S3Client({
    endpoint,
    region: "us-east-1",
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler: { httpAgent: { maxSockets: 256 }, socketAcquisitionWarningTimeout: 60_000 },
  });
}

function summarize(round: number, startMilliseconds: number, tally: Tally, finding: Finding): string {
  const kinds = Array.from(tally.acknowledged).map(([kind, count]) => `${kind} ${count}`);
  return [
    `round ${round}: ready again ${Math.round(startMilliseconds)} ms after the restart`,
    `  acknowledged ${countAcknowledged(tally)} (${kinds.join(", ")}), refused as they should be ${tally.refused}`,
    `  without an answer ${finding.uncertain}, of which took place ${finding.applied}; uploads completed afterwards ${finding.resumedUploads}`,
    `  read whole ${finding.objects} objects, ${(finding.bytes / 1e6).toFixed(1)} MB; problems ${finding.problems.length}`,
  ].join("\n");
}
