import type { Identity } from "../auth/identity.ts";
import { masterKeyOf } from "../auth/secrets.ts";
import type { ExecutionPorts, LambdaPorts } from "../lambda/call.ts";
import { unusableRole } from "../lambda/errors.ts";
import { Deadlines } from "../lambda/runtime/deadlines.ts";
import { functionRegistryOf } from "../metadata/function/client.ts";
import { acceptEvents, askFunctionEvents } from "../metadata/function/events-client.ts";
import { checkBucketAs } from "./act-on-bucket.ts";
import { queueOf } from "../metadata/queue/client.ts";
import { logRecorderOf } from "../metadata/logs/recorder.ts";
import { presignFunctionCode } from "./function-code.ts";
import { createFunctionRuntime, reserveExecution, type RuntimeRequest } from "./function-runtime.ts";
import type { LambdaRequest } from "./lambda.ts";
import { isAllowedToRole, requireTrust } from "./principal-access.ts";
import { issueRoleKeys } from "./role-keys.ts";
import { readObjectAs } from "./read-object.ts";

/** What the Lambda service needs of the deployment, for one request. */
export function createLambdaPorts(request: LambdaRequest, identity: Identity): LambdaPorts {
  const { env, incoming } = request;
  const master = () => masterKeyOf(env.VERGE_MASTER_KEY ?? "");
  return {
    ...createExecutionPorts(request),
    registry: (accountId) => functionRegistryOf(env, accountId),
    readObject: (object, limit) => readObjectAs(identity, object, limit, request),
    checkBucket: (bucket) => checkBucketAs(identity, bucket, request),
    checkRole: (accountId, roleArn, sourceArn) =>
      requireTrust(env, { accountId, roleArn, service: "lambda.amazonaws.com", sourceArn }, unusableRole()),
    isAllowedToRole: (accountId, roleArn, action, resource) =>
      isAllowedToRole(env, { accountId, roleArn }, action, resource),
    seal: async (secret, owner) => (await master()).seal(secret, owner),
    presignCode: async (codeId) => presignFunctionCode(await master(), incoming.origin, codeId),
    tag: async (text) => (await master()).tag(text),
    acceptEvents: (target, events) => acceptEvents(env, target, events),
    queue: (address) => queueOf(env, address),
    dropEvents: (target) => askFunctionEvents(env, target, (events) => events.clear()),
  };
}

/** What running a function needs of it. */
export function createExecutionPorts(request: RuntimeRequest): ExecutionPorts {
  const { env, deployment, defer } = request;
  const deadlines = new Deadlines();
  const master = () => masterKeyOf(env.VERGE_MASTER_KEY ?? "");
  return {
    open: async (sealed, owner) => (await master()).open(sealed, owner),
    endpointUrl: deployment.endpointUrl,
    issueKeys: async (accountId, roleArn) => issueRoleKeys(await master(), accountId, roleArn),
    runtime: (codeId) => createFunctionRuntime(request, codeId, deadlines),
    reserveExecution: (fn, limit) => reserveExecution(request, fn, limit),
    recordInvocation: (log) => logRecorderOf(env).record(log, defer),
    defer,
  };
}
