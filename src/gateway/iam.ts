import { principalsOf } from "../auth/principals.ts";
import { authorise } from "../iam/access.ts";
import type { IamCall } from "../iam/call.ts";
import { findIamOperation } from "../iam/operations.ts";
import type { QueryResult } from "../lib/query-protocol.ts";
import { iamOf } from "../metadata/iam/client.ts";
import { answerQuery, type QueryServiceRequest, type SignedAction } from "./query-service.ts";
import { factsOf } from "./request-facts.ts";

const IAM = { name: "iam", namespace: "https://iam.amazonaws.com/doc/2010-05-08/", version: "2010-05-08" };
const READS = /^(Get|List|Simulate)/;

/** Answers a request to IAM. */
export function answerIam(request: QueryServiceRequest): Promise<Response> {
  return answerQuery(request, IAM, (signed) => serveIam(request, signed));
}

/** Match, authorise, run. */
async function serveIam(
  { incoming, env, deployment }: QueryServiceRequest,
  { action, input, identity }: SignedAction,
): Promise<QueryResult | undefined> {
  const operation = findIamOperation(action);
  const accountId = identity.account.id;
  const call: IamCall = { input, caller: identity, accountId, iam: iamOf(env, accountId), env };
  await authorise(call, operation, factsOf(identity, incoming, deployment));
  try {
    return await operation.handle(call);
  } finally {
    if (!READS.test(action)) principalsOf(env).forget();
  }
}
