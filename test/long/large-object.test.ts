import { afterAll, beforeAll, expect, test } from "vitest";
import { moveLargeObject } from "../../scripts/bench/large-transfer.ts";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

const MB = 1024 * 1024;
const SIZE_MB = Number(process.env["LARGE_OBJECT_MB"] ?? 5 * 1024);

let verge: Verge;
beforeAll(async () => {
  verge = await startVerge();
});
afterAll(() => verge.stop());

test(`${SIZE_MB} MB go up by multipart and come down, with at most 128 MB of memory above idle`, async () => {
  const bucket = await makeBucket(createS3Client(verge));
  const { endpoint, region, accessKeyId, secretAccessKey } = verge;
  const result = await moveLargeObject({
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    bucket,
    key: "large",
    size: SIZE_MB * MB,
    partSize: 64 * MB,
    concurrency: 4,
    pid: () => verge.pid,
  });
  const growth = Math.round((Math.max(result.peakUp, result.peakDown) - result.idle) / MB);
  console.log(`${SIZE_MB} MB: memory grew by ${growth} MB`);
  expect(result.intact).toBe(true);
  expect(growth).toBeLessThanOrEqual(128);
});
