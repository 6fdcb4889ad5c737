import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import type { V4MiniflareOptions, V4WorkerOptions, V4WorkerOptionsShape } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { offlineEnvironment, projectDir } from "./bundle.ts";
import { FunctionSupervisor } from "./functions/supervisor.ts";
import { trackRuntimeProcess } from "./runtime-process.ts";
import type { RuntimeProcess } from "./runtime-process.ts";

export interface RuntimeOptions {
  /** From `bundleWorker`. */
  readonly mainModule: string;
  readonly stateDir: string;
  /** Settings and secrets of the Worker, over the `[vars]` of wrangler.toml. */
  readonly bindings: Readonly<Record<string, string>>;
  readonly host: string;
  /** 0 takes a free one, as for the others. */
  readonly port: number;
  readonly directPort?: number | undefined;
  readonly entryPort?: number | undefined;
  /** `inside` runs functions in the process of the Worker; `apart`, the default, in one of their own. */
  readonly functions?: "apart" | "inside" | undefined;
  /** Where workerd's inspector listens (docs/performance.md); none when absent. */
  readonly inspectorPort?: number | undefined;
}

export interface Runtime {
  readonly miniflare: Miniflare;
  /** Requests reach the Worker exactly as sent. */
  readonly endpoint: URL;
  /** Miniflare's entry. */
  readonly entryEndpoint: URL;
  readonly process: RuntimeProcess;
  /** The process in which functions run; undefined where they run in that of the Worker. */
  readonly functionsPid: number | undefined;
  /** Runs the Worker's cron handler, which Miniflare never does by itself. */
  runScheduled(): Promise<void>;
  /** Lets open requests finish for some seconds, then ends workerd. */
  stop(): Promise<void>;
}

/** The Worker's name: Durable Object state is filed under it, here and by `wrangler dev`. */
export const WORKER_NAME = "verge";
export const ASSETS_NAME = "verge-assets";
/** How functions reach the Internet: workerd refuses private addresses after it has resolved a name (src/lambda/runtime/egress.ts). */
export const PUBLIC_NETWORK = { network: { allow: ["public"], tlsOptions: { trustBrowserCas: true } } };

const LOCAL_SETTINGS = {
  // Miniflare's queue delivers a batch when the one before is done (src/jobs/dispatch-events.ts).
  VERGE_SERIAL_QUEUE: "yes",
  VERGE_DIRECT_CLIENTS: "yes",
  // Who watches the logs of a function on the same machine should not wait (src/metadata/logs/recorder.ts).
  VERGE_LOG_INTERVAL_SECONDS: "1",
};

/** The region of wrangler.toml. */
export const DEFAULT_REGION = "us-east-1";

/**
 * Miniflare's R2 takes every 4 KB of a body through JavaScript. With V8's usual young generation such garbage
 * waits until workerd has grown by hundreds of megabytes; collected early it costs nothing measurable
 * (docs/performance.md).
 */
const V8_FLAGS = "--max-semi-space-size=1";

/** Starts workerd with what wrangler.toml says; answers when it listens. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  Object.assign(process.env, offlineEnvironment);
  process.env["MINIFLARE_WORKERD_V8_FLAGS"] ??= V8_FLAGS;
  // Windows has no sockets with a path: functions run in the Worker's own process there.
  const isInside = options.functions === "inside" || process.platform === "win32";
  const functions = isInside ? undefined : new FunctionSupervisor(options.stateDir);
  const { started: miniflare, process: tracked } = trackRuntimeProcess(
    () => new Miniflare(convertV4MiniflareOptions(buildOptions(options, functions))),
  );
  const end = async () => {
    await tracked.drain(() => miniflare.dispose());
    await functions?.process.stop();
  };
  try {
    const entryEndpoint = await miniflare.ready;
    const endpoint = await miniflare.unsafeGetDirectURL(WORKER_NAME);
    const { compatibilityDate = "" } = readWorkerOptions();
    await functions?.process.start(endpoint, compatibilityDate);
    return {
      miniflare,
      endpoint,
      entryEndpoint,
      process: tracked,
      get functionsPid() {
        return functions?.process.pid;
      },
      async runScheduled() {
        const worker = await miniflare.getWorker(WORKER_NAME);
        await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date() });
      },
      stop: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function buildOptions(options: RuntimeOptions, functions: FunctionSupervisor | undefined): V4MiniflareOptions {
  const { assets, ...bound } = readWorkerOptions();
  const { host, port, directPort, entryPort, mainModule } = options;
  const shared = { rootPath: projectDir, compatibilityDate: bound.compatibilityDate ?? "" };
  const workers: V4WorkerOptions[] = [
    {
      ...bound,
      ...shared,
      name: WORKER_NAME,
      modulesRoot: dirname(mainModule),
      modules: readModules(mainModule),
      bindings: { ...bound.bindings, ...LOCAL_SETTINGS, ...options.bindings },
      serviceBindings: {
        ...bound.serviceBindings,
        ASSETS: ASSETS_NAME,
        PUBLIC_NETWORK,
        ...(functions && {
          FUNCTION_HOST: { external: { address: `unix:${functions.process.socketPath}`, http: {} } },
          FUNCTION_SUPERVISOR: functions.answer,
        }),
      },
      unsafeDirectSockets: [{ host, port }],
    },
    // Assets of the Worker itself would put a proxy in front of it, which collapses `..` in paths.
    {
      ...stubWorker(ASSETS_NAME),
      ...shared,
      ...(assets && { assets: { ...assets, run_worker_first: false, routerConfig: { has_user_worker: false } } }),
    },
  ];
  if (directPort !== undefined) {
    // A Worker has one direct socket: the second is another's, that leads to the first.
    const unsafeDirectSockets = [{ host, port: directPort, serviceName: WORKER_NAME }];
    workers.push({ ...stubWorker("verge-direct"), ...shared, unsafeDirectSockets });
  }
  return {
    host,
    port: entryPort ?? 0,
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.WARN),
    logRequests: false,
    ...(options.inspectorPort !== undefined && { inspectorPort: options.inspectorPort }),
    // Where `wrangler dev --persist-to <state>` keeps it.
    resourcePersistencePath: join(options.stateDir, "v3"),
    workers,
  };
}

/** The bundle, and the texts that it imports, which wrangler leaves beside it. */
export function readModules(mainModule: string): { type: "ESModule" | "Text"; path: string; contents: string }[] {
  const folder = dirname(mainModule);
  const texts = readdirSync(folder).filter((name) => name.endsWith(".txt"));
  return [
    { type: "ESModule", path: mainModule, contents: readFileSync(mainModule, "utf8") },
    ...texts.map((name) => ({
      type: "Text" as const,
      path: join(folder, name),
      contents: readFileSync(join(folder, name), "utf8"),
    })),
  ];
}

let workerOptions: V4WorkerOptionsShape | undefined;

/** What wrangler.toml says, in Miniflare's terms. Read once by each process. */
export function readWorkerOptions(): V4WorkerOptionsShape {
  workerOptions ??= parseWorkerOptions();
  return workerOptions;
}

function parseWorkerOptions(): V4WorkerOptionsShape {
  const { workerOptions: parsed } = unstable_getMiniflareWorkerOptions(join(projectDir, "wrangler.toml"));
  // The bundle is whole: there is nothing left to which rules for modules apply.
  const { modulesRules: _rules, ...options } = parsed;
  return options;
}

/** A Worker that is never reached: Miniflare wants code behind every name. */
export function stubWorker(name: string) {
  return { name, modules: true, script: "export default { fetch: () => new Response(null, { status: 404 }) };" };
}
