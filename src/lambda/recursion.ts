import type { LambdaCall, LambdaResult } from "./call.ts";
import { functionNotFound } from "./errors.ts";
import { Input } from "./input.ts";
import { formatFunctionArn, LATEST } from "./names.ts";

const VALUES = ["Allow", "Terminate"] as const;

/** PutFunctionRecursionConfig: whether a function that is invoked in a loop is stopped (invoke/lineage.ts). */
export async function putFunctionRecursionConfig(call: LambdaCall): Promise<LambdaResult> {
  const input = Input.parse(call.body);
  const given = input.requireText("RecursiveLoop", { values: VALUES });
  input.finish();
  const { accountId, name } = call.target;
  const found = await call.ports.registry(accountId).putRecursion(name, given === "Allow" ? "Allow" : "Terminate");
  call.directory.forgetAll();
  if (!found) throw functionNotFound(formatFunctionArn(call.region, call.target));
  return { status: 200, json: { RecursiveLoop: given } };
}

/** GetFunctionRecursionConfig. */
export async function getFunctionRecursionConfig(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const found = await call.ports.registry(accountId).findFunction(name, LATEST);
  if (!found) throw functionNotFound(formatFunctionArn(call.region, call.target));
  return { status: 200, json: { RecursiveLoop: found.function.recursiveLoop ?? "Terminate" } };
}
