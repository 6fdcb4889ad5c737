import { principalsOf } from "../auth/principals.ts";
import { masterKeyOf } from "../auth/secrets.ts";
import { findStsOperation } from "../sts/operations.ts";
import { answerQuery, type QueryServiceRequest } from "./query-service.ts";
import { factsOf } from "./request-facts.ts";

const STS = { name: "sts", namespace: "https://sts.amazonaws.com/doc/2011-06-15/", version: "2011-06-15" };

/** Answers a request to STS. */
export function answerSts(request: QueryServiceRequest): Promise<Response> {
  const { incoming, env, deployment } = request;
  return answerQuery(request, STS, ({ action, input, identity }) =>
    findStsOperation(action).handle({
      input,
      caller: identity,
      facts: factsOf(identity, incoming, deployment),
      principals: principalsOf(env),
      directory: deployment.directory,
      masterKey: () => masterKeyOf(env.VERGE_MASTER_KEY ?? ""),
    }),
  );
}
