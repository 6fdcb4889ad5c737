import type { Env } from "../env.ts";
import type { ExecutionLease } from "../lambda/call.ts";
import { loadCode } from "../lambda/packages.ts";
import type { Deadlines } from "../lambda/runtime/deadlines.ts";
import { describeEgress, type EgressProps } from "../lambda/runtime/egress.ts";
import { createRuntime } from "../lambda/runtime/loader.ts";
import { createRemoteRuntime } from "../lambda/runtime/remote/runtime.ts";
import { HostSession } from "../lambda/runtime/remote/session.ts";
import type { Runtime, RuntimeFunction } from "../lambda/runtime/protocol.ts";
import type { FunctionExecutionsApi } from "../metadata/function/executions.ts";
import { FunctionCodeStore } from "../storage/function-code.ts";
import { loadSdkPackage } from "./function-sdk.ts";
import type { LambdaRequest } from "./lambda.ts";

/** The Worker's own entrypoints (`ctx.exports`): what functions are given, and the shield that is no object. */
export interface OwnEntrypoints {
  readonly OriginShieldCache: Fetcher;
  FunctionEgress(options: { readonly props: EgressProps }): Fetcher;
}

/** Of a request, what running a function needs. */
export interface RuntimeRequest extends Pick<LambdaRequest, "env" | "deployment" | "entrypoints" | "defer"> {
  /** Of one that runs many. */
  readonly hostSession?: HostSession | undefined;
}

/** Where functions run in a process of their own; to be disposed of at the end of the request. */
export function openHostSession({ FUNCTION_HOST }: Pick<Env, "FUNCTION_HOST">): HostSession | undefined {
  return FUNCTION_HOST && new HostSession(FUNCTION_HOST);
}

/** The runtime for versions whose package has this id; `deadlines` are those of the request. */
export function createFunctionRuntime(
  { env, deployment, entrypoints, defer, hostSession }: RuntimeRequest,
  codeId: string,
  deadlines: Deadlines,
): Runtime {
  const { ownHost } = deployment;
  const load = ({ layers = [], runtime }: RuntimeFunction) =>
    loadCode(new FunctionCodeStore(env.BLOBS), { codeId, layers, runtime }, (name) => loadSdkPackage(env, name));
  if (env.FUNCTION_HOST && env.FUNCTION_SUPERVISOR) {
    const remote = { host: hostSession ?? env.FUNCTION_HOST, supervisor: env.FUNCTION_SUPERVISOR, ownHost };
    return createRemoteRuntime({ ...remote, loadCode: load, defer, deadlines });
  }
  return createRuntime({
    loader: env.LOADER,
    loadCode: load,
    egress: (fn) => entrypoints.FunctionEgress({ props: describeEgress(fn, ownHost) }),
    defer,
    deadlines,
  });
}

/** Takes one of `limit` executions of a function. */
export async function reserveExecution(
  { env }: Pick<RuntimeRequest, "env">,
  { accountId, name }: RuntimeFunction,
  limit: number,
): Promise<ExecutionLease | undefined> {
  const executions: FunctionExecutionsApi = env.FUNCTION_EXECUTIONS.getByName(`${accountId}/${name}`);
  const execution = await executions.begin(limit);
  return execution && { end: () => execution[Symbol.dispose]() };
}
