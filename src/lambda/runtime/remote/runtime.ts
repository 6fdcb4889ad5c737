/** Runs functions in a process of their own, beside the Worker: local serving only. */
import { createHash } from "node:crypto";
import { ServiceError } from "../../../lib/errors.ts";
import type { Deadlines } from "../deadlines.ts";
import { nameLogStream } from "../environments.ts";
import { FRAME, readFrames } from "../frames.ts";
import { HOST_GRACE_MS } from "../limits.ts";
import { crashedOutcome, outOfMemoryOutcome, timedOutOutcome } from "../outcomes.ts";
import { describeOutput, type Ended } from "../output.ts";
import { encodePacked } from "../pack/form.ts";
import type {
  InvokeInput,
  InvokeOutput,
  InvokeStreamOutput,
  PackedCode,
  Runtime,
  RuntimeFunction,
} from "../protocol.ts";
import type { InvocationOutcome } from "../shim/wire.ts";
import { type Payload, textOf } from "../payload.ts";
import {
  decodeBytes,
  decodeMessage,
  type Definition,
  encodeMessage,
  FRAMES_TYPE,
  type FunctionHost,
  INVOKE_PATH,
  LOSS_URL,
  type LossReport,
  type LossVerdict,
  OVERDUE_URL,
  type OverdueReport,
  type RemoteCall,
  type RemoteReply,
  STREAM_PATH,
} from "./wire.ts";

export interface RemoteRuntimePorts {
  /** The process. */
  readonly host: FunctionHost;
  /** Who started it, watches it and starts it again. */
  readonly supervisor: Fetcher;
  readonly ownHost: string;
  readonly loadCode: (fn: RuntimeFunction) => Promise<PackedCode>;
  readonly defer: (work: Promise<unknown>) => void;
  /** Of the request. */
  readonly deadlines: Deadlines;
}

/** The process has a grace of its own before it answers for an isolate that does not. */
const PROCESS_GRACE_MS = HOST_GRACE_MS + 250;

const HOST_URL = "http://functions";

const decoder = new TextDecoder();

export function createRemoteRuntime(ports: RemoteRuntimePorts): Runtime {
  return {
    invoke: (fn, input) => new RemoteInvocation(fn, input, ports).run(),
    invokeStream: (fn, input) => new RemoteInvocation(fn, input, ports).stream(),
  };
}

/** What is sent with an invocation because the process has asked for it. */
interface More {
  readonly isDefined?: boolean;
  readonly code?: PackedCode;
}

/** Of definitions that have been sent. */
const definitionIds = new WeakMap<RuntimeFunction, string>();

class RemoteInvocation {
  readonly #fn: RuntimeFunction;
  readonly #input: InvokeInput;
  readonly #ports: RemoteRuntimePorts;
  readonly #begin = Date.now();

  constructor(fn: RuntimeFunction, input: InvokeInput, ports: RemoteRuntimePorts) {
    this.#fn = fn;
    this.#input = input;
    this.#ports = ports;
  }

  run(): Promise<InvokeOutput> {
    return this.#beforeOverdue(async () => {
      const { reply, payload } = await this.#ask();
      return readEnded(reply, payload);
    });
  }

  async #ask(more: More = {}): Promise<{ reply: RemoteReply; payload: Payload }> {
    const { head, rest } = decodeMessage<RemoteReply>(await this.#exchange(this.#write(more), more));
    const wanted = await this.#add(more, head);
    return wanted ? this.#ask(wanted) : { reply: head, payload: rest };
  }

  async #exchange(message: string | Uint8Array, { code }: More): Promise<string | Uint8Array> {
    try {
      if (code === undefined) return await this.#ports.host.invoke(message);
      const response = await this.#ports.host.fetch(HOST_URL + INVOKE_PATH, { method: "POST", body: message });
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw new LostError(error);
    }
  }

  /** What the process asks for, unless it has been given it. */
  async #add(more: More, { kind }: RemoteReply): Promise<More | undefined> {
    if (kind === "needs-definition" && !more.isDefined) return { ...more, isDefined: true };
    // It may have started anew while the code was read.
    if (kind === "needs-code" && !more.code) return { code: await this.#ports.loadCode(this.#fn), isDefined: true };
    return undefined;
  }

  async stream(): Promise<InvokeStreamOutput> {
    const started = Promise.withResolvers<string>();
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const completion = this.#beforeOverdue(() => this.#relay(writer, started.resolve)).finally(() =>
      writer.close().catch(() => undefined),
    );
    // Whoever reads only the body must not be told of it as an unhandled rejection.
    this.#ports.defer(completion.catch(() => undefined));
    const contentType = await Promise.race([started.promise, completion.then(() => "application/json")]);
    return { body: readable, contentType, completion };
  }

  async #relay(
    writer: WritableStreamDefaultWriter<Uint8Array>,
    begin: (contentType: string) => void,
    more: More = {},
  ): Promise<Ended> {
    const response = await this.#open(this.#write(more));
    const isStream = response.headers.get("content-type") === FRAMES_TYPE;
    if (!isStream || response.body === null) {
      const { head } = decodeBytes<RemoteReply>(new Uint8Array(await response.arrayBuffer()));
      const wanted = await this.#add(more, head);
      return wanted ? this.#relay(writer, begin, wanted) : readEnded(head, new Uint8Array());
    }
    for await (const { kind, bytes } of readFrames(response.body)) {
      if (kind === FRAME.contentType) begin(decoder.decode(bytes));
      else if (kind === FRAME.chunk) await writer.write(bytes);
      else {
        const { head, rest } = decodeBytes<RemoteReply>(bytes);
        return readEnded(head, rest);
      }
    }
    throw new Error("The process of the functions broke off.");
  }

  async #open(body: string | Uint8Array): Promise<Response> {
    try {
      return await this.#ports.host.fetch(HOST_URL + STREAM_PATH, { method: "POST", body });
    } catch (error) {
      throw new LostError(error);
    }
  }

  #write({ code, isDefined = false }: More): string | Uint8Array {
    const { payload, ...input } = this.#input;
    if (!code) return encodeMessage({ ...this.#identify(isDefined), input }, textOf(payload));
    const payloadLength = Buffer.byteLength(payload);
    return encodeMessage({ ...this.#identify(true), input, payloadLength }, payload, encodePacked(code));
  }

  #identify(isDefined: boolean): Pick<RemoteCall, "definition" | "definitionId"> {
    const known = definitionIds.get(this.#fn);
    if (known !== undefined && !isDefined) return { definitionId: known };
    const definition: Definition = { fn: this.#fn, ownHost: this.#ports.ownHost };
    const definitionId = known ?? createHash("sha256").update(JSON.stringify(definition)).digest("base64");
    definitionIds.set(this.#fn, definitionId);
    return { definitionId, definition };
  }

  /** Waits for the process until it should have answered by itself, and makes an outcome of its end. */
  async #beforeOverdue(work: () => Promise<Ended>): Promise<InvokeOutput> {
    const { timeoutSeconds } = this.#fn;
    const deadline = Math.min(this.#begin + timeoutSeconds * 1000, this.#input.deadlineMs ?? Infinity);
    const { deadlines } = this.#ports;
    try {
      const ended = await deadlines.limit<Ended | undefined>(work(), deadline + PROCESS_GRACE_MS, () => undefined);
      if (ended) return this.#describe(ended);
      const report: OverdueReport = { deadline };
      this.#ports.defer(this.#ports.supervisor.fetch(OVERDUE_URL, { method: "POST", body: JSON.stringify(report) }));
      return this.#describeLost(timedOutOutcome(this.#fn, this.#input.requestId));
    } catch (error) {
      // What is known by name is no end of the process, and neither is a package that cannot be read.
      if (!isLoss(error)) throw error;
      return this.#describeLost(await this.#judgeLoss(error));
    }
  }

  async #judgeLoss(error: unknown): Promise<InvocationOutcome> {
    const { requestId } = this.#input;
    const report: LossReport = { requestId, begin: this.#begin };
    const response = await this.#ports.supervisor.fetch(LOSS_URL, { method: "POST", body: JSON.stringify(report) });
    const { cause } = await response.json<LossVerdict>();
    if (cause === "memory") return outOfMemoryOutcome(requestId);
    if (cause === "crash") return crashedOutcome(this.#fn, requestId, error);
    throw new ServiceError(
      "ServiceException",
      503,
      "The execution environment was lost to the failure of another function. Try again.",
    );
  }

  /** Its environment's log stream is lost too. */
  #describeLost(outcome: InvocationOutcome): InvokeOutput {
    return this.#describe({ begin: this.#begin, end: Date.now(), logStream: nameLogStream(this.#fn), outcome });
  }

  #describe(ended: Ended): InvokeOutput {
    return describeOutput(this.#fn, this.#input.requestId, ended);
  }
}

/** The connection to the process broke. */
class LostError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Bodies that break off while they are read throw what workerd makes of it. */
function isLoss(error: unknown): boolean {
  return (
    error instanceof LostError || (error instanceof Error && /connection|disconnect|broke off/i.test(error.message))
  );
}

function readEnded(reply: RemoteReply, payload: Payload): Ended {
  switch (reply.kind) {
    case "ended": {
      const { begin, end, logStream, outcome } = reply;
      // What a function answered goes on as it came; its error is read.
      return {
        begin,
        end,
        logStream,
        outcome: { ...outcome, payload: outcome.failed ? textOf(payload) : payload },
      };
    }
    case "refused":
      throw new ServiceError(reply.code, reply.status, reply.message, reply.detail);
    case "needs-code":
    case "needs-definition":
      throw new Error("The process of the functions asks twice for the same.");
  }
}
