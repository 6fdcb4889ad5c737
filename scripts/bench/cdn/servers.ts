/** The caches that are compared, each over all its starts on a state of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { DistributionApi } from "../../../src/metadata/cdn/protocol.ts";
import { credentialBindings, generateCredentials } from "../../local/credentials.ts";
import { findFreePort } from "../../local/free-port.ts";
import { listChildren, readStat } from "../../local/proc.ts";
import { endWithThisProcess } from "../../local/process-guard.ts";
import { startRuntime } from "../../local/runtime.ts";
import { trackRuntimeProcess } from "../../local/runtime-process.ts";
import { describeBenchDistribution } from "./distribution.ts";

export interface CacheServer {
  readonly origin: string;
  /** Before the path of a request. */
  readonly prefix: string;
  /** Those whose CPU counts. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** Starts a server, on what an earlier start of it has stored. */
export type StartServer = () => Promise<CacheServer>;

export const FULL = "E0BENCHMARK001";
/** The same without behaviours and invalidations. */
export const PLAIN = "E0BENCHMARK002";
/** As many as CloudFront allows, and as many invalidations as may be under way there: a hit must not feel them. */
const BEHAVIORS = 75;
const INVALIDATIONS = 3_000;

/** What one writes who puts a Worker with the Cache API before an origin. */
const BARE_WORKER = `export default {
  async fetch(request, env, context) {
    // The port differs from start to start.
    const { pathname } = new URL(request.url);
    const key = "http://bare" + pathname;
    const cached = await caches.default.match(key);
    if (cached) return cached;
    const response = await fetch(env.ORIGIN + pathname);
    context.waitUntil(caches.default.put(key, response.clone()));
    return response;
  },
};`;

export interface VergeServer extends CacheServer {
  /** So many as may be under way, of paths that nobody asks for. */
  invalidate(): Promise<void>;
}

export async function startVerge(mainModule: string, stateDir: string, originPort: number): Promise<VergeServer> {
  const bindings = credentialBindings(generateCredentials());
  const runtime = await startRuntime({ mainModule, stateDir, host: "127.0.0.1", port: 0, bindings });
  const namespace = await runtime.miniflare.getDurableObjectNamespace("DISTRIBUTION", "verge");
  const objectOf = (id: string) => namespace.getByName(id) as unknown as DistributionApi;
  const revision = Date.now();
  await objectOf(FULL).install(revision, describeBenchDistribution(FULL, originPort, BEHAVIORS));
  await objectOf(PLAIN).install(revision, describeBenchDistribution(PLAIN, originPort, 0));
  const { endpoint, process } = runtime;
  return {
    origin: endpoint.origin,
    prefix: `/_cdn/${FULL}`,
    pids: process.pid === undefined ? [] : [process.pid],
    stop: () => runtime.stop(),
    async invalidate() {
      for (let n = 0; n < INVALIDATIONS; n++) {
        await objectOf(FULL).createInvalidation({ callerReference: `bench-${n}`, paths: [`/gone-${n}/page.html`] });
      }
    },
  };
}

export async function startBare(stateDir: string, originPort: number): Promise<CacheServer> {
  const options = convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    telemetry: { enabled: false },
    logRequests: false,
    resourcePersistencePath: join(stateDir, "v3"),
    workers: [
      {
        name: "bare",
        modules: true,
        script: BARE_WORKER,
        compatibilityDate: "2026-10-20",
        bindings: { ORIGIN: `http://127.0.0.1:${originPort}` },
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
    ],
  });
  const { started: miniflare, process } = trackRuntimeProcess(() => new Miniflare(options));
  await miniflare.ready;
  const { origin } = await miniflare.unsafeGetDirectURL("bare");
  const pids = process.pid === undefined ? [] : [process.pid];
  return { origin, prefix: "", pids, stop: () => process.drain(() => miniflare.dispose()) };
}

/** Where a program lies; undefined where it is not installed. Debian's servers are not in everybody's PATH. */
export function findProgram(name: string): string | undefined {
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` };
  const { status, stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { env, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** One process with one thread, as workerd has; its cache on disk outlives it. */
export async function startNginx(program: string, stateDir: string, originPort: number): Promise<CacheServer> {
  mkdirSync(stateDir, { recursive: true });
  const port = await findFreePort();
  const config = join(stateDir, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${join(stateDir, kind)};`)
    .join("\n  ");
  writeFileSync(
    config,
    `daemon off;
master_process off;
pid ${join(stateDir, "nginx.pid")};
error_log ${join(stateDir, "error.log")};
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary}
  keepalive_requests 100000000;
  proxy_cache_path ${join(stateDir, "cache")} levels=1:2 keys_zone=bench:16m max_size=2g inactive=1d use_temp_path=off;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${originPort};
      proxy_http_version 1.1;
      proxy_cache bench;
      proxy_cache_key $uri;
    }
  }
}
`,
  );
  return startProgram(program, ["-c", config, "-p", stateDir, "-e", join(stateDir, "error.log")], stateDir, port);
}

/** Keeps what it has in memory: nothing outlives it. */
export async function startVarnish(program: string, stateDir: string, originPort: number): Promise<CacheServer> {
  mkdirSync(stateDir, { recursive: true });
  const port = await findFreePort();
  const args = ["-F", "-j", "none", "-n", join(stateDir, "work"), "-a", `127.0.0.1:${port}`];
  return startProgram(program, [...args, "-b", `127.0.0.1:${originPort}`, "-s", "malloc,512m"], stateDir, port);
}

async function startProgram(program: string, args: string[], stateDir: string, port: number): Promise<CacheServer> {
  const log = openSync(join(stateDir, "output.log"), "a");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  const release = child.pid === undefined ? undefined : endWithThisProcess(child.pid);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void ended.then(() => release?.());
  try {
    await waitForPort(child, port);
  } catch (error) {
    child.kill();
    throw new Error(`${program} does not start:\n${readFileSync(join(stateDir, "output.log"), "utf8")}`, {
      cause: error,
    });
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    prefix: "",
    // Varnish serves from a child of its manager.
    pids: [child.pid!, ...listChildren(child.pid!)],
    async stop() {
      child.kill();
      await ended;
    },
  };
}

async function waitForPort(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (child.exitCode === null && performance.now() < deadline) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port }, () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await wait(50);
  }
  throw new Error(`Nothing listens on port ${port}.`);
}

/** Undefined where one of them has gone, or where nobody tells. */
export function readCpuSeconds(pids: readonly number[]): number | undefined {
  return pids.reduce<number | undefined>((sum, pid) => {
    const stat = readStat(pid);
    return sum === undefined || stat === undefined ? undefined : sum + stat.processorMilliseconds / 1_000;
  }, 0);
}
