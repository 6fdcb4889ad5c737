import { findStsOperation } from "../sts/operations.ts";
import { answerQuery, type QueryServiceRequest } from "./query-service.ts";

const STS = { name: "sts", namespace: "https://sts.amazonaws.com/doc/2011-06-15/", version: "2011-06-15" };

/** Answers a request to STS. */
export function answerSts(request: QueryServiceRequest): Promise<Response> {
  return answerQuery(request, STS, ({ action, input, identity }) =>
    findStsOperation(action).handle({ input, caller: identity }),
  );
}
