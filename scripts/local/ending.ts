import { readStat } from "./proc.ts";

/**
 * Runs `end` once, on SIGTERM, Ctrl-C, a closed terminal, or when the npm that started this process
 * is gone, then exits with code 0. A second Ctrl-C does not wait. To be called when Miniflare has started.
 */
export function onEnd(end: () => Promise<void>): void {
  let ending = false;
  const finish = (reason: string) => {
    if (ending) return;
    ending = true;
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(`Could not end cleanly after ${reason}:`, error);
        process.exit(1);
      },
    );
  };
  // Miniflare has taken these signals for an exit at once, which would cut open requests short.
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) process.removeAllListeners(signal);
  process.on("SIGTERM", finish);
  process.on("SIGHUP", finish);
  process.on("SIGINT", (signal) => {
    // npm passes on the Ctrl-C that the terminal has sent to all, at once: a person is slower than that.
    if (ending && performance.now() - firstInterrupt > 500) process.exit(130);
    firstInterrupt ||= performance.now();
    finish(signal);
  });
  let firstInterrupt = 0;
  watchParents(() => finish("the end of npm"));
}

/** npm starts scripts through a shell that outlives it, so that on Linux the parent's parent is watched too. */
function watchParents(gone: () => void): void {
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const grandparent = readStat(parent)?.parent;
  const timer = setInterval(() => {
    if (process.ppid === parent && readStat(parent)?.parent === grandparent) return;
    clearInterval(timer);
    gone();
  }, 200);
  timer.unref();
}
