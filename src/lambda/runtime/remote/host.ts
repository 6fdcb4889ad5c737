/** The process of the functions, as the Worker sees it: answers what remote/runtime.ts asks. */
import { ServiceError } from "../../../lib/errors.ts";
import type { Deadlines } from "../deadlines.ts";
import { CodeNeededError } from "../environments.ts";
import { encodeFrame, FRAME } from "../frames.ts";
import { runInIsolate, streamFromIsolate } from "../loader.ts";
import type { Ended } from "../output.ts";
import { decodePacked } from "../pack/form.ts";
import type { InvokeInput, PackedCode, RuntimeFunction, RuntimePorts } from "../protocol.ts";
import {
  decodeBytes,
  decodeMessage,
  type Definition,
  encodeMessage,
  encodeMessageBytes,
  FRAMES_TYPE,
  HEALTH_PATH,
  INVOKE_PATH,
  type RemoteCall,
  type RemoteReply,
} from "./wire.ts";

export interface RemoteHostPorts {
  readonly loader: WorkerLoader;
  readonly egress: (fn: RuntimeFunction, ownHost: string) => Fetcher;
  readonly defer: (work: Promise<unknown>) => void;
  readonly deadlines: Deadlines;
}

let running = 0;
/** Ids of the environments that were started here: as many as there are slots of versions that ran. */
const started = new Set<string>();
/** By their ids. They hold keys and variables, a few kilobytes each. */
const definitions = new Map<string, Definition>();
const MAX_DEFINITIONS = 4_000;

/** Answers an invocation without code. Never throws: only the end of the process breaks a call off. */
export async function answerInvocation(message: string | Uint8Array, ports: RemoteHostPorts) {
  const { head, rest } = decodeMessage<RemoteCall>(message);
  const definition = findDefinition(head);
  if (!definition) return encodeMessage({ kind: "needs-definition" });
  const input: InvokeInput = { ...head.input, payload: rest };
  return invokeBuffered(definition.fn, input, completePorts(definition, undefined, ports));
}

/** Answers over HTTP: invocations that bring code, and those whose result is streamed. */
export async function answerRemoteCall(request: Request, ports: RemoteHostPorts): Promise<Response> {
  const path = new URL(request.url).pathname;
  if (path === HEALTH_PATH) return new Response(String(running));
  const { head, rest } = decodeBytes<RemoteCall>(new Uint8Array(await request.arrayBuffer()));
  const definition = findDefinition(head);
  if (!definition) return new Response(encodeMessage({ kind: "needs-definition" }));
  const { payloadLength } = head;
  const code = payloadLength === undefined ? undefined : decodePacked(rest.slice(payloadLength).buffer);
  const input: InvokeInput = { ...head.input, payload: rest.subarray(0, payloadLength) };
  const runtime = completePorts(definition, code, ports);
  const { fn } = definition;
  if (path === INVOKE_PATH) return new Response(await invokeBuffered(fn, input, runtime));
  running++;
  try {
    return await streamReply(fn, input, runtime);
  } catch (error) {
    return new Response(encodeMessage(describeFailure(error)));
  } finally {
    running--;
  }
}

async function invokeBuffered(fn: RuntimeFunction, input: InvokeInput, ports: RuntimePorts) {
  running++;
  try {
    return encodeMessage(...partsOf(await runInIsolate(fn, input, ports)));
  } catch (error) {
    return encodeMessage(describeFailure(error));
  } finally {
    running--;
  }
}

function findDefinition({ definitionId, definition }: RemoteCall): Definition | undefined {
  if (!definition) return definitions.get(definitionId);
  if (definitions.size >= MAX_DEFINITIONS) definitions.clear();
  definitions.set(definitionId, definition);
  return definition;
}

function completePorts({ ownHost }: Definition, code: PackedCode | undefined, ports: RemoteHostPorts): RuntimePorts {
  return {
    loader: ports.loader,
    isStartable: (id) => started.has(id) || (code !== undefined && Boolean(started.add(id))),
    loadCode: async () => {
      // workerd has given up an environment that was started here before.
      if (!code) throw new CodeNeededError();
      return code;
    },
    egress: (fn) => ports.egress(fn, ownHost),
    defer: ports.defer,
    deadlines: ports.deadlines,
  };
}

function partsOf({ outcome, ...ended }: Ended): [reply: RemoteReply, payload: string | Uint8Array] {
  const { payload, ...rest } = outcome;
  return [{ kind: "ended", ...ended, outcome: rest }, payload];
}

async function streamReply(fn: RuntimeFunction, input: InvokeInput, ports: RuntimePorts): Promise<Response> {
  const { body, contentType, completion } = await streamFromIsolate(fn, input, ports);
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const relay = async () => {
    await writer.write(encodeFrame(FRAME.contentType, new TextEncoder().encode(contentType)));
    for await (const chunk of body) await writer.write(encodeFrame(FRAME.chunk, chunk));
    const ending = await completion.then(
      (ended) => encodeMessageBytes(...partsOf(ended)),
      (error: unknown) => encodeMessageBytes(describeFailure(error)),
    );
    await writer.write(encodeFrame(FRAME.outcome, ending));
    await writer.close();
  };
  running++;
  ports.defer(relay().finally(() => running--));
  return new Response(readable, { headers: { "content-type": FRAMES_TYPE } });
}

function describeFailure(error: unknown): RemoteReply {
  if (error instanceof CodeNeededError) return { kind: "needs-code" };
  if (error instanceof ServiceError) {
    const { code, status, message, detail } = error;
    return { kind: "refused", code, status, message, detail };
  }
  const message = error instanceof Error ? error.message : String(error);
  console.error(message);
  return { kind: "refused", code: "ServiceException", status: 500, message: "An internal error occurred.", detail: {} };
}
