/** One invocation from its event to its answer. */
import { Buffer } from "node:buffer";
import { MAX_RESPONSE_BYTES, RESPONSE_TOO_LARGE } from "../limits.ts";
import { logRecord, takeEarlyLog } from "./console.ts";
import { createContext } from "./context.ts";
import { DeadlineError, describeError, describeForLog, FatalError, RuntimeError } from "./errors.ts";
import { callHandler, type Handler, loadHandler } from "./handler.ts";
import { Invocation, runInvocation } from "./invocation.ts";
import { configuration } from "./platform.ts";
import { setVariables } from "./process.ts";
import { createBuffer, isStreaming, runStreaming, type Sink } from "./response-stream.ts";
import { describeTimeout } from "../timeout.ts";
import { restoreTmp, saveTmp } from "./tmp.ts";
import type { InvocationOutcome, InvocationReply, InvocationRequest, WrittenLog } from "./wire.ts";

// As they were before the function's code came.
const { parse, stringify } = JSON;

/** The handler, once something has begun to load it, and once it is there. */
let loading: Promise<Handler> | undefined;
let loaded: Handler | undefined;
let isFirst = true;

interface Progress {
  readonly invocation: Invocation;
  readonly coldStart: boolean;
  initMs: number;
  initLog: WrittenLog | undefined;
}

/** At start-up, for modules that need `eval`; see `EnvironmentConfiguration.loadAtStart`. */
export function loadAtStart(): void {
  loading = loadHandler();
  loading.catch(() => undefined);
}

/** Never rejects: what goes wrong in a function is an outcome. */
export async function run(request: InvocationRequest, payload: string, sink?: Sink): Promise<InvocationReply> {
  const invocation = new Invocation(request.requestId, request.deadlineMs);
  const progress: Progress = { invocation, coldStart: isFirst, initMs: 0, initLog: undefined };
  isFirst = false;
  setVariables(request);
  restoreTmp();
  try {
    return await runInvocation(invocation, () => initialiseAndHandle(progress, request, payload, sink));
  } finally {
    invocation.stopTimer();
    saveTmp();
  }
}

async function initialiseAndHandle(
  progress: Progress,
  request: InvocationRequest,
  payload: string,
  sink: Sink | undefined,
): Promise<InvocationReply> {
  const { invocation } = progress;
  let handler: Handler;
  try {
    handler = loaded ?? (await invocation.until(initialise(progress, request.sentMs)));
  } catch (error) {
    if (error instanceof EvalError && !configuration.loadAtStart) return { kind: "needs-eval" };
    return fail(progress, error, true);
  }
  invocation.shownId = invocation.requestId;
  try {
    return finish(progress, await invocation.until(respond(handler, request, payload, sink)));
  } catch (error) {
    return fail(progress, error, false);
  }
}

async function initialise(progress: Progress, sentMs: number): Promise<Handler> {
  loading ??= loadHandler();
  const handler = await loading;
  loaded = handler;
  if (!progress.coldStart) return handler;
  progress.initMs = Math.max(0, Date.now() - sentMs);
  progress.initLog = joinLogs(takeEarlyLog(), progress.invocation.takeLog());
  return handler;
}

function joinLogs(one: WrittenLog | undefined, other: WrittenLog | undefined): WrittenLog | undefined {
  if (!one || !other) return one ?? other;
  return { text: one.text + other.text, marks: [...one.marks, ...other.marks] };
}

/** Returns what did not go to the sink. */
async function respond(
  handler: Handler,
  request: InvocationRequest,
  payload: string,
  sink: Sink | undefined,
): Promise<string | Uint8Array> {
  const event: unknown = payload === "" ? {} : parse(payload);
  const context = createContext(request);
  if (isStreaming(handler)) {
    const buffer = createBuffer();
    await runStreaming(handler, event, context, sink ?? buffer);
    return checkSize(buffer.take());
  }
  const result = checkSize(marshal(await callHandler(handler, event, context)));
  if (sink === undefined) return result;
  await sink.begin("application/json");
  await sink.write(new TextEncoder().encode(result));
  return "";
}

function checkSize<Payload extends string | Uint8Array>(payload: Payload): Payload {
  // A character of text takes three bytes at most.
  if (payload.length * 3 <= MAX_RESPONSE_BYTES || Buffer.byteLength(payload) <= MAX_RESPONSE_BYTES) return payload;
  throw new FatalError("Function.ResponseSizeTooLarge", RESPONSE_TOO_LARGE);
}

function marshal(result: unknown): string {
  try {
    return stringify(result) ?? "null";
  } catch {
    throw new RuntimeError("Runtime.MarshalError", "Unable to stringify response body");
  }
}

/** `inInit`: whether it is the load of the modules that failed, after which Lambda starts anew. */
function fail(progress: Progress, error: unknown, inInit: boolean): InvocationOutcome {
  const { invocation } = progress;
  if (error instanceof DeadlineError) return timeOut(progress);
  const ended = inInit || invocation.isEnded;
  if (!(error instanceof FatalError)) {
    logRecord("ERROR", [ended ? "Uncaught Exception" : "Invoke Error", describeForLog(error)]);
  }
  return { ...finish(progress, stringify(describeError(error))), failed: true, ended };
}

function timeOut(progress: Progress): InvocationOutcome {
  const { requestId } = progress.invocation;
  const message = describeTimeout(configuration.timeoutSeconds);
  progress.invocation.write(`${new Date().toISOString()} ${requestId} ${message}\n\n`);
  const body = { errorType: "Sandbox.Timedout", errorMessage: `RequestId: ${requestId} Error: ${message}` };
  return { ...finish(progress, stringify(body)), failed: true, timedOut: true, ended: true };
}

function finish({ coldStart, initLog, initMs, invocation }: Progress, payload: string | Uint8Array): InvocationOutcome {
  return {
    kind: "done",
    payload,
    failed: false,
    timedOut: false,
    ended: false,
    initLog,
    log: invocation.takeLog(),
    logStream: configuration.logStream,
    coldStart,
    initMs,
  };
}
