import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { endWithThisProcess } from "../process-guard.ts";
import { HEALTH_PATH } from "../../../src/lambda/runtime/remote/wire.ts";
import { writeFunctionWorker, findWorkerd, writeConfiguration } from "./configuration.ts";
import { ProcessWatch } from "./process-watch.ts";

/** How the process came to its end. */
export interface ProcessEnd {
  readonly cause: "memory" | "crash" | "overdue" | "recycled";
  /** When it began to grow, milliseconds since 1970. */
  readonly onset: number;
}

/** Paths of sockets have 104 bytes on macOS, 108 on Linux, and the names below the folder a few. */
const MOST_FOLDER_LENGTH = 80;
const START_MILLISECONDS = 10_000;
const PING_MILLISECONDS = 400;
/** Of the processor's time: more than the start of a dozen environments takes. */
const BUSY_MILLISECONDS = 1_500;
/** One that is silent for so long is ended though it has not been busy, as other work may leave it nothing. */
const SILENT_MILLISECONDS = 10_000;
const LOOK_MILLISECONDS = 50;

/**
 * The workerd in which functions run, apart from the one that serves: a function that exhausts the memory, or
 * never gives the processor back, ends this one alone, which is there again within a tenth of a second.
 */
export class FunctionProcess {
  readonly #folder: string;
  readonly #written: Promise<void>;
  readonly #onEnd: (end: ProcessEnd) => void;
  #configuration = "";
  #child: ChildProcess | undefined;
  #watch: ProcessWatch | undefined;
  #cause: ProcessEnd["cause"] | undefined;
  #starts = 0;
  #isStopped = false;
  /** Resolves when it listens. */
  ready: Promise<void> = Promise.resolve();

  constructor(stateDir: string, onEnd: (end: ProcessEnd) => void) {
    this.#folder = makeFolder(stateDir);
    this.#onEnd = onEnd;
    this.#written = writeFunctionWorker(this.#folder);
    this.#written.catch(() => undefined);
  }

  /** Where it listens, through all its lives. No other user of the machine may connect. */
  get socketPath(): string {
    return join(this.#folder, "functions.sock");
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(deployment: URL, compatibilityDate: string): Promise<void> {
    await this.#written;
    this.#configuration = writeConfiguration(this.#folder, deployment, compatibilityDate);
    this.ready = this.#spawn();
    await this.ready;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Ends it; another one starts at once. */
  end(cause: ProcessEnd["cause"]): void {
    this.#cause ??= cause;
    this.#child?.kill("SIGKILL");
  }

  /**
   * To be called when a function has not noticed its time-out: whoever keeps the processor is ended with all else.
   * `since` is when it should have answered, milliseconds since 1970.
   */
  async endIfBusy(since: number): Promise<void> {
    // One that has just started is not to blame for the silence of its predecessor.
    await this.ready.catch(() => undefined);
    const child = this.#child;
    if ((await this.#isBusy(since)) && this.#child === child) this.end("overdue");
  }

  /** Whether it keeps the processor and answers nobody: how long it was given one counts, not how long it took. */
  async #isBusy(since: number): Promise<boolean> {
    const begun = Date.now();
    const watch = this.#watch;
    let isSilent = true;
    const answer = this.#countRunning(this.socketPath, SILENT_MILLISECONDS).then(() => (isSilent = false));
    for (;;) {
      await Promise.race([answer, wait(LOOK_MILLISECONDS)]);
      const waited = Date.now() - begun;
      if (waited >= SILENT_MILLISECONDS) return true;
      if (!isSilent) return false;
      const busy = watch?.countProcessor(since) ?? waited;
      if (busy >= BUSY_MILLISECONDS && waited >= PING_MILLISECONDS) return true;
    }
  }

  async #spawn(): Promise<void> {
    const socket = join(this.#folder, `${++this.#starts}.sock`);
    const child = spawn(
      findWorkerd(),
      ["serve", "--experimental", `--socket-addr=http=unix:${socket}`, this.#configuration],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#child = child;
    this.#cause = undefined;
    const release = child.pid === undefined ? undefined : endWithThisProcess(child.pid);
    // What functions throw is in their logs; here it is only asked whether V8 found no more memory.
    let said = "";
    child.stderr.on("data", (data: Buffer) => (said = (said + data.toString()).slice(-4_000)));
    const watch = new ProcessWatch(child, {
      exhausted: () => this.end("memory"),
      large: () => void this.#recycleIfIdle(),
    });
    this.#watch = watch;
    child.once("exit", () => {
      release?.();
      const onset = watch.stop();
      if (this.#isStopped || this.#child !== child) return;
      const cause = this.#cause ?? (/out of memory/i.test(said) ? "memory" : "crash");
      this.ready = this.#spawn();
      this.ready.catch((error: unknown) => console.error("Functions cannot be run:", error));
      this.#onEnd({ cause, onset });
    });
    await this.#listen(child, socket, () => said);
    // The path leads to the new process from one moment to the next.
    renameSync(socket, this.socketPath);
  }

  async #listen(child: ChildProcess, socket: string, said: () => string): Promise<void> {
    const deadline = performance.now() + START_MILLISECONDS;
    while ((await this.#countRunning(socket)) === undefined) {
      if (this.#isStopped) return;
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`The process of the functions does not start.\n${said()}`);
      }
      await wait(10);
    }
  }

  /** What earlier functions left in their environments is given back when none is at work. */
  async #recycleIfIdle(): Promise<void> {
    if ((await this.#countRunning(this.socketPath)) === 0) this.end("recycled");
  }

  /** Invocations that are under way; undefined when nobody answers. */
  #countRunning(socketPath: string, timeout = PING_MILLISECONDS): Promise<number | undefined> {
    return new Promise((resolve) => {
      const request = get({ socketPath, path: HEALTH_PATH, timeout }, (response) => {
        let text = "";
        response.on("data", (data: Buffer) => (text += data.toString()));
        response.on("end", () => resolve(Number(text)));
      });
      request.on("timeout", () => request.destroy());
      request.on("error", () => resolve(undefined));
    });
  }
}

/** Below the state, where the next start clears up what a killed one left; elsewhere if that path is too long. */
function makeFolder(stateDir: string): string {
  const folder = join(stateDir, "functions");
  if (folder.length > MOST_FOLDER_LENGTH) return mkdtempSync(join(tmpdir(), "verge-functions-"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
