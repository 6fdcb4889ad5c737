import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Verge } from "../support/server.ts";

/** What a program left behind when it ended. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the program's standard input, which is empty otherwise. */
  readonly input?: string | Buffer;
  /** Resolve for any exit code; otherwise a code above 0 rejects. */
  readonly allowFailure?: boolean;
}

/** A folder of its own, in which a program finds nobody's configuration and leaves nothing behind. */
export interface Workspace {
  readonly dir: string;
  /** An absolute path below the folder. */
  path(...names: string[]): string;
  /** Runs a program there. @throws {Error} with all it printed, when it fails. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Finished>;
  remove(): void;
}

/** The file that a shell would run for this name; undefined if there is none. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The same for a program that a suite drives: says so when it is missing, for the reporter hides skipped suites. */
export function requireProgram(name: string): string | undefined {
  const program = findProgram(name);
  if (program === undefined) console.warn(`not installed: ${name}`);
  return program;
}

/** `env` is given to every program that runs in the workspace. */
export function createWorkspace(env: Readonly<Record<string, string>> = {}): Workspace {
  const dir = mkdtempSync(join(tmpdir(), "verge-client-"));
  const home = join(dir, "home");
  mkdirSync(home);
  const base = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_CONFIG_HOME: join(home, ".config"),
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    AWS_EC2_METADATA_DISABLED: "true",
    NO_PROXY: "*",
    ...env,
  };
  return {
    dir,
    path: (...names) => join(dir, ...names),
    run: (program, args, options = {}) => runProgram(program, args, dir, { ...base, ...options.env }, options),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** The variables by which AWS's programs, and those that follow them, find a server and its root key. */
export function awsEnvironment(verge: Verge): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: verge.accessKeyId,
    AWS_SECRET_ACCESS_KEY: verge.secretAccessKey,
    AWS_DEFAULT_REGION: verge.region,
    AWS_REGION: verge.region,
    AWS_PAGER: "",
  };
}

function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  options: RunOptions,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: "pipe" });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    // A program that does not read its input closes it.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const finished = {
        code: code ?? -1,
        stdout: Buffer.concat(output).toString(),
        stderr: Buffer.concat(errors).toString(),
      };
      if (code === 0 || options.allowFailure) return resolve(finished);
      const ending = signal ?? `code ${code}`;
      reject(new Error(`${program} ${args.join(" ")}: ${ending}\n${finished.stdout}${finished.stderr}`));
    });
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
