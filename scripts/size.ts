/** `npm run size`: bundles as a deployment does, prints what Cloudflare would count, and fails above its limit. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleWorker } from "./local/bundle.ts";

/** The Free plan's limit on a Worker after gzip (Workers platform limits, "Worker size"). */
const LIMIT_KIB = 3 * 1024;

const outDir = mkdtempSync(join(tmpdir(), "verge-size-"));
try {
  const { report } = await bundleWorker(outDir);
  const total = /Total Upload: ([\d.]+) KiB \/ gzip: ([\d.]+) KiB/.exec(report);
  if (total === null) throw new Error(`wrangler does not report a size:\n${report}`);
  const [, plain, gzip] = total;
  console.log(`Worker: ${plain} KiB, ${gzip} KiB after gzip (limit ${LIMIT_KIB} KiB)`);
  if (Number(gzip) > LIMIT_KIB) process.exitCode = 1;
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
