import { describe, expect, test } from "vitest";
import { resolveAddress } from "../../src/gateway/address.ts";
import { lambdaOperations } from "../../src/lambda/operations.ts";
import { matchLambdaOperation } from "../../src/lambda/service.ts";
import { ServiceError } from "../../src/lib/errors.ts";
import { Query } from "../../src/lib/query.ts";

/** Requests as the official SDK sends them: `METHOD path?query → operation`. */
const SDK_REQUESTS = [
  "POST /2018-10-31/layers/l/versions/1/policy → AddLayerVersionPermission",
  "POST /2015-03-31/functions/f/policy → AddPermission",
  "POST /2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1%2Fdurable-execution%2Fa%2Fb/checkpoint → CheckpointDurableExecution",
  "POST /2015-03-31/functions/f/aliases → CreateAlias",
  "POST /2025-11-30/capacity-providers → CreateCapacityProvider",
  "POST /2020-04-22/code-signing-configs → CreateCodeSigningConfig",
  "POST /2015-03-31/event-source-mappings → CreateEventSourceMapping",
  "POST /2015-03-31/functions → CreateFunction",
  "POST /2021-10-31/functions/f/url → CreateFunctionUrlConfig",
  "DELETE /2015-03-31/functions/f/aliases/a → DeleteAlias",
  "DELETE /2025-11-30/capacity-providers/c → DeleteCapacityProvider",
  "DELETE /2020-04-22/code-signing-configs/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Acode-signing-config%3Acsc-0 → DeleteCodeSigningConfig",
  "DELETE /2015-03-31/event-source-mappings/u → DeleteEventSourceMapping",
  "DELETE /2020-06-30/functions/f/code-signing-config → DeleteFunctionCodeSigningConfig",
  "DELETE /2015-03-31/functions/f → DeleteFunction",
  "DELETE /2017-10-31/functions/f/concurrency → DeleteFunctionConcurrency",
  "DELETE /2019-09-25/functions/f/event-invoke-config → DeleteFunctionEventInvokeConfig",
  "DELETE /2021-10-31/functions/f/url → DeleteFunctionUrlConfig",
  "DELETE /2018-10-31/layers/l/versions/1 → DeleteLayerVersion",
  "DELETE /2019-09-30/functions/f/provisioned-concurrency → DeleteProvisionedConcurrencyConfig",
  "DELETE /2026-07-09/resource-policy/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af → DeleteResourcePolicy",
  "GET /2016-08-19/account-settings → GetAccountSettings",
  "GET /2015-03-31/functions/f/aliases/a → GetAlias",
  "GET /2025-11-30/capacity-providers/c → GetCapacityProvider",
  "GET /2020-04-22/code-signing-configs/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Acode-signing-config%3Acsc-0 → GetCodeSigningConfig",
  "GET /2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1%2Fdurable-execution%2Fa%2Fb → GetDurableExecution",
  "GET /2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1%2Fdurable-execution%2Fa%2Fb/history → GetDurableExecutionHistory",
  "GET /2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1%2Fdurable-execution%2Fa%2Fb/state → GetDurableExecutionState",
  "GET /2015-03-31/event-source-mappings/u → GetEventSourceMapping",
  "GET /2020-06-30/functions/f/code-signing-config → GetFunctionCodeSigningConfig",
  "GET /2015-03-31/functions/f → GetFunction",
  "GET /2019-09-30/functions/f/concurrency → GetFunctionConcurrency",
  "GET /2015-03-31/functions/f/configuration → GetFunctionConfiguration",
  "GET /2019-09-25/functions/f/event-invoke-config → GetFunctionEventInvokeConfig",
  "GET /2024-08-31/functions/f/recursion-config → GetFunctionRecursionConfig",
  "GET /2025-11-30/functions/f/function-scaling-config → GetFunctionScalingConfig",
  "GET /2021-10-31/functions/f/url → GetFunctionUrlConfig",
  "GET /2018-10-31/layers?find=LayerVersion → GetLayerVersionByArn",
  "GET /2018-10-31/layers/l/versions/1 → GetLayerVersion",
  "GET /2018-10-31/layers/l/versions/1/policy → GetLayerVersionPolicy",
  "GET /2015-03-31/functions/f/policy → GetPolicy",
  "GET /2019-09-30/functions/f/provisioned-concurrency → GetProvisionedConcurrencyConfig",
  "GET /2026-07-09/resource-policy/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af → GetResourcePolicy",
  "GET /2021-07-20/functions/f/runtime-management-config → GetRuntimeManagementConfig",
  "POST /2014-11-13/functions/f/invoke-async → InvokeAsync",
  "POST /2015-03-31/functions/f/invocations → Invoke",
  "POST /2021-11-15/functions/f/response-streaming-invocations → InvokeWithResponseStream",
  "GET /2015-03-31/functions/f/aliases → ListAliases",
  "GET /2025-11-30/capacity-providers → ListCapacityProviders",
  "GET /2020-04-22/code-signing-configs → ListCodeSigningConfigs",
  "GET /2025-12-01/functions/f/durable-executions → ListDurableExecutionsByFunction",
  "GET /2015-03-31/event-source-mappings → ListEventSourceMappings",
  "GET /2019-09-25/functions/f/event-invoke-config/list → ListFunctionEventInvokeConfigs",
  "GET /2021-10-31/functions/f/urls → ListFunctionUrlConfigs",
  "GET /2025-11-30/capacity-providers/c/function-versions → ListFunctionVersionsByCapacityProvider",
  "GET /2020-04-22/code-signing-configs/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Acode-signing-config%3Acsc-0/functions → ListFunctionsByCodeSigningConfig",
  "GET /2015-03-31/functions → ListFunctions",
  "GET /2018-10-31/layers/l/versions → ListLayerVersions",
  "GET /2018-10-31/layers → ListLayers",
  "GET /2019-09-30/functions/f/provisioned-concurrency?List=ALL → ListProvisionedConcurrencyConfigs",
  "GET /2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af → ListTags",
  "GET /2015-03-31/functions/f/versions → ListVersionsByFunction",
  "POST /2018-10-31/layers/l/versions → PublishLayerVersion",
  "POST /2015-03-31/functions/f/versions → PublishVersion",
  "PUT /2020-06-30/functions/f/code-signing-config → PutFunctionCodeSigningConfig",
  "PUT /2017-10-31/functions/f/concurrency → PutFunctionConcurrency",
  "PUT /2019-09-25/functions/f/event-invoke-config → PutFunctionEventInvokeConfig",
  "PUT /2024-08-31/functions/f/recursion-config → PutFunctionRecursionConfig",
  "PUT /2025-11-30/functions/f/function-scaling-config → PutFunctionScalingConfig",
  "PUT /2019-09-30/functions/f/provisioned-concurrency → PutProvisionedConcurrencyConfig",
  "PUT /2026-07-09/resource-policy/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af → PutResourcePolicy",
  "PUT /2021-07-20/functions/f/runtime-management-config → PutRuntimeManagementConfig",
  "DELETE /2018-10-31/layers/l/versions/1/policy/s → RemoveLayerVersionPermission",
  "DELETE /2015-03-31/functions/f/policy/s → RemovePermission",
  "POST /2025-12-01/durable-execution-callbacks/c/fail → SendDurableExecutionCallbackFailure",
  "POST /2025-12-01/durable-execution-callbacks/c/heartbeat → SendDurableExecutionCallbackHeartbeat",
  "POST /2025-12-01/durable-execution-callbacks/c/succeed → SendDurableExecutionCallbackSuccess",
  "POST /2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1%2Fdurable-execution%2Fa%2Fb/stop → StopDurableExecution",
  "POST /2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af → TagResource",
  "DELETE /2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af → UntagResource",
  "PUT /2015-03-31/functions/f/aliases/a → UpdateAlias",
  "PUT /2025-11-30/capacity-providers/c → UpdateCapacityProvider",
  "PUT /2020-04-22/code-signing-configs/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Acode-signing-config%3Acsc-0 → UpdateCodeSigningConfig",
  "PUT /2015-03-31/event-source-mappings/u → UpdateEventSourceMapping",
  "PUT /2015-03-31/functions/f/code → UpdateFunctionCode",
  "PUT /2015-03-31/functions/f/configuration → UpdateFunctionConfiguration",
  "POST /2019-09-25/functions/f/event-invoke-config → UpdateFunctionEventInvokeConfig",
  "PUT /2021-10-31/functions/f/url → UpdateFunctionUrlConfig",
];

/** The same operations as other clients word them: botocore ends some paths with a slash, ARNs may come unencoded. */
const OTHER_REQUESTS = [
  "POST /2015-03-31/functions/ → CreateFunction",
  "GET /2015-03-31/functions/?FunctionVersion=ALL&MaxItems=5 → ListFunctions",
  "GET /2015-03-31/event-source-mappings/ → ListEventSourceMappings",
  "POST /2014-11-13/functions/f/invoke-async/ → InvokeAsync",
  "GET /2016-08-19/account-settings/ → GetAccountSettings",
  "GET /2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f → GetFunction",
  "POST /2015-03-31/functions/123456789012:f:live/invocations?Qualifier=live → Invoke",
  "DELETE /2015-03-31/functions/f?Qualifier=1 → DeleteFunction",
];

const REFUSED_REQUESTS = [
  "PATCH /2015-03-31/functions",
  "PUT /2015-03-31/functions/f",
  "GET /2015-03-31/functions/f/invocations",
  "GET /2015-03-31/functions/f/nothing",
  "POST /2015-03-31/functions/f/invocations/more",
  "GET /2017-03-31/functions/f",
];

const DOMAIN = "verge.test";

function match(request: string): string {
  const [, method, path, query] = /^(\S+) ([^?\s]+)(?:\?(\S*))?$/.exec(request)!;
  expect(resolveAddress(DOMAIN, path!, DOMAIN)).toEqual({ service: "lambda" });
  return matchLambdaOperation(method!, path!, new Query(query ?? ""), new Headers()).operation.name;
}

const routed = [...SDK_REQUESTS, ...OTHER_REQUESTS].map((line) => line.split(" → ") as [string, string]);

describe("Lambda's paths", () => {
  test.each(routed)("%s → %s", (request, operation) => {
    expect(match(request)).toBe(operation);
  });

  test.each(REFUSED_REQUESTS)("%s is no operation", (request) => {
    expect(() => match(request)).toThrow(
      expect.objectContaining({ constructor: ServiceError, code: "UnknownOperationException", status: 404 }),
    );
  });
});

test("every operation of the SDK has a row, and every row a golden line", () => {
  const tested = new Set(SDK_REQUESTS.map((line) => line.split(" → ")[1]));
  expect(tested.size).toBe(88);
  expect(new Set(lambdaOperations.map(({ name }) => name))).toEqual(tested);
});
