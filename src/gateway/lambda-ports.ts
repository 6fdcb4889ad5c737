import type { Identity } from "../auth/identity.ts";
import { masterKeyOf } from "../auth/secrets.ts";
import type { LambdaPorts } from "../lambda/call.ts";
import { functionRegistryOf } from "../metadata/function/client.ts";
import { presignFunctionCode } from "./function-code.ts";
import { createFunctionRuntime, reserveExecution } from "./function-runtime.ts";
import type { LambdaRequest } from "./lambda.ts";
import { issueRoleKeys } from "./role-keys.ts";
import { readObjectAs } from "./read-object.ts";

/** What the Lambda service needs of the deployment, for one request. */
export function createLambdaPorts(request: LambdaRequest, identity: Identity): LambdaPorts {
  const { env, incoming, deployment, defer } = request;
  const master = () => masterKeyOf(env.VERGE_MASTER_KEY ?? "");
  return {
    registry: (accountId) => functionRegistryOf(env, accountId),
    readObject: (object, limit) => readObjectAs(identity, object, limit, request),
    seal: async (secret, owner) => (await master()).seal(secret, owner),
    open: async (sealed, owner) => (await master()).open(sealed, owner),
    presignCode: async (codeId) => presignFunctionCode(await master(), incoming.origin, codeId),
    tag: async (text) => (await master()).tag(text),
    endpointUrl: deployment.endpointUrl,
    issueKeys: async (accountId, roleArn) => issueRoleKeys(await master(), accountId, roleArn),
    runtime: (codeId) => createFunctionRuntime(request, codeId),
    reserveExecution: (fn, limit) => reserveExecution(request, fn, limit),
    defer,
  };
}
