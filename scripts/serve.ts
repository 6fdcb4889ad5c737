/**
 * `npm start`: the whole product on this machine, over Miniflare, with state that persists.
 * `wrangler dev` does the same at ten times the CPU a request; see docs/decisions/0001-local-listener.md.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundleWorker } from "./local/bundle.ts";
import { buildBanner, createFirstBucket } from "./local/banner.ts";
import { credentialBindings, loadCredentials } from "./local/credentials.ts";
import { onEnd } from "./local/ending.ts";
import { DEFAULT_REGION, startRuntime } from "./local/runtime.ts";
import { readSettings } from "./local/settings.ts";
import { lockState } from "./local/state-lock.ts";
import { startWatchdog } from "./local/watchdog.ts";

async function serve(): Promise<void> {
  refuseArguments(process.argv.slice(2));
  const settings = readSettings(process.env);
  const firstStart = !existsSync(settings.stateDir);
  const lock = await lockState(settings.stateDir);
  process.once("exit", () => lock.release());

  const credentials = loadCredentials(settings.stateDir, process.env);
  const { mainModule } = await bundleWorker(join(settings.stateDir, "bundle"));
  const runtime = await startRuntime({
    ...settings,
    mainModule,
    bindings: { ...settings.worker, ...credentialBindings(credentials) },
  });
  const stopWatchdog = startWatchdog(runtime);
  const stopSchedule = startSchedule(() => runtime.runScheduled());
  onEnd(async () => {
    lock.announceRelease();
    stopWatchdog();
    stopSchedule();
    await runtime.stop();
  });

  const banner = {
    endpoint: runtime.endpoint.origin,
    stateDir: settings.stateDir,
    credentials,
    region: settings.worker["VERGE_REGION"] ?? DEFAULT_REGION,
  };
  if (firstStart) await createFirstBucket(banner);
  console.log(await buildBanner(banner));
  console.log(`verge ready on ${banner.endpoint}`);
}

/** Whoever passes a port here must not think that it was heard. */
function refuseArguments(given: readonly string[]): void {
  if (given.length === 0) return;
  throw new Error(
    "npm start takes no arguments. Settings are environment variables (PORT=9000 npm start): see README.md.",
  );
}

/** wrangler.toml's cron trigger, `* * * * *`: at each full minute. */
function startSchedule(run: () => Promise<void>): () => void {
  const minute = 60_000;
  let timer = setTimeout(tick, minute - (Date.now() % minute));
  function tick(): void {
    timer = setTimeout(tick, minute - (Date.now() % minute));
    run().catch((error: unknown) => console.error("The scheduled run failed:", error));
  }
  return () => clearTimeout(timer);
}

serve().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
