import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { projectDir } from "../../local/bundle.ts";
import { findFreePort } from "../../local/free-port.ts";
import { endWithThisProcess } from "../../local/process-guard.ts";
import type { PreparedRequest } from "../connection.ts";
import { EVENT, HANDLER } from "./verge-functions.ts";

const START_MILLISECONDS = 60_000;
/** The last of serverless that runs without an account. */
const SERVERLESS = ["serverless@3.40.0", "serverless-offline@13.9.0"] as const;

/** A program that runs Lambda handlers in Node.js on this machine. */
export class Emulator {
  readonly name: string;
  readonly origin: string;
  readonly request: PreparedRequest;
  readonly #process: ChildProcess;

  private constructor(name: string, port: number, path: string, body: Buffer, started: ChildProcess) {
    this.name = name;
    this.origin = `http://127.0.0.1:${port}`;
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n`;
    this.request = {
      head: Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`),
      body,
      headOnly: false,
      expect: { status: 200 },
    };
    this.#process = started;
  }

  /** lambda-local, as its own command serves a handler. */
  static async startLambdaLocal(folder: string): Promise<Emulator> {
    const home = makePackage(join(folder, "lambda-local"));
    const port = await findFreePort();
    const main = fileURLToPath(import.meta.resolve("lambda-local"));
    const program = join(dirname(main), "cli.js");
    const command = [program, "-l", "index.js", "-v", "-1", "--watch", `${port}`];
    const body = Buffer.from(JSON.stringify({ event: JSON.parse(EVENT.toString()) as unknown }));
    return Emulator.#start("lambda-local", home, port, "/", body, command);
  }

  /** serverless-offline, which is installed at its first use; undefined when the registry cannot be reached. */
  static async startServerlessOffline(folder: string): Promise<Emulator | undefined> {
    const modules = installServerless();
    if (modules === undefined) return undefined;
    const home = makePackage(join(folder, "serverless"));
    symlinkSync(modules, join(home, "node_modules"));
    writeFileSync(join(home, "serverless.yml"), SERVERLESS_YML);
    const [httpPort, port] = [await findFreePort(), await findFreePort()];
    const program = join(modules, "serverless", "bin", "serverless.js");
    const command = [program, "offline", "start", "--httpPort", `${httpPort}`, "--lambdaPort", `${port}`];
    const path = "/2015-03-31/functions/bench-dev-hello/invocations";
    return Emulator.#start("serverless-offline", home, port, path, EVENT, command);
  }

  static async #start(
    name: string,
    home: string,
    port: number,
    path: string,
    body: Buffer,
    command: readonly string[],
  ): Promise<Emulator> {
    const logPath = join(home, "output.log");
    const log = openSync(logPath, "a");
    const env = { ...process.env, SLS_TELEMETRY_DISABLED: "1", SLS_NOTIFICATIONS_MODE: "off" };
    const child = spawn(process.execPath, command, { cwd: home, env, stdio: ["ignore", log, log] });
    closeSync(log);
    const release = child.pid === undefined ? undefined : endWithThisProcess(child.pid);
    child.once("exit", () => release?.());
    const emulator = new Emulator(name, port, path, body, child);
    const deadline = performance.now() + START_MILLISECONDS;
    while (!(await emulator.#answers())) {
      if (child.exitCode !== null || performance.now() > deadline) {
        child.kill("SIGKILL");
        throw new Error(`${name} does not start:\n${readFileSync(logPath, "utf8").slice(-2_000)}`);
      }
      await wait(100);
    }
    return emulator;
  }

  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  resume(): void {
    this.#process.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
  }

  async #answers(): Promise<boolean> {
    const [, path = "/"] = this.request.head.toString().split(" ");
    const body = String(this.request.body);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(this.origin + path, { method: "POST", body, headers }).catch(() => undefined);
    const text = await answer?.text();
    return answer?.ok === true && text?.includes("hello") === true;
  }
}

const SERVERLESS_YML = `service: bench
frameworkVersion: "3"
provider:
  name: aws
  runtime: nodejs20.x
functions:
  hello:
    handler: index.handler
plugins:
  - serverless-offline
`;

function makePackage(home: string): string {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "index.js"), HANDLER);
  return home;
}

/** Answers its node_modules. Below those of the project, so that nothing else finds them. */
function installServerless(): string | undefined {
  const folder = join(projectDir, "node_modules", ".cache", "verge-bench-serverless");
  const modules = join(folder, "node_modules");
  if (existsSync(join(modules, "serverless-offline"))) return modules;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", ...SERVERLESS];
  const { status } = spawnSync("npm", install, { cwd: folder, stdio: "ignore", timeout: 300_000 });
  return status === 0 ? modules : undefined;
}
