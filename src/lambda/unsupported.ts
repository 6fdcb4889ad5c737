import type { Operation } from "../lib/operation.ts";
import type { LambdaCall, LambdaResult } from "./call.ts";
import { lambdaError } from "./errors.ts";

/** Part of Lambda that an operation belongs to, as docs/compatibility.md groups them. */
export type LambdaArea =
  | "Asynchronous invocation"
  | "Concurrency"
  | "Code signing"
  | "Capacity providers"
  | "Durable executions"
  | "Resource policies";

/** Areas that no version of Verge is meant to serve: they exist for machinery of AWS that has no counterpart here. */
export const LAMBDA_AREAS_NOT_PLANNED: ReadonlySet<LambdaArea> = new Set<LambdaArea>([
  "Code signing",
  "Capacity providers",
  "Durable executions",
]);

export interface UnsupportedLambdaOperation extends Operation<LambdaCall, LambdaResult> {
  readonly area: LambdaArea;
}

const FUNCTIONS = "functions/{FunctionName}";
const SIGNING = "/2020-04-22/code-signing-configs";
const CAPACITY = "/2025-11-30/capacity-providers";
const DURABLE = "/2025-12-01/durable-executions/{DurableExecutionArn}";
const CALLBACK = "/2025-12-01/durable-execution-callbacks/{CallbackId}";
const PROVISIONED = `/2019-09-30/${FUNCTIONS}/provisioned-concurrency`;
const SIGNED = `/2020-06-30/${FUNCTIONS}/code-signing-config`;
const SCALING = `/2025-11-30/${FUNCTIONS}/function-scaling-config`;
const POLICY = "/2026-07-09/resource-policy/{ResourceArn}";

/**
 * Operations of Lambda that are known and not served: they answer 501 NotImplementedException and name
 * themselves, so that a client's log says what is missing.
 */
export const unsupportedLambdaOperations: readonly UnsupportedLambdaOperation[] = [
  row("Concurrency", "PutProvisionedConcurrencyConfig", "PUT", PROVISIONED),

  row("Code signing", "CreateCodeSigningConfig", "POST", SIGNING),
  row("Code signing", "GetCodeSigningConfig", "GET", `${SIGNING}/{CodeSigningConfigArn}`),
  row("Code signing", "UpdateCodeSigningConfig", "PUT", `${SIGNING}/{CodeSigningConfigArn}`),
  row("Code signing", "DeleteCodeSigningConfig", "DELETE", `${SIGNING}/{CodeSigningConfigArn}`),
  row("Code signing", "ListFunctionsByCodeSigningConfig", "GET", `${SIGNING}/{CodeSigningConfigArn}/functions`),
  row("Code signing", "PutFunctionCodeSigningConfig", "PUT", SIGNED),

  row("Capacity providers", "CreateCapacityProvider", "POST", CAPACITY),
  row("Capacity providers", "ListCapacityProviders", "GET", CAPACITY),
  row("Capacity providers", "GetCapacityProvider", "GET", `${CAPACITY}/{CapacityProviderName}`),
  row("Capacity providers", "UpdateCapacityProvider", "PUT", `${CAPACITY}/{CapacityProviderName}`),
  row("Capacity providers", "DeleteCapacityProvider", "DELETE", `${CAPACITY}/{CapacityProviderName}`),
  row(
    "Capacity providers",
    "ListFunctionVersionsByCapacityProvider",
    "GET",
    `${CAPACITY}/{CapacityProviderName}/function-versions`,
  ),
  row("Capacity providers", "GetFunctionScalingConfig", "GET", SCALING),
  row("Capacity providers", "PutFunctionScalingConfig", "PUT", SCALING),

  row("Durable executions", "GetDurableExecution", "GET", DURABLE),
  row("Durable executions", "GetDurableExecutionHistory", "GET", `${DURABLE}/history`),
  row("Durable executions", "GetDurableExecutionState", "GET", `${DURABLE}/state`),
  row("Durable executions", "CheckpointDurableExecution", "POST", `${DURABLE}/checkpoint`),
  row("Durable executions", "StopDurableExecution", "POST", `${DURABLE}/stop`),
  row("Durable executions", "ListDurableExecutionsByFunction", "GET", `/2025-12-01/${FUNCTIONS}/durable-executions`),
  row("Durable executions", "SendDurableExecutionCallbackSuccess", "POST", `${CALLBACK}/succeed`),
  row("Durable executions", "SendDurableExecutionCallbackFailure", "POST", `${CALLBACK}/fail`),
  row("Durable executions", "SendDurableExecutionCallbackHeartbeat", "POST", `${CALLBACK}/heartbeat`),

  row("Resource policies", "GetResourcePolicy", "GET", POLICY),
  row("Resource policies", "PutResourcePolicy", "PUT", POLICY),
  row("Resource policies", "DeleteResourcePolicy", "DELETE", POLICY),
];

/** The action is the operation's own name, but for the few that share another's. */
function row(
  area: LambdaArea,
  name: string,
  method: UnsupportedLambdaOperation["method"],
  path: string,
  action = name,
): UnsupportedLambdaOperation {
  return {
    area,
    name,
    method,
    path,
    access: `lambda:${action}`,
    handle: async () => {
      throw lambdaError("NotImplementedException", `This version of Verge does not implement ${name}.`);
    },
  };
}
