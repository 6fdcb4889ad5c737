/** Runs functions in isolates of their own, through the Worker Loader. */
import { configureEnvironment, invocationVariables } from "./configuration.ts";
import { tooManyRequests } from "./errors.ts";
import shim from "./generated/shim.txt";
import { HOST_GRACE_MS } from "./limits.ts";
import { crashedOutcome, timedOutOutcome } from "./outcomes.ts";
import type { InvokeInput, InvokeOutput, Runtime, RuntimeFunction, RuntimePorts } from "./protocol.ts";
import { frameLog } from "./report.ts";
import {
  CONFIGURATION_MODULE,
  type InvocationOutcome,
  type InvocationReply,
  type InvocationRequest,
} from "./shim/wire.ts";
import { Slots } from "./slots.ts";

const SHIM_MODULE = "verge/shim.js";
/** Isolates of functions follow the Worker's own date (wrangler.toml), which brings nodejs_compat. */
const COMPATIBILITY_DATE = "2026-10-20";
/** How long this host leaves an environment alone that is busy for another one. */
const BUSY_ELSEWHERE_MS = 1_000;

/** What the shim's entrypoint (shim/main.ts) answers, seen from here. */
interface EnvironmentStub {
  invoke(request: InvocationRequest, payload: Uint8Array): Promise<InvocationReply>;
  retire(): Promise<void>;
}

/** What this host isolate knows about a version: all its requests share it. */
interface VersionState {
  readonly slots: Slots;
  /** Its modules use `eval`: found out by the first invocation. */
  needsEval: boolean;
}

/** By everything that an environment depends on. Small, and bounded by what one isolate runs in its life. */
const versions = new Map<string, VersionState>();

export function createRuntime(ports: RuntimePorts): Runtime {
  return {
    invoke: (fn, input) => invoke(fn, input, ports),
  };
}

async function invoke(fn: RuntimeFunction, input: InvokeInput, ports: RuntimePorts): Promise<InvokeOutput> {
  const key = [fn.accountId, fn.name, fn.version, fn.codeSha256, fn.configRevision].join(":");
  const state = versions.get(key) ?? { slots: new Slots(), needsEval: false };
  versions.set(key, state);
  for (;;) {
    const begin = Date.now();
    const deadlineMs = Math.min(begin + fn.timeoutSeconds * 1000, input.deadlineMs ?? Infinity);
    const slot = fn.sharedEnvironments ? 0 : state.slots.take(deadlineMs + 2 * HOST_GRACE_MS);
    if (slot === undefined) throw tooManyRequests();
    const environment = openEnvironment(fn, key, slot, state.needsEval, ports);
    const reply = await callEnvironment(environment, fn, input, deadlineMs).finally(() => state.slots.release(slot));
    if (reply.kind === "done") return describeOutput(fn, input, reply, Date.now() - begin);
    if (reply.kind === "needs-eval") state.needsEval = true;
    else state.slots.keepAway(slot, begin + BUSY_ELSEWHERE_MS);
  }
}

interface Environment {
  readonly stub: EnvironmentStub;
  /** Set when the code could not be read: a fault of this deployment, not of the function. */
  readonly load: { failure?: unknown };
}

function openEnvironment(
  fn: RuntimeFunction,
  key: string,
  slot: number,
  loadAtStart: boolean,
  ports: RuntimePorts,
): Environment {
  const load: Environment["load"] = {};
  const worker = ports.loader.get(`${key}:${loadAtStart ? "e" : ""}${slot}`, async () => {
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
        [CONFIGURATION_MODULE]: { json: configureEnvironment(fn, nameLogStream(fn), loadAtStart) },
      },
      env: {},
      globalOutbound: ports.egress(fn),
      limits: { cpuMs: fn.timeoutSeconds * 1000 },
    };
  });
  return { stub: worker.getEntrypoint() as unknown as EnvironmentStub, load };
}

/** Lambda's form, `2026/11/22/[$LATEST]<32 hex digits>`. */
function nameLogStream(fn: RuntimeFunction): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/[${fn.version}]${crypto.randomUUID().replaceAll("-", "")}`;
}

/** Never rejects for what the function does; at the latest some time after the deadline there is an answer. */
async function callEnvironment(
  { stub, load }: Environment,
  fn: RuntimeFunction,
  input: InvokeInput,
  deadlineMs: number,
): Promise<InvocationReply> {
  const request: InvocationRequest = {
    requestId: input.requestId,
    invokedArn: input.invokedArn,
    sentMs: Date.now(),
    deadlineMs,
    environment: invocationVariables(fn, input.traceId),
    ...(input.clientContext !== undefined && { clientContext: input.clientContext }),
  };
  const overdue = Promise.withResolvers<InvocationReply>();
  const timer = setTimeout(
    () => overdue.resolve(timedOutOutcome(fn, input.requestId)),
    deadlineMs - Date.now() + HOST_GRACE_MS,
  );
  try {
    const reply = await Promise.race([stub.invoke(request, input.payload), overdue.promise]);
    if (reply.kind === "needs-eval" || (reply.kind === "done" && reply.ended)) await retire(stub);
    return reply;
  } catch (error) {
    if (load.failure !== undefined) throw load.failure;
    return crashedOutcome(fn, input.requestId, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the isolate, so that the next invocation starts a new one. Its call never returns. */
async function retire(stub: EnvironmentStub): Promise<void> {
  await stub.retire().catch(() => undefined);
}

function describeOutput(
  fn: RuntimeFunction,
  input: InvokeInput,
  outcome: InvocationOutcome,
  elapsedMs: number,
): InvokeOutput {
  const { coldStart, failed, initLog, initMs, log, logStream, payload } = outcome;
  const timing = {
    durationMs: Math.max(0, elapsedMs - initMs),
    ...(coldStart && { initDurationMs: initMs }),
    ...(outcome.timedOut && { status: "timeout" as const }),
  };
  return {
    payload,
    ...(failed && { functionError: "Unhandled" as const }),
    logs: frameLog(fn, input.requestId, initLog, log, timing),
    logStream,
    durationMs: timing.durationMs,
    ...(coldStart && { initDurationMs: initMs }),
    coldStart,
  };
}
