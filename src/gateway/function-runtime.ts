import type { ExecutionLease } from "../lambda/call.ts";
import { loadCode } from "../lambda/packages.ts";
import type { EgressProps } from "../lambda/runtime/egress.ts";
import { createRuntime } from "../lambda/runtime/loader.ts";
import type { Runtime, RuntimeFunction } from "../lambda/runtime/protocol.ts";
import type { FunctionExecutionsApi } from "../metadata/function/executions.ts";
import { FunctionCodeStore } from "../storage/function-code.ts";
import { loadSdkPackage } from "./function-sdk.ts";
import type { LambdaRequest } from "./lambda.ts";

/** The Worker's own entrypoints that functions are given (`ctx.exports`). */
export interface OwnEntrypoints {
  FunctionEgress(options: { readonly props: EgressProps }): Fetcher;
}

/** Of a request, what running a function needs. */
export type RuntimeRequest = Pick<LambdaRequest, "env" | "deployment" | "entrypoints" | "defer">;

/** The runtime for versions whose package has this id. */
export function createFunctionRuntime(
  { env, deployment, entrypoints, defer }: RuntimeRequest,
  codeId: string,
): Runtime {
  return createRuntime({
    loader: env.LOADER,
    loadCode: ({ layers = [], runtime }) =>
      loadCode(new FunctionCodeStore(env.BLOBS), { codeId, layers, runtime }, (name) => loadSdkPackage(env, name)),
    egress: ({ arn, egressAllow }) =>
      entrypoints.FunctionEgress({
        props: {
          functionArn: arn,
          ownHost: new URL(deployment.endpointUrl).host,
          ...(egressAllow && { allow: egressAllow }),
        },
      }),
    defer,
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
