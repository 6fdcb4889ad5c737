import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStat } from "./proc.ts";

/** Two runtimes on one state folder would corrupt its databases: the second is refused. */
export interface StateLock {
  /** Says that the folder will soon be free: who wants it next waits instead of giving up. */
  announceRelease(): void;
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** Tells a process from a later one that got the same id; absent where the system does not say. */
  readonly startedAt: string | undefined;
  readonly ending?: boolean;
}

/** Longer than a runtime takes to end. */
const ENDING_MILLISECONDS = 10_000;
/** Longer than it takes to notice that it should: a killed npm sends no signal. */
const NOTICING_MILLISECONDS = 1_000;

/** @throws {Error} with a message for the person who starts, when a living process holds the folder. */
export async function lockState(stateDir: string): Promise<StateLock> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, "lock");
  const own: Holder = { pid: process.pid, startedAt: readStat(process.pid)?.startedAt };
  await waitForHolder(path, stateDir);
  if (!tryWrite(path, own)) throw new Error(`${stateDir} was taken by another process just now.`);
  return {
    announceRelease: () => writeFileSync(path, JSON.stringify({ ...own, ending: true } satisfies Holder)),
    release: () => rmSync(path, { force: true }),
  };
}

/** Answers when nobody holds the folder, and no lock is left of who did. */
async function waitForHolder(path: string, stateDir: string): Promise<void> {
  const started = performance.now();
  for (;;) {
    const holder = readHolder(path);
    if (holder === undefined || !isAlive(holder)) return rmSync(path, { force: true });
    const patience = holder.ending ? ENDING_MILLISECONDS : NOTICING_MILLISECONDS;
    if (performance.now() - started > patience) {
      throw new Error(
        `${stateDir} is in use by process ${holder.pid}. Stop it, or set VERGE_STATE_DIR and PORT for a second Verge.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function tryWrite(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Undefined where the file is gone, or was cut short by a crash. */
function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, startedAt }: Holder): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but is another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return startedAt === undefined || startedAt === readStat(pid)?.startedAt;
}
