/**
 * The main module of every function's isolate: an execution environment. It takes one invocation at a time,
 * as Lambda's do, unless the function allows more.
 */
import { abortIsolate, WorkerEntrypoint } from "cloudflare:workers";
import { installConsole } from "./console.ts";
import { RuntimeError } from "./errors.ts";
import { currentInvocation } from "./invocation.ts";
import { configuration } from "./platform.ts";
import { installProcess } from "./process.ts";
import { loadAtStart, run } from "./run.ts";
import { installTimers } from "./timers.ts";
import { installWasm } from "./wasm.ts";
import type { InvocationReply, InvocationRequest } from "./wire.ts";

/** Until when the environment is taken. A time, since a caller that vanishes never gives it back. */
let busyUntil = 0;
let isEnded = false;

/** What an invocation may overrun its deadline by and still own the environment. */
const OVERRUN_MS = 2_000;

installProcess();
installConsole();
installTimers();
installWasm();
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  if (process.listenerCount("unhandledRejection") > 0) {
    process.emit("unhandledRejection", event.reason, event.promise);
    return;
  }
  const error = new RuntimeError("Runtime.UnhandledPromiseRejection", String(event.reason));
  error.cause = event.reason;
  currentInvocation()?.end(error);
});
if (configuration.loadAtStart) loadAtStart();

export default class ExecutionEnvironment extends WorkerEntrypoint {
  async invoke(request: InvocationRequest, payload: Uint8Array): Promise<InvocationReply> {
    if (isEnded || (!configuration.shared && Date.now() < busyUntil)) return { kind: "busy" };
    busyUntil = request.deadlineMs + OVERRUN_MS;
    const reply = await run(request, payload);
    busyUntil = 0;
    isEnded = reply.kind !== "done" || reply.ended;
    return reply;
  }

  /** Throws the isolate away: the next call under its id starts a new one. */
  retire(): void {
    abortIsolate("The execution environment has ended.");
  }
}
