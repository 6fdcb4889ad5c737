/**
 * `npm run bench:large`: a 5 GB object goes up in parts and comes down again, and workerd's memory may not
 * grow by more than an isolate's 128 MB meanwhile. Needs Linux, and three times the object's size on disk.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleWorker } from "../local/bundle.ts";
import { DEFAULT_REGION } from "../local/runtime.ts";
import { type LargeResult, moveLargeObject } from "./large-transfer.ts";
import { Side } from "./side.ts";

const MB = 1024 * 1024;
const ALLOWED_GROWTH = 128 * MB;

async function measure(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "size-mb": { type: "string", default: "5120" },
      "part-mb": { type: "string", default: "64" },
      concurrency: { type: "string", default: "4" },
    },
  });
  const size = Number(values["size-mb"]) * MB;
  const folder = mkdtempSync(join(tmpdir(), "verge-large-"));
  const { mainModule } = await bundleWorker(join(folder, "bundle"));
  const side = new Side("verge", join(folder, "state"), mainModule);
  try {
    await side.start();
    await side.request({ method: "PUT", target: "/large", expect: { status: 200 } });
    const result = await moveLargeObject({
      endpoint: side.origin,
      region: DEFAULT_REGION,
      ...side.keys,
      bucket: "large",
      key: "object",
      size,
      partSize: Number(values["part-mb"]) * MB,
      concurrency: Number(values.concurrency),
      pid: () => side.pid,
    });
    report(size, result);
  } finally {
    await side.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(size: number, { idle, peakUp, peakDown, uploadRate, downloadRate, intact }: LargeResult): void {
  const growth = Math.max(peakUp, peakDown) - idle;
  console.log(
    `size        ${inMegabytes(size)}, ${intact ? "every byte came back" : "WHAT CAME BACK IS NOT WHAT WAS SENT"}`,
  );
  console.log(`RSS idle    ${inMegabytes(idle)}`);
  console.log(`peak up     ${inMegabytes(peakUp)} (${inMegabytes(uploadRate)}/s)`);
  console.log(`peak down   ${inMegabytes(peakDown)} (${inMegabytes(downloadRate)}/s)`);
  console.log(`growth      ${inMegabytes(growth)}, at most ${inMegabytes(ALLOWED_GROWTH)} allowed`);
  if (!intact || growth > ALLOWED_GROWTH) process.exitCode = 1;
}

function inMegabytes(bytes: number): string {
  return `${(bytes / MB).toFixed(0)} MB`;
}

measure().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
