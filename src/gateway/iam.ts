import { ServiceError } from "../lib/errors.ts";
import { answerQuery, type QueryServiceRequest } from "./query-service.ts";

const IAM = { name: "iam", namespace: "https://iam.amazonaws.com/doc/2010-05-08/", version: "2010-05-08" };

/** Answers a request to IAM. */
export function answerIam(request: QueryServiceRequest): Promise<Response> {
  return answerQuery(request, IAM, async ({ action }) => {
    throw new ServiceError("NotImplemented", 501, `This version of Verge does not implement ${action}.`);
  });
}
