import type { Runtime } from "./runtime.ts";

const INTERVAL_MILLISECONDS = 2_000;
/** Long beside any honest pause of a loaded machine: in-flight requests are lost with the process. */
const PATIENCE_MILLISECONDS = 8_000;

/**
 * Ends workerd when it no longer answers, so that Miniflare starts another: locally no CPU limit is
 * enforced, and one endless loop in a function stands in everybody's way. Returns how to stop.
 */
export function startWatchdog(runtime: Runtime): () => void {
  const stopped = new AbortController();
  void watch(runtime, stopped.signal);
  return () => stopped.abort();
}

async function watch(runtime: Runtime, stopped: AbortSignal): Promise<void> {
  const health = new URL("/_verge/health", runtime.endpoint);
  while (!stopped.aborted) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MILLISECONDS).unref());
    if (stopped.aborted) return;
    const watched = runtime.process.pid;
    if (await answers(health)) continue;
    // A process that has just been replaced is not to blame for the silence of its predecessor.
    if (stopped.aborted || runtime.process.pid !== watched) continue;
    console.error(`workerd has not answered for ${PATIENCE_MILLISECONDS / 1000} s and is started again.`);
    runtime.process.kill();
  }
}

/** Any answer will do; so will a refused connection, which says that a restart is under way. */
async function answers(health: URL): Promise<boolean> {
  try {
    const response = await fetch(health, { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
    await response.arrayBuffer();
    return true;
  } catch (error) {
    return !(error instanceof DOMException && error.name === "TimeoutError");
  }
}
