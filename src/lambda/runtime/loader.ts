/** Runs functions in isolates of their own, through the Worker Loader. */
import { type Claim, claimEnvironment } from "./environments.ts";
import { tooManyRequests } from "./errors.ts";
import { FRAME, readFrames } from "./frames.ts";
import { HOST_GRACE_MS, MAX_ATTEMPTS } from "./limits.ts";
import { crashedOutcome, timedOutOutcome } from "./outcomes.ts";
import { describeOutput, type Ended } from "./output.ts";
import type { InvokeInput, InvokeStreamOutput, Runtime, RuntimeFunction, RuntimePorts } from "./protocol.ts";
import { textOf } from "./payload.ts";
import { decodeReply, type InvocationOutcome, type InvocationReply } from "./shim/wire.ts";

const decoder = new TextDecoder();

export function createRuntime(ports: RuntimePorts): Runtime {
  return {
    invoke: async (fn, input) => describeOutput(fn, input.requestId, await runInIsolate(fn, input, ports)),
    async invokeStream(fn, input) {
      const { completion, ...streaming } = await streamFromIsolate(fn, input, ports);
      return { ...streaming, completion: completion.then((ended) => describeOutput(fn, input.requestId, ended)) };
    },
  };
}

/** Throws TooManyRequestsException, CodeNeededError, and what `loadCode` throws. */
export async function runInIsolate(fn: RuntimeFunction, input: InvokeInput, ports: RuntimePorts): Promise<Ended> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const claim = claimEnvironment(fn, input, ports);
    let reply: InvocationReply | undefined;
    try {
      reply = await beforeOverdue(claim, fn, callBuffered(claim, input), ports);
    } finally {
      await claim.release(reply);
    }
    if (reply.kind === "done") return endOf(claim, reply);
  }
  throw tooManyRequests();
}

async function callBuffered({ request, stub }: Claim, input: InvokeInput): Promise<InvocationReply> {
  return decodeReply(await stub.invoke(JSON.stringify(request), textOf(input.payload)));
}

/** Waits for the isolate until some time after the deadline. Rejects only when it could not be started. */
async function beforeOverdue(
  { load, request }: Claim,
  fn: RuntimeFunction,
  answer: Promise<InvocationReply>,
  { deadlines }: RuntimePorts,
): Promise<InvocationReply> {
  const { requestId } = request;
  try {
    return await deadlines.limit(answer, request.deadlineMs + HOST_GRACE_MS, () => timedOutOutcome(fn, requestId));
  } catch (error) {
    if (load.failure !== undefined) throw load.failure;
    return crashedOutcome(fn, requestId, error);
  }
}

/** An InvokeStreamOutput whose outcome is as the isolate told it. */
export type IsolateStream = Omit<InvokeStreamOutput, "completion"> & { readonly completion: Promise<Ended> };

export async function streamFromIsolate(
  fn: RuntimeFunction,
  input: InvokeInput,
  ports: RuntimePorts,
): Promise<IsolateStream> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const claim = claimEnvironment(fn, input, ports);
    const started = Promise.withResolvers<string | undefined>();
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const ending = beforeOverdue(claim, fn, relay(claim, input, writer, started.resolve), ports);
    const completion = finishStream(ending, claim, fn, writer);
    // Whoever reads only the body must not be told of it as an unhandled rejection.
    ports.defer(completion.catch(() => undefined));
    const reply = await Promise.race([ending, started.promise]);
    if (typeof reply === "object" && reply.kind !== "done") {
      await completion.catch(() => undefined);
      continue;
    }
    return {
      body: readable,
      contentType: typeof reply === "string" ? reply : "application/json",
      completion: completion.then((outcome) => endOf(claim, outcome)),
    };
  }
  throw tooManyRequests();
}

/** Copies what the function writes to the body; answers with what it says at its end. */
async function relay(
  { request, stub }: Claim,
  input: InvokeInput,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  begin: (contentType: string) => void,
): Promise<InvocationReply> {
  const reply = await stub.invokeStream(JSON.stringify(request), textOf(input.payload));
  if (reply.kind === "busy") return reply;
  for await (const { bytes, kind } of readFrames(reply.frames)) {
    if (kind === FRAME.contentType) begin(decoder.decode(bytes));
    else if (kind === FRAME.chunk) await writer.write(bytes);
    else return decodeReply(decoder.decode(bytes));
  }
  throw new Error("The execution environment broke off.");
}

async function finishStream(
  ending: Promise<InvocationReply>,
  claim: Claim,
  fn: RuntimeFunction,
  writer: WritableStreamDefaultWriter<Uint8Array>,
): Promise<InvocationOutcome> {
  let reply: InvocationReply | undefined;
  try {
    reply = await ending;
    await writer.close().catch(() => undefined);
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
    throw error;
  } finally {
    await claim.release(reply);
  }
  return reply.kind === "done" ? reply : timedOutOutcome(fn, claim.request.requestId);
}

function endOf({ begin, logStream }: Claim, outcome: InvocationOutcome): Ended {
  return { begin, end: Date.now(), logStream: logStream(), outcome };
}
