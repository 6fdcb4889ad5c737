import { principalsOf } from "../auth/principals.ts";
import { masterKeyOf } from "../auth/secrets.ts";
import { findStsOperation } from "../sts/operations.ts";
import { answerQuery, type QueryServiceRequest } from "./query-service.ts";
import { factsOf } from "./request-facts.ts";

const STS = { name: "sts", namespace: "https://sts.amazonaws.com/doc/2011-06-15/", version: "2011-06-15" };

const ROLE_OWNER = /^arn:aws:iam::(\d{12}):role\//;

/** Answers a request to STS. */
export function answerSts(request: QueryServiceRequest): Promise<Response> {
  const { incoming, env, deployment } = request;
  return answerQuery(request, STS, ({ action, input, identity }) => {
    const roleOwner = ROLE_OWNER.exec(input.text("RoleArn") ?? "")?.[1];
    if (roleOwner !== undefined) incoming.witness.ownerId = roleOwner;
    return findStsOperation(action).handle({
      input,
      caller: identity,
      facts: factsOf(identity, incoming, deployment),
      principals: principalsOf(env),
      directory: deployment.directory,
      masterKey: () => masterKeyOf(env.VERGE_MASTER_KEY ?? ""),
    });
  });
}
