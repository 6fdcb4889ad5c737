/** What Linux says of a process (proc(5)). Undefined on other systems, and of a process that has gone. */
import { readFileSync } from "node:fs";

export interface ProcessStat {
  /** A letter; `Z` has ended, and nobody has asked for its exit code yet. */
  readonly state: string;
  readonly parent: number;
  /** The processor's time that all its threads have had. */
  readonly processorMilliseconds: number;
  /** The same of those of its children that have ended. */
  readonly endedChildrenMilliseconds: number;
  /** Clock ticks from the start of the machine to that of the process: tells it from a later one with the same id. */
  readonly startedAt: string;
}

const PAGE_BYTES = 4_096;
/** The kernel counts in hundredths of a second for every program, whatever its own clock does. */
const TICK_MILLISECONDS = 10;

export function readStat(pid: number | undefined): ProcessStat | undefined {
  const stat = read(pid, "stat");
  if (stat === undefined) return undefined;
  // The second field is a name, which may hold anything, in brackets; what follows begins with the third.
  const following = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => following[number - 3] ?? "";
  const milliseconds = (number: number) => Number(field(number)) * TICK_MILLISECONDS;
  return {
    state: field(3),
    parent: Number(field(4)),
    processorMilliseconds: milliseconds(14) + milliseconds(15),
    endedChildrenMilliseconds: milliseconds(16) + milliseconds(17),
    startedAt: field(22),
  };
}

export function readResidentBytes(pid: number | undefined): number | undefined {
  const pages = read(pid, "statm")?.split(" ")[1];
  return pages === undefined ? undefined : Number(pages) * PAGE_BYTES;
}

/** Those that its main thread has started, as Node.js starts all; none where nobody tells. */
export function listChildren(pid: number): number[] {
  return read(pid, `task/${pid}/children`)?.split(" ").map(Number).filter(Boolean) ?? [];
}

function read(pid: number | undefined, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return undefined;
  }
}
