import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The project's folder, with wrangler.toml in it. */
export const projectDir = dirname(dirname(import.meta.dirname));

/** Keeps wrangler and Miniflare off the network. */
export const offlineEnvironment = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
} as const;

/** Wrangler's command, to be run by this process's own Node. */
export function wranglerCommand(): string {
  return join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin", "wrangler.js");
}

/**
 * Bundles the Worker by the code that deploys it, so that what runs here is what runs in production.
 * Returns the bundle's main module and wrangler's report, which names the bindings and the size.
 */
export async function bundleWorker(outDir: string): Promise<{ mainModule: string; report: string }> {
  const { stdout } = await run(process.execPath, [wranglerCommand(), "deploy", "--dry-run", "--outdir", outDir], {
    cwd: projectDir,
    env: { ...process.env, ...offlineEnvironment },
  }).catch((error: { stdout?: string; stderr?: string; message: string }) => {
    throw new Error(`The Worker does not build.\n${error.stderr || error.stdout || error.message}`);
  });
  return { mainModule: join(outDir, "worker.js"), report: stdout };
}
