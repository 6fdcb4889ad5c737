/** What a process uses, as Linux tells it (proc(5)). Undefined on other systems, and of a process that has gone. */
import { readFileSync } from "node:fs";

const PAGE_BYTES = 4_096;
/** The kernel counts in hundredths of a second for every program, whatever its own clock does. */
const TICK_MILLISECONDS = 10;

export function readResidentBytes(pid: number | undefined): number | undefined {
  const pages = read(pid, "statm")?.split(" ")[1];
  return pages === undefined ? undefined : Number(pages) * PAGE_BYTES;
}

/** The processor's time that all its threads have had, milliseconds. */
export function readProcessorMilliseconds(pid: number | undefined): number | undefined {
  // The second field is a name, which may hold anything, in brackets; utime and stime are the 14th and 15th.
  const fields = read(pid, "stat")
    ?.replace(/^.*\) /s, "")
    .split(" ");
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * TICK_MILLISECONDS;
}

function read(pid: number | undefined, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return undefined;
  }
}
