/**
 * Settings of functions that on AWS can be changed and here have one value: no code signing, no provisioned
 * concurrency, and a runtime that is renewed with each deployment. Tools read them of every function (Terraform,
 * for one, reads code signing), so that reading answers that value and only what would change it is refused.
 */
import type { LambdaCall, LambdaResult } from "./call.ts";
import { functionNotFound, invalidParameter, lambdaError } from "./errors.ts";
import { Input } from "./input.ts";
import { formatFunctionArn, LATEST } from "./names.ts";

/** GetFunctionCodeSigningConfig: AWS answers the name alone for a function without one. */
export async function getFunctionCodeSigningConfig(call: LambdaCall): Promise<LambdaResult> {
  await requireFunction(call);
  return { status: 200, json: { FunctionName: call.target.name } };
}

/** DeleteFunctionCodeSigningConfig. */
export async function deleteFunctionCodeSigningConfig(call: LambdaCall): Promise<LambdaResult> {
  await requireFunction(call);
  return { status: 204 };
}

/** ListCodeSigningConfigs. */
export async function listCodeSigningConfigs(): Promise<LambdaResult> {
  return { status: 200, json: { CodeSigningConfigs: [] } };
}

/** ListProvisionedConcurrencyConfigs. */
export async function listProvisionedConcurrencyConfigs(call: LambdaCall): Promise<LambdaResult> {
  await requireFunction(call);
  return { status: 200, json: { ProvisionedConcurrencyConfigs: [] } };
}

/** GetProvisionedConcurrencyConfig. */
export async function getProvisionedConcurrencyConfig(call: LambdaCall): Promise<LambdaResult> {
  await requireFunction(call);
  throw lambdaError(
    "ProvisionedConcurrencyConfigNotFoundException",
    "No Provisioned Concurrency Config found for this function",
  );
}

/** DeleteProvisionedConcurrencyConfig. */
export async function deleteProvisionedConcurrencyConfig(call: LambdaCall): Promise<LambdaResult> {
  await requireFunction(call);
  return { status: 204 };
}

/** GetRuntimeManagementConfig. */
export async function getRuntimeManagementConfig(call: LambdaCall): Promise<LambdaResult> {
  await requireFunction(call);
  return describeRuntimeManagement(call);
}

/** PutRuntimeManagementConfig: `{UpdateRuntimeOn, RuntimeVersionArn?}`. */
export async function putRuntimeManagementConfig(call: LambdaCall): Promise<LambdaResult> {
  const input = Input.parse(call.body);
  const updateOn = input.requireText("UpdateRuntimeOn", { values: ["Auto", "Manual", "FunctionUpdate"] });
  input.finish();
  await requireFunction(call);
  if (updateOn === "Auto") return describeRuntimeManagement(call);
  throw invalidParameter(`UpdateRuntimeOn ${updateOn} is not supported by this deployment, which has one runtime.`);
}

function describeRuntimeManagement({ region, target }: LambdaCall): LambdaResult {
  const FunctionArn = formatFunctionArn(region, { ...target, qualifier: target.qualifier ?? LATEST });
  return { status: 200, json: { UpdateRuntimeOn: "Auto", FunctionArn } };
}

async function requireFunction(call: LambdaCall): Promise<void> {
  const { accountId, name, qualifier } = call.target;
  const found = await call.ports.registry(accountId).findFunction(name, qualifier ?? LATEST);
  if (!found) throw functionNotFound(formatFunctionArn(call.region, call.target));
}
