/**
 * `npm run dev`: wrangler's own server on the state and the keys of `npm start`, with reload on change
 * and an inspector. Slower, and not exact in paths: see docs/decisions/0001-local-listener.md.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { offlineEnvironment, projectDir, wranglerCommand } from "./local/bundle.ts";
import { credentialBindings, loadCredentials } from "./local/credentials.ts";
import { onEnd } from "./local/ending.ts";
import { endWithThisProcess } from "./local/process-guard.ts";
import { readSettings } from "./local/settings.ts";
import { lockState } from "./local/state-lock.ts";

async function develop(): Promise<void> {
  const settings = readSettings(process.env);
  const lock = await lockState(settings.stateDir);
  process.once("exit", () => lock.release());

  const bindings = { ...settings.worker, ...credentialBindings(loadCredentials(settings.stateDir, process.env)) };
  // In a file, since arguments can be read by every user of the machine.
  const envFile = join(settings.stateDir, "dev.env");
  const lines = Object.entries(bindings).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`);
  writeFileSync(envFile, lines.join(""), { mode: 0o600 });

  const options = [
    ["--ip", settings.host],
    ["--port", String(settings.port)],
    ["--persist-to", settings.stateDir],
    ["--env-file", envFile],
    ["--show-interactive-dev-session", "false"],
  ];
  // A group of its own, with all that wrangler starts, so that all of it can be ended.
  const wrangler = spawn(process.execPath, [wranglerCommand(), "dev", ...options.flat()], {
    cwd: projectDir,
    env: { ...process.env, ...offlineEnvironment },
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  const group = wrangler.pid;
  if (group === undefined) throw new Error("wrangler does not start.");
  const release = endWithThisProcess(-group);
  const ended = new Promise<void>((resolve) => wrangler.once("exit", () => resolve()));
  onEnd(async () => {
    lock.announceRelease();
    signalGroup(group, "SIGTERM");
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5_000))]);
    signalGroup(group, "SIGKILL");
  });
  wrangler.once("exit", (code) => {
    signalGroup(group, "SIGKILL");
    release();
    process.exitCode = code ?? 1;
  });
}

/** Windows knows no groups: there the children end with wrangler itself. */
function signalGroup(group: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Nobody is left in it.
  }
}

develop().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
