/** Finds or starts an execution environment for an invocation. */
import { configureEnvironment, logGroupOf, ordinaryLogGroup, writeCredentials } from "./configuration.ts";
import { tooManyRequests } from "./errors.ts";
import shim from "./generated/shim.txt";
import { HOST_GRACE_MS } from "./limits.ts";
import type { InvokeInput, RuntimeFunction, RuntimePorts } from "./protocol.ts";
import { CONFIGURATION_MODULE, type InvocationReply, type InvocationRequest, type StreamReply } from "./shim/wire.ts";
import { Slots } from "./slots.ts";

const SHIM_MODULE = "verge/shim.js";
/** Isolates of functions follow the Worker's own date (wrangler.toml), which brings nodejs_compat. */
const COMPATIBILITY_DATE = "2026-10-20";
/** How long this host leaves an environment alone that is busy for another one. */
const BUSY_ELSEWHERE_MS = 1_000;

/** What the shim's entrypoint (shim/main.ts) answers, seen from here. */
interface EnvironmentStub {
  invoke(head: string, payload: string): Promise<unknown>;
  invokeStream(head: string, payload: string): Promise<StreamReply>;
  retire(): Promise<void>;
}

/** What this host isolate knows about a version: all its requests share it. */
interface VersionState {
  readonly key: string;
  readonly slots: Slots;
  /** Its modules use `eval`: found out by the first invocation. */
  needsEval: boolean;
  /** The log streams of its environments, by slot, as far as this host knows them. */
  readonly streams: Map<number, string>;
  /** Of slots whose environment could not be loaded: workerd keeps a failed one under its id for ever. */
  readonly failures: Map<number, number>;
}

/** By everything that an environment depends on. Small, and bounded by what one isolate runs in its life. */
const versions = new Map<string, VersionState>();
/** The same by the very objects that describe them, most of which come again and again. */
const found = new WeakMap<RuntimeFunction, VersionState>();

function findState(fn: RuntimeFunction): VersionState {
  const key = [fn.accountId, fn.name, fn.version, fn.codeSha256.replaceAll("/", "_"), fn.configRevision].join(":");
  const known = versions.get(key);
  const state = known ?? { key, slots: new Slots(), needsEval: false, streams: new Map(), failures: new Map() };
  versions.set(key, state);
  found.set(fn, state);
  return state;
}

/** An environment taken for one invocation. */
export interface Claim {
  readonly stub: EnvironmentStub;
  readonly request: InvocationRequest;
  /** When it was asked for, milliseconds since 1970. */
  readonly begin: number;
  /** Set when the code could not be read: a fault of this deployment, not of the function. */
  readonly load: { failure?: unknown };
  /** Its log stream, as far as is known: by the end of the invocation it is the right one. */
  readonly logStream: () => string;
  /** Gives it back after the invocation, or leaves it to whom it belongs. */
  release(reply: InvocationReply | StreamReply | undefined): Promise<void>;
}

/** An environment has to be started, and its code is not at hand. */
export class CodeNeededError extends Error {}

/** Throws TooManyRequestsException, CodeNeededError. */
export function claimEnvironment(fn: RuntimeFunction, input: InvokeInput, ports: RuntimePorts): Claim {
  const state = found.get(fn) ?? findState(fn);
  const begin = Date.now();
  const deadlineMs = Math.min(begin + fn.timeoutSeconds * 1000, input.deadlineMs ?? Infinity);
  const slot = fn.sharedEnvironments ? 0 : state.slots.take(deadlineMs + 2 * HOST_GRACE_MS);
  if (slot === undefined) throw tooManyRequests();
  const load: Claim["load"] = {};
  const failures = state.failures.get(slot) ?? 0;
  const id = `${state.key}:${state.needsEval ? "e" : ""}${slot}${failures === 0 ? "" : `:${failures}`}`;
  if (ports.isStartable?.(id) === false) {
    state.slots.release(slot);
    throw new CodeNeededError();
  }
  const startStream = () => {
    const name = nameLogStream(fn);
    state.streams.set(slot, name);
    return name;
  };
  const stub = openIsolate(id, fn, { loadAtStart: state.needsEval, startStream, load }, ports);
  return {
    stub,
    begin,
    load,
    logStream: () => state.streams.get(slot) ?? startStream(),
    request: describeRequest(fn, input, begin, deadlineMs),
    async release(reply) {
      // Ends the isolate, so that the next invocation starts a new one. The call never returns.
      const isOver = reply?.kind === "needs-eval" || (reply?.kind === "done" && reply.ended);
      if (isOver) await stub.retire().catch(() => undefined);
      if (reply?.kind === "needs-eval") state.needsEval = true;
      if (reply?.kind === "done") learnStream(state.streams, slot, fn, reply.logStream);
      if (load.failure !== undefined) state.failures.set(slot, failures + 1);
      if (reply?.kind === "busy") state.slots.keepAway(slot, begin + BUSY_ELSEWHERE_MS);
      else state.slots.release(slot);
    },
  };
}

interface Start {
  readonly loadAtStart: boolean;
  /** Names the log stream of an environment that starts. */
  readonly startStream: () => string;
  readonly load: Claim["load"];
}

function openIsolate(
  id: string,
  fn: RuntimeFunction,
  { loadAtStart, startStream, load }: Start,
  ports: RuntimePorts,
): EnvironmentStub {
  const worker = ports.loader.get(id, async () => {
    const { modules } = await ports.loadCode(fn).catch((error: unknown) => {
      load.failure = error;
      throw error;
    });
    return {
      compatibilityDate: COMPATIBILITY_DATE,
      mainModule: SHIM_MODULE,
      modules: {
        ...modules,
        [SHIM_MODULE]: { js: shim },
        [CONFIGURATION_MODULE]: { json: configureEnvironment(fn, startStream(), loadAtStart) },
      },
      env: {},
      globalOutbound: ports.egress(fn),
      limits: { cpuMs: fn.timeoutSeconds * 1000 },
    };
  });
  return worker.getEntrypoint() as unknown as EnvironmentStub;
}

/** Lambda's form, `2026/11/22/[$LATEST]<32 hex digits>`. */
export function nameLogStream(fn: RuntimeFunction): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/${streamLabel(fn)}${crypto.randomUUID().replaceAll("-", "")}`;
}

/** In a log group that functions may share the name stands before the version ("Configuring CloudWatch log groups"). */
function streamLabel(fn: RuntimeFunction): string {
  return `${logGroupOf(fn) === ordinaryLogGroup(fn.name) ? "" : fn.name}[${fn.version}]`;
}

/** What an environment says of itself, another host may have started it: a function cannot claim another's stream. */
function learnStream(streams: Map<number, string>, slot: number, fn: RuntimeFunction, claimed: string): void {
  if (claimed === streams.get(slot)) return;
  const [day = "", label = "", id = ""] = /^(.{11})(.*)(.{32})$/s.exec(claimed)?.slice(1) ?? [];
  if (/^\d{4}\/\d{2}\/\d{2}\/$/.test(day) && label === streamLabel(fn) && /^[0-9a-f]+$/.test(id)) {
    streams.set(slot, claimed);
  }
}

function describeRequest(
  fn: RuntimeFunction,
  input: InvokeInput,
  sentMs: number,
  deadlineMs: number,
): InvocationRequest {
  return {
    requestId: input.requestId,
    invokedArn: input.invokedArn,
    sentMs,
    deadlineMs,
    ...(fn.credentials && { credentials: writeCredentials(fn.credentials) }),
    ...(input.traceId !== undefined && { traceId: input.traceId }),
    ...(input.clientContext !== undefined && { clientContext: input.clientContext }),
  };
}
