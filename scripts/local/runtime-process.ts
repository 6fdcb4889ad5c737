import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";
import { endWithThisProcess } from "./process-guard.ts";

/**
 * The workerd process behind a Miniflare instance. Miniflare starts it again when it dies, but does
 * not say which process it is, does not notice when it hangs, and leaves it running when this
 * process is killed.
 */
export class RuntimeProcess {
  #child: ChildProcess | undefined;

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends workerd at once; Miniflare starts another. */
  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /**
   * Asks workerd to answer what it is busy with and to close its connections, then disposes of the
   * Miniflare instance, at the latest after `milliseconds`.
   */
  async drain(dispose: () => Promise<void>, milliseconds = 5_000): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return dispose();
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        child.off("exit", end);
        dispose().then(resolve, reject);
      };
      const timer = setTimeout(end, milliseconds);
      // First of the listeners: disposal must begin before Miniflare takes the exit for a crash.
      child.prependListener("exit", end);
      child.kill("SIGTERM");
    });
  }

  /** Called for the first workerd, and for each that Miniflare starts in its place. */
  follow(child: ChildProcess): void {
    this.#child = child;
    if (child.pid === undefined) return;
    const release = endWithThisProcess(child.pid);
    child.once("exit", release);
  }
}

const starting = new AsyncLocalStorage<RuntimeProcess>();
let subscribed = false;

/**
 * Runs `start`, which makes a Miniflare instance, and gives back the process that it starts. Node
 * announces every child process on a channel; the asynchronous context says which instance it is for.
 */
export function trackRuntimeProcess<T>(start: () => T): { started: T; process: RuntimeProcess } {
  if (!subscribed) {
    subscribe("child_process", (message) => announce((message as { process: ChildProcess }).process));
    subscribed = true;
  }
  const tracked = new RuntimeProcess();
  return { started: starting.run(tracked, start), process: tracked };
}

function announce(child: ChildProcess): void {
  const tracked = starting.getStore();
  if (tracked === undefined) return;
  // The announcement comes before the child knows its command.
  child.once("spawn", () => {
    if (basename(child.spawnfile).startsWith("workerd")) tracked.follow(child);
  });
}
