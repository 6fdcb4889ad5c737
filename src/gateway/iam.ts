import { principalsOf } from "../auth/principals.ts";
import { authorise } from "../iam/access.ts";
import type { IamCall } from "../iam/call.ts";
import { findIamOperation } from "../iam/operations.ts";
import type { QueryResult } from "../lib/query-protocol.ts";
import { iamOf } from "../metadata/iam/client.ts";
import { runRecorded } from "../metadata/registry/audited.ts";
import { answerQuery, type QueryServiceRequest, type SignedAction } from "./query-service.ts";
import { factsOf } from "./request-facts.ts";

const IAM = { name: "iam", namespace: "https://iam.amazonaws.com/doc/2010-05-08/", version: "2010-05-08" };
const READS = /^(Get|List|Simulate)/;

/** Answers a request to IAM. */
export function answerIam(request: QueryServiceRequest): Promise<Response> {
  return answerQuery(request, IAM, (signed) => serveIam(request, signed));
}

/** Match, authorise, run; what changes something leaves a record. */
async function serveIam(
  { incoming, env, deployment }: QueryServiceRequest,
  { action, input, identity, requestId }: SignedAction,
): Promise<QueryResult | undefined> {
  const operation = findIamOperation(action);
  const accountId = identity.account.id;
  const call: IamCall = { input, caller: identity, accountId, iam: iamOf(env, accountId), env };
  const run = async () => {
    await authorise(call, operation, factsOf(identity, incoming, deployment));
    return operation.handle(call);
  };
  if (READS.test(action)) return run();
  const event = {
    requestId,
    accountId,
    accessKeyId: identity.accessKeyId,
    source: incoming.clientAddress ?? "",
    action: operation.access,
    target: targetOf(call),
  };
  try {
    return await runRecorded(env, event, run);
  } finally {
    principalsOf(env).forget();
  }
}

/** What a change is applied to, as the request names it. */
function targetOf({ input, caller }: IamCall): string {
  const names = ["UserName", "GroupName", "RoleName", "PolicyArn", "PolicyName", "AccessKeyId"];
  const given = names.flatMap((name) => input.text(name) ?? []);
  return given.length > 0 ? given.join(" ") : (caller.principal?.arn ?? caller.account.id);
}
