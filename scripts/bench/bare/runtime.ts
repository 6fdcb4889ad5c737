import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptionsShape } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { offlineEnvironment, wranglerCommand } from "../../local/bundle.ts";
import { trackRuntimeProcess, type RuntimeProcess } from "../../local/runtime-process.ts";

const run = promisify(execFile);

/** Which Worker it is: that on R2, or that with a route of Hono. */
export type BareKind = "bare" | "hono";

function configPath(kind: BareKind): string {
  return join(import.meta.dirname, "..", kind, "wrangler.toml");
}

/** Bundles a Worker to compare with as Verge's is bundled. Returns the main module. */
export async function bundleBareWorker(outDir: string, kind: BareKind = "bare"): Promise<string> {
  const command = [wranglerCommand(), "deploy", "--dry-run", "--config", configPath(kind), "--outdir", outDir];
  await run(process.execPath, command, { env: { ...process.env, ...offlineEnvironment } });
  return join(outDir, "worker.js");
}

export interface BareOptions {
  readonly kind: BareKind;
  readonly mainModule: string;
  readonly stateDir: string;
  readonly bindings: Readonly<Record<string, string>>;
  /** Where workerd's inspector listens; none when absent. */
  readonly inspectorPort?: number | undefined;
}

export interface BareRuntime {
  readonly endpoint: URL;
  readonly process: RuntimeProcess;
  stop(): Promise<void>;
}

/** The same listener, the same settings and the same kind of state as `scripts/local/runtime.ts`. */
export async function startBareRuntime(options: BareOptions): Promise<BareRuntime> {
  Object.assign(process.env, offlineEnvironment);
  const { workerOptions } = unstable_getMiniflareWorkerOptions(configPath(options.kind));
  const { modulesRules: _rules, ...worker }: V4WorkerOptionsShape = workerOptions;
  const { mainModule, inspectorPort } = options;
  const { started: miniflare, process: tracked } = trackRuntimeProcess(
    () =>
      new Miniflare(
        convertV4MiniflareOptions({
          host: "127.0.0.1",
          port: 0,
          cf: false,
          telemetry: { enabled: false },
          log: new Log(LogLevel.WARN),
          logRequests: false,
          resourcePersistencePath: join(options.stateDir, "v3"),
          ...(inspectorPort !== undefined && { inspectorPort }),
          workers: [
            {
              ...worker,
              name: "bare",
              compatibilityDate: worker.compatibilityDate ?? "",
              modulesRoot: dirname(mainModule),
              modules: [{ type: "ESModule", path: mainModule, contents: readFileSync(mainModule, "utf8") }],
              bindings: { ...worker.bindings, ...options.bindings },
              unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
            },
          ],
        }),
      ),
  );
  const stop = () => tracked.drain(() => miniflare.dispose());
  try {
    await miniflare.ready;
    return { endpoint: await miniflare.unsafeGetDirectURL("bare"), process: tracked, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
