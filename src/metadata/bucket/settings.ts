import type { Env } from "../../env.ts";

const DEFAULT_EXPORT_INTERVAL = 60;
const DEFAULT_RECOVERY_WINDOW = 30 * 24 * 3600;
const DEFAULT_PACK_BYTES = 1024 ** 3;

/** How often the journal is exported, in milliseconds. */
export function readExportInterval(env: Env): number {
  return readSeconds(env.VERGE_EXPORT_INTERVAL_SECONDS, DEFAULT_EXPORT_INTERVAL);
}

/** How long bytes outlive their last reference, in milliseconds. */
export function readRecoveryWindow(env: Env): number {
  return readSeconds(env.VERGE_RECOVERY_WINDOW_SECONDS, DEFAULT_RECOVERY_WINDOW);
}

/** How long a day of lifecycle rules is, in milliseconds: shorter for those who try them out. */
export function readLifecycleDay(env: Env): number {
  // No day is so short that nothing is.
  return Math.max(readSeconds(env.VERGE_LIFECYCLE_DAY_SECONDS, 24 * 3600), 100);
}

/** From which size of its database on an index moves small bodies to R2, in bytes. */
export function readPackBytes({ VERGE_PACK_BYTES: text }: Env): number {
  if (text === undefined || text === "") return DEFAULT_PACK_BYTES;
  const bytes = Number(text);
  if (!Number.isFinite(bytes) || bytes < 0) throw new Error(`${text} is not a number of bytes`);
  return bytes;
}

function readSeconds(text: string | undefined, fallback: number): number {
  if (text === undefined || text === "") return fallback * 1000;
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0) throw new Error(`${text} is not a number of seconds`);
  return seconds * 1000;
}
