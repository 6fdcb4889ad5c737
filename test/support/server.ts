import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { inject } from "vitest";
import { credentialBindings, generateCredentials } from "../../scripts/local/credentials.ts";
import type { Credentials } from "../../scripts/local/credentials.ts";
import { DEFAULT_REGION, startRuntime } from "../../scripts/local/runtime.ts";

export interface VergeOptions {
  /** State to start on; a fresh temporary folder, removed at `stop`, when absent. */
  readonly stateDir?: string;
  /** The keys to start with, e.g. those of an earlier server on the same state. */
  readonly credentials?: Credentials;
  /** Settings for the Worker: `VERGE_DOMAIN`, `VERGE_LIMITS`, … */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The whole product, served over HTTP on free loopback ports. */
export interface Verge {
  /** Origin without a trailing slash. Requests reach the Worker exactly as sent. */
  readonly endpoint: string;
  /** Miniflare's entry: adds `request.cf` and the client's address, and rewrites what it forwards. */
  readonly entryEndpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly credentials: Credentials;
  readonly stateDir: string;
  readonly miniflare: Miniflare;
  /** The id of the workerd that serves now; another after `kill`. */
  readonly pid: number;
  /** That of the process in which functions run; another after one of them has ended it. */
  readonly functionsPid: number | undefined;
  /** Runs the Worker's cron handler. */
  scheduled(): Promise<void>;
  /** SIGKILL to workerd, in the middle of whatever it does; answers when another serves on the same state and ports. */
  kill(): Promise<void>;
  /** Ends workerd. Removes the state if it was made here. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the bundle that `global-setup.ts` made for this run. */
export async function startVerge(options: VergeOptions = {}): Promise<Verge> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), `verge-${randomBytes(3).toString("hex")}-`));
  const credentials = options.credentials ?? generateCredentials();
  const runtime = await startRuntime({
    mainModule: inject("vergeMainModule"),
    stateDir,
    host: "127.0.0.1",
    port: 0,
    bindings: { VERGE_REGION: DEFAULT_REGION, ...options.settings, ...credentialBindings(credentials) },
  });
  const endpoint = runtime.endpoint.origin;
  const stop = async () => {
    await runtime.stop();
    if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
  };
  return {
    endpoint,
    entryEndpoint: runtime.entryEndpoint.origin,
    region: options.settings?.["VERGE_REGION"] ?? DEFAULT_REGION,
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    credentials,
    stateDir,
    miniflare: runtime.miniflare,
    get pid() {
      return runtime.process.pid ?? 0;
    },
    get functionsPid() {
      return runtime.functionsPid;
    },
    scheduled: () => runtime.runScheduled(),
    async kill() {
      runtime.process.kill();
      await waitUntilHealthy(endpoint);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function waitUntilHealthy(endpoint: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    // Refused while nobody listens, or reset by the process that is dying.
    const answer = await fetch(`${endpoint}/_verge/health`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    if (performance.now() > deadline) throw new Error(`${endpoint} does not come back.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
