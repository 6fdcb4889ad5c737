/**
 * The main module of every function's isolate: an execution environment. It takes one invocation at a time,
 * as Lambda's do, unless the function allows more.
 */
import { abortIsolate, WorkerEntrypoint } from "cloudflare:workers";
import { encodeFrame, FRAME } from "../frames.ts";
import { readKnownBuiltin } from "./builtins.ts";
import { installConsole } from "./console.ts";
import { RuntimeError } from "./errors.ts";
import { currentInvocation } from "./invocation.ts";
import { configuration } from "./platform.ts";
import { installProcess } from "./process.ts";
import { installStreaming, type Sink } from "./response-stream.ts";
import { loadAtStart, run } from "./run.ts";
import { installTimers } from "./timers.ts";
import { installWasm } from "./wasm.ts";
import {
  type EncodedReply,
  encodeReply,
  type InvocationReply,
  type InvocationRequest,
  type StreamReply,
} from "./wire.ts";

/** Until when the environment is taken. A time, since a caller that vanishes never gives it back. */
let busyUntil = 0;
let isEnded = false;

/** What an invocation may overrun its deadline by and still own the environment. */
const OVERRUN_MS = 2_000;

installProcess();
process.getBuiltinModule = readKnownBuiltin;
installConsole();
installTimers();
installWasm();
installStreaming();
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

/** Takes the environment for one invocation, if it is free. */
function claim(request: InvocationRequest): boolean {
  if (isEnded || (!configuration.shared && Date.now() < busyUntil)) return false;
  busyUntil = request.deadlineMs + OVERRUN_MS;
  return true;
}

async function runClaimed(request: InvocationRequest, payload: string, sink?: Sink): Promise<InvocationReply> {
  const reply = await run(request, payload, sink);
  busyUntil = 0;
  isEnded = reply.kind !== "done" || reply.ended;
  return reply;
}

export default class ExecutionEnvironment extends WorkerEntrypoint {
  /** `head` is an InvocationRequest as JSON. */
  async invoke(head: string, payload: string): Promise<EncodedReply> {
    const request = JSON.parse(head) as InvocationRequest;
    return encodeReply(claim(request) ? await runClaimed(request, payload) : { kind: "busy" });
  }

  /** Answers with a stream of frames (frames.ts), the last of which is the reply. */
  async invokeStream(head: string, payload: string): Promise<StreamReply> {
    const request = JSON.parse(head) as InvocationRequest;
    if (!claim(request)) return { kind: "busy" };
    const { readable, writable } = new IdentityTransformStream();
    this.ctx.waitUntil(runClaimedInto(writable.getWriter(), request, payload));
    return { kind: "streaming", frames: readable };
  }

  /** Throws the isolate away: the next call under its id starts a new one. */
  retire(): void {
    abortIsolate("The execution environment has ended.");
  }
}

async function runClaimedInto(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  request: InvocationRequest,
  payload: string,
): Promise<void> {
  const encoder = new TextEncoder();
  const reply = await runClaimed(request, payload, {
    begin: (contentType) => writer.write(encodeFrame(FRAME.contentType, encoder.encode(contentType))),
    write: (bytes) => writer.write(encodeFrame(FRAME.chunk, bytes)),
  });
  const encoded = encodeReply(reply);
  const text = typeof encoded === "string" ? encoded : encoded.head;
  await writer.write(encodeFrame(FRAME.outcome, encoder.encode(text)));
  await writer.close();
}
