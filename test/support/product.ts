import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { createInterface } from "node:readline";
import { projectDir } from "../../scripts/local/bundle.ts";
import type { Credentials } from "../../scripts/local/credentials.ts";
import { readStat } from "../../scripts/local/proc.ts";

export interface ProductOptions {
  readonly stateDir: string;
  readonly credentials: Credentials;
  /** Further variables of the environment. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What `npm start` runs, as processes of its own: npm, its shell, node, workerd. */
export interface Product {
  readonly endpoint: string;
  /** From the start of npm to the line that says that it serves. */
  readonly startMilliseconds: number;
  /** The names of the processes that `kill` would end. */
  listProcesses(): string[];
  /** SIGKILL to all of them, one straight after the other; answers when all are gone. */
  kill(): Promise<void>;
}

const READY_MILLISECONDS = 60_000;
const GONE_MILLISECONDS = 10_000;

/** `npm start` on a free port. Linux only: the tree of processes is read from /proc. */
export async function startProduct({ stateDir, credentials, settings }: ProductOptions): Promise<Product> {
  const began = performance.now();
  const npm = spawn("npm", ["start"], {
    cwd: projectDir,
    env: {
      ...settings,
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      HOME: process.env["HOME"],
      PORT: "0",
      VERGE_STATE_DIR: stateDir,
      VERGE_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
      VERGE_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      VERGE_MASTER_KEY: credentials.masterKey,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const endpoint = await readEndpoint(npm);
    return {
      endpoint,
      startMilliseconds: performance.now() - began,
      listProcesses: () => listTree(npm.pid).map(({ name }) => name),
      kill: () => killTree(npm.pid),
    };
  } catch (error) {
    await killTree(npm.pid);
    throw error;
  }
}

async function readEndpoint(npm: ChildProcess): Promise<string> {
  if (!npm.stdout || !npm.stderr) throw new Error("npm has no output");
  let output = "";
  npm.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const lines = createInterface(npm.stdout);
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`npm start ${why}:\n${output}`));
    const timer = setTimeout(() => fail("is not ready in time"), READY_MILLISECONDS);
    lines.on("line", (line) => {
      output += `${line}\n`;
      const [, endpoint] = /^verge ready on (\S+)$/.exec(line) ?? [];
      if (endpoint === undefined) return;
      clearTimeout(timer);
      resolve(endpoint);
    });
    lines.once("close", () => {
      clearTimeout(timer);
      fail("ended");
    });
  });
}

interface RunningProcess {
  readonly pid: number;
  readonly name: string;
}

async function killTree(root: number | undefined): Promise<void> {
  const tree = listTree(root);
  for (const { pid } of tree) send(pid, "SIGKILL");
  const deadline = performance.now() + GONE_MILLISECONDS;
  while (tree.some(({ pid }) => isRunning(pid))) {
    if (performance.now() > deadline) throw new Error("a killed process does not go away");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The process and all below it. */
function listTree(root: number | undefined): RunningProcess[] {
  if (root === undefined) return [];
  const children = Map.groupBy(readProcesses(), ({ parent }) => parent);
  const found: RunningProcess[] = [];
  const visit = (pid: number, name: string): void => {
    found.push({ pid, name });
    for (const child of children.get(pid) ?? []) visit(child.pid, child.name);
  };
  visit(root, "npm");
  return found;
}

function readProcesses(): (RunningProcess & { readonly parent: number })[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const pid = Number(entry);
      const stat = readStat(pid);
      return stat ? [{ pid, name: readProgram(pid), parent: stat.parent }] : [];
    });
}

/** The file that runs: threads of Node give the process another name. Unreadable where it is another user's. */
function readProgram(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return "";
  }
}

/** A zombie has ended: nobody has asked for its exit code yet. */
function isRunning(pid: number): boolean {
  const state = readStat(pid)?.state;
  return state !== undefined && state !== "Z" && state !== "X";
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
