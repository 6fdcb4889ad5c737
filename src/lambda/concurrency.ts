import type { LambdaCall, LambdaResult } from "./call.ts";
import { functionNotFound, invalidParameter } from "./errors.ts";
import { Input } from "./input.ts";
import { formatFunctionArn, LATEST } from "./names.ts";

/** PutFunctionConcurrency: `{ReservedConcurrentExecutions}`; 0 stops all invocations. */
export async function putFunctionConcurrency(call: LambdaCall): Promise<LambdaResult> {
  const input = Input.parse(call.body);
  const reserved = input.integer("ReservedConcurrentExecutions", { min: 0 });
  if (reserved === undefined) input.violate("ReservedConcurrentExecutions", "null", "not be null");
  input.finish();
  await changeConcurrency(call, reserved);
  return { status: 200, json: { ReservedConcurrentExecutions: reserved } };
}

/** GetFunctionConcurrency: an empty answer when nothing is reserved. */
export async function getFunctionConcurrency(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const found = await call.ports.registry(accountId).findFunction(name, LATEST);
  if (!found) throw functionNotFound(formatFunctionArn(call.region, call.target));
  const { reservedConcurrency } = found.function;
  return {
    status: 200,
    json: reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency },
  };
}

/** DeleteFunctionConcurrency. */
export async function deleteFunctionConcurrency(call: LambdaCall): Promise<LambdaResult> {
  await changeConcurrency(call, undefined);
  return { status: 204 };
}

async function changeConcurrency(call: LambdaCall, reserved: number | undefined): Promise<void> {
  const { accountId, name } = call.target;
  const answer = await call.ports.registry(accountId).putConcurrency(name, reserved);
  call.directory.forgetAll();
  if (answer.outcome === "not-found") throw functionNotFound(formatFunctionArn(call.region, call.target));
  if (answer.outcome === "too-much") {
    throw invalidParameter(
      `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${answer.unreserved}].`,
    );
  }
}
