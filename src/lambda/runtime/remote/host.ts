/** The process of the functions, as the Worker sees it: answers what remote/runtime.ts asks. */
import { ServiceError } from "../../../lib/errors.ts";
import { CodeNeededError } from "../environments.ts";
import { encodeFrame, FRAME } from "../frames.ts";
import { runInIsolate, streamFromIsolate } from "../loader.ts";
import type { Ended } from "../output.ts";
import { decodePacked } from "../pack/form.ts";
import type { InvokeInput, PackedCode, RuntimeFunction, RuntimePorts } from "../protocol.ts";
import {
  decodeMessage,
  encodeMessage,
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
}

let running = 0;
/** Ids of the environments that were started here: as many as there are slots of versions that ran. */
const started = new Set<string>();

export async function answerRemoteCall(request: Request, ports: RemoteHostPorts): Promise<Response> {
  const path = new URL(request.url).pathname;
  if (path === HEALTH_PATH) return new Response(String(running));
  const bytes = new Uint8Array(await request.arrayBuffer());
  const { head, rest } = decodeMessage<RemoteCall>(bytes);
  const input: InvokeInput = { ...head.input, payload: rest.subarray(0, head.payloadLength) };
  const code = head.hasCode ? decodePacked(rest.slice(head.payloadLength).buffer) : undefined;
  const runtime = completePorts(head, code, ports);
  running++;
  try {
    if (path === INVOKE_PATH) return new Response(encodeEnded(await runInIsolate(head.fn, input, runtime)));
    return await streamReply(head.fn, input, runtime);
  } catch (error) {
    return new Response(encodeMessage(describeFailure(error)));
  } finally {
    running--;
  }
}

function completePorts({ ownHost }: RemoteCall, code: PackedCode | undefined, ports: RemoteHostPorts): RuntimePorts {
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
  };
}

function encodeEnded({ outcome, ...ended }: Ended): Uint8Array {
  const { payload, ...rest } = outcome;
  const isText = typeof payload === "string";
  return encodeMessage({ kind: "ended", ...ended, outcome: rest, isText }, isText ? Buffer.from(payload) : payload);
}

async function streamReply(fn: RuntimeFunction, input: InvokeInput, ports: RuntimePorts): Promise<Response> {
  const { body, contentType, completion } = await streamFromIsolate(fn, input, ports);
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const relay = async () => {
    await writer.write(encodeFrame(FRAME.contentType, new TextEncoder().encode(contentType)));
    for await (const chunk of body) await writer.write(encodeFrame(FRAME.chunk, chunk));
    const ending = await completion.then(encodeEnded, (error: unknown) => encodeMessage(describeFailure(error)));
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
