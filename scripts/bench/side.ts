import { fork, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signRequest } from "../../src/auth/sigv4/presign.ts";
import { generateCredentials } from "../local/credentials.ts";
import { listChildren, readStat } from "../local/proc.ts";
import { endWithThisProcess } from "../local/process-guard.ts";
import { DEFAULT_REGION } from "../local/runtime.ts";
import type { BareKind } from "./bare/runtime.ts";
import type { SideName } from "./cases.ts";
import { Connection, type Answer, type Expectation, type PreparedRequest } from "./connection.ts";
import type { ServeOptions, Serving } from "./serve-side.ts";

export interface RequestPlan {
  readonly method: "GET" | "HEAD" | "PUT" | "POST";
  /** Begins with `/`, percent-encoded, with its query. */
  readonly target: string;
  readonly body?: Buffer;
  /** What it is signed for: S3, with a body that is not covered, when absent. */
  readonly signed?: "s3" | "lambda" | "no";
  /** Further headers, which are signed too. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect: Expectation;
}

type StartOptions = Pick<ServeOptions, "inspectorPort" | "functions">;

/** s3rver knows one key, built in. It reads SigV4 but does not compute it. */
const S3RVER_KEY = "S3RVER";

/** One of the servers that are compared, in its own process, over all its starts. */
export class Side<Name extends SideName | BareKind = SideName> {
  readonly name: Name;
  readonly stateDir: string;
  readonly #mainModule: string | undefined;
  readonly #keys = generateCredentials();
  #process: ChildProcess | undefined;
  #workerd: number | undefined;
  #origin = "";

  /** `mainModule` is the bundle; s3rver has none. */
  constructor(name: Name, stateDir: string, mainModule?: string) {
    this.name = name;
    this.stateDir = stateDir;
    this.#mainModule = mainModule;
    if (name === "s3rver") Object.assign(this.#keys, { accessKeyId: S3RVER_KEY, secretAccessKey: S3RVER_KEY });
  }

  get origin(): string {
    return this.#origin;
  }

  get keys(): { readonly accessKeyId: string; readonly secretAccessKey: string } {
    const { accessKeyId, secretAccessKey } = this.#keys;
    return { accessKeyId, secretAccessKey };
  }

  /** The process whose memory and CPU matter. */
  get pid(): number {
    return this.#workerd ?? this.#process?.pid ?? 0;
  }

  get #logPath(): string {
    return `${this.stateDir}.log`;
  }

  async start(options: StartOptions = {}): Promise<void> {
    mkdirSync(this.stateDir, { recursive: true });
    const child = this.#mainModule === undefined ? this.#spawnS3rver() : this.#forkRuntime(this.#mainModule, options);
    this.#process = child;
    const release = child.pid === undefined ? undefined : endWithThisProcess(-child.pid);
    child.once("exit", () => release?.());
    const failed = new Promise<never>((_resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => {
        reject(new Error(`${this.name} ended with code ${code}:\n${readFileSync(this.#logPath, "utf8")}`));
      });
    });
    failed.catch(() => undefined);
    const serving = this.#mainModule === undefined ? waitForS3rver(child) : waitForRuntime(child);
    const { origin, pid } = await Promise.race([serving, failed]);
    this.#origin = origin;
    this.#workerd = pid;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (!isOver) this.resume();
    this.#process = undefined;
    this.#workerd = undefined;
    if (isOver) return;
    if (child.connected) child.disconnect();
    else child.kill();
    await ended;
  }

  /** Takes the side off the processor: its background work must not be paid by the others. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  /** CPU seconds of all its processes, those that have ended included; undefined where /proc does not tell. */
  cpuSeconds(): number | undefined {
    const pid = this.#process?.pid ?? 0;
    const own = readCpuSeconds(pid);
    if (own === undefined) return undefined;
    return listChildren(pid).reduce((sum, child) => sum + (readCpuSeconds(child) ?? 0), own);
  }

  /** The same of the process that serves alone. */
  servingCpuSeconds(): number | undefined {
    return readCpuSeconds(this.pid);
  }

  /** Signs a request and lays out its bytes. */
  prepare(plan: RequestPlan): PreparedRequest {
    const { method, target, body, expect } = plan;
    let head = `${method} ${target} HTTP/1.1\r\nhost: ${new URL(this.#origin).host}\r\n`;
    for (const [name, value] of Object.entries(this.#sign(plan))) head += `${name}: ${value}\r\n`;
    if (method === "PUT" || method === "POST") head += `content-length: ${body?.length ?? 0}\r\n`;
    return {
      head: Buffer.from(`${head}\r\n`, "latin1"),
      ...(body !== undefined && { body }),
      headOnly: method === "HEAD",
      expect,
    };
  }

  #sign({ method, target, body, headers = {}, signed = "s3" }: RequestPlan): Record<string, string> {
    if (signed === "no") return { ...headers };
    const signature = signRequest({
      method,
      url: `${this.#origin}${target}`,
      region: DEFAULT_REGION,
      service: signed,
      accessKeyId: this.#keys.accessKeyId,
      secretAccessKey: this.#keys.secretAccessKey,
      now: Date.now(),
      payloadSha256:
        signed === "s3"
          ? "UNSIGNED-PAYLOAD"
          : createHash("sha256")
              .update(body ?? "")
              .digest("hex"),
      headers,
    });
    return { ...headers, ...signature };
  }

  /** The same on a connection that is open already, with how long it took. */
  async time(plan: RequestPlan): Promise<{ answer: Answer; body: Buffer; milliseconds: number }> {
    const connection = await Connection.open(this.#origin);
    const prepared = this.prepare(plan);
    const begun = performance.now();
    try {
      const answered = await connection.sendForBody(prepared);
      return { ...answered, milliseconds: performance.now() - begun };
    } finally {
      connection.close();
    }
  }

  /** One request, its answer whole. */
  async request(plan: RequestPlan): Promise<{ answer: Answer; body: Buffer }> {
    const connection = await Connection.open(this.#origin);
    try {
      return await connection.sendForBody(this.prepare(plan));
    } finally {
      connection.close();
    }
  }

  /** To the whole group: workerd may be started again at any time, and then has another id. */
  #signal(signal: NodeJS.Signals): void {
    const pid = this.#process?.pid;
    if (pid !== undefined) process.kill(-pid, signal);
  }

  #forkRuntime(mainModule: string, options: StartOptions): ChildProcess {
    const serve: ServeOptions = {
      side: this.name === "bare" || this.name === "hono" ? this.name : "verge",
      mainModule,
      stateDir: this.stateDir,
      ...this.#keys,
      ...options,
    };
    const log = openSync(this.#logPath, "a");
    try {
      // Not on the terminal: workerd complains of alarms that are late because it was paused.
      const stdio = ["ignore", log, log, "ipc"] as const;
      return fork(join(import.meta.dirname, "serve-side.ts"), [JSON.stringify(serve)], {
        stdio: [...stdio],
        detached: true,
      });
    } finally {
      closeSync(log);
    }
  }

  #spawnS3rver(): ChildProcess {
    const program = fileURLToPath(import.meta.resolve("s3rver/bin/s3rver.js"));
    const args = [program, "--directory", this.stateDir, "--address", "127.0.0.1", "--port", "0", "--silent"];
    const log = openSync(this.#logPath, "a");
    try {
      return spawn(process.execPath, args, { stdio: ["ignore", "pipe", log], detached: true });
    } finally {
      closeSync(log);
    }
  }
}

/** Its own, and those of its children that have ended. */
function readCpuSeconds(pid: number): number | undefined {
  const stat = readStat(pid);
  return stat && (stat.processorMilliseconds + stat.endedChildrenMilliseconds) / 1_000;
}

function waitForRuntime(child: ChildProcess): Promise<Serving> {
  return new Promise((resolve) => {
    child.once("message", (message) => resolve(message as Serving));
  });
}

/** It prints `S3rver listening on 127.0.0.1:PORT`. */
function waitForS3rver(child: ChildProcess): Promise<Serving> {
  return new Promise((resolve) => {
    let printed = "";
    child.stdout?.on("data", (data: Buffer) => {
      printed += data.toString();
      const address = /listening on (\S+:\d+)/.exec(printed)?.[1];
      if (address !== undefined) resolve({ origin: `http://${address}`, pid: undefined });
    });
  });
}
