import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateFunctionCommand, LambdaClient, PutFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateCredentials } from "../../../scripts/local/credentials.ts";
import { type InvocationRecord, readJson, sendEvent, waitForObjects } from "../../support/async-events.ts";
import { describeFunction } from "../../support/lambda.ts";
import { type Product, startProduct } from "../../support/product.ts";
import { makeBucket } from "../../support/s3-requests.ts";
import { FAULTS, TIMEOUT_SECONDS } from "./faults.ts";

/** 20 shows what the product promises; the default keeps a run short. */
const ROUNDS = Number(process.env["FUNCTION_FAULT_ROUNDS"] ?? "2");
const BUCKET = "function-faults";
/** After the function's own time-out the server answers others within that. */
const PATIENCE_MS = 3_000;
const PROBE_INTERVAL_MS = 50;

const folder = mkdtempSync(join(tmpdir(), "verge-function-faults-"));
const credentials = generateCredentials();
let product: Product;
let lambda: LambdaClient;
let s3: S3Client;

beforeAll(async () => {
  const settings = { VERGE_ASYNC_RETRY_SECONDS: "0.5" };
  product = await startProduct({ stateDir: join(folder, "state"), credentials, settings });
  const client = { endpoint: product.endpoint, region: "us-east-1", credentials };
  // A machine that a function has taken with it comes back within seconds.
  lambda = new LambdaClient({ ...client, maxAttempts: 8 });
  s3 = new S3Client({ ...client, forcePathStyle: true, maxAttempts: 8 });
  await makeBucket(s3, { Bucket: BUCKET });
  for (const { name, code } of FAULTS) {
    await lambda.send(new CreateFunctionCommand({ ...describeFunction(name, code), Timeout: TIMEOUT_SECONDS }));
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: name,
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: `arn:aws:s3:::${BUCKET}` } },
      }),
    );
  }
}, 120_000);

afterAll(async () => {
  await product.kill();
  rmSync(folder, { recursive: true, force: true });
});

for (const { name, errorType } of FAULTS) {
  test.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
    `a function that ${name}, round %i: its event ends in the destination, and others are answered meanwhile`,
    async (round) => {
      const stopped = new AbortController();
      const probing = probe(stopped.signal);
      const id = await sendEvent(lambda, name, { round });
      const prefix = `aws/lambda/async/${name}/`;
      const keys = await waitForObjects(s3, BUCKET, prefix, round, 60);
      stopped.abort();
      const longest = await probing;
      const records = await Promise.all(keys.map((key) => readJson<InvocationRecord>(s3, BUCKET, key)));
      const record = records.find(({ requestContext: { requestId } }) => requestId === id);
      console.log(`${name}, round ${round}: longest silence ${Math.round(longest)} ms`, JSON.stringify(record));
      expect(record).toMatchObject({
        requestContext: { condition: "RetriesExhausted" },
        requestPayload: { round },
      });
      expect(errorTypeOf(record)).toMatch(errorType);
      expect(longest).toBeLessThan(TIMEOUT_SECONDS * 1_000 + PATIENCE_MS);
    },
    120_000,
  );
}

function errorTypeOf(record: InvocationRecord | undefined): string {
  return (record?.responsePayload as { errorType: string } | undefined)?.errorType ?? "none";
}

/** Asks for something simple again and again; answers the longest time without an answer, in milliseconds. */
async function probe(stopped: AbortSignal): Promise<number> {
  const health = new URL("/_verge/health", product.endpoint);
  let answeredAt = performance.now();
  let longest = 0;
  while (!stopped.aborted) {
    try {
      await (await fetch(health, { signal: AbortSignal.timeout(1_000) })).arrayBuffer();
      longest = Math.max(longest, performance.now() - answeredAt);
      answeredAt = performance.now();
    } catch {
      // Counts as silence.
    }
    await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS));
  }
  return Math.max(longest, performance.now() - answeredAt);
}
