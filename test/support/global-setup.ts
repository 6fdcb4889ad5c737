import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { bundleWorker } from "../../scripts/local/bundle.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the Worker's bundle, built once for each run. */
    vergeMainModule: string;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const outDir = mkdtempSync(join(tmpdir(), "verge-bundle-"));
  const { mainModule } = await bundleWorker(outDir);
  project.provide("vergeMainModule", mainModule);
  return () => rmSync(outDir, { recursive: true, force: true });
}
