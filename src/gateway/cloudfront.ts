import type { Account, Identity } from "../auth/identity.ts";
import { requireAllowed } from "../auth/policy/decide-action.ts";
import type { CdnCall, CdnResult } from "../cdn/control/call.ts";
import { cloudFrontError } from "../cdn/control/errors.ts";
import { matchCdnOperation } from "../cdn/control/service.ts";
import { distributions } from "../cdn/edge/distributions.ts";
import { ServiceError } from "../lib/errors.ts";
import { Query } from "../lib/query.ts";
import { cdnRegistryOf, distributionOf } from "../metadata/cdn/client.ts";
import { formatDistributionArn } from "../metadata/cdn/ids.ts";
import { renderCloudFrontError, renderCloudFrontResult } from "./cloudfront-response.ts";
import { createEdgeFunctionPorts } from "./edge-functions.ts";
import { logFault } from "./faults.ts";
import type { RuntimeRequest } from "./function-runtime.ts";
import type { RawIncoming } from "./incoming.ts";
import { factsOf } from "./request-facts.ts";
import { type BodyLimit, readSignedBody } from "./signed-body.ts";
import { readGlobalRegion } from "./signed-service.ts";

export interface CloudFrontRequest extends RuntimeRequest {
  readonly incoming: RawIncoming;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
}

/** A distribution with all that it may have stays well below. */
const BODY_LIMIT: BodyLimit = {
  bytes: 2 * 1024 * 1024,
  discarded: 16 * 1024 * 1024,
  tooLarge: () => cloudFrontError("RequestEntityTooLarge"),
};

/** Answers a request to the CloudFront API, in its wire format whatever happens. */
export async function answerCloudFront(request: CloudFrontRequest): Promise<Response> {
  const requestId = crypto.randomUUID();
  let operation = "";
  const onMatch = (name: string) => {
    operation = name;
    request.onMatch(name);
  };
  try {
    return renderCloudFrontResult(await serveCloudFront({ ...request, onMatch }, requestId), requestId);
  } catch (error) {
    request.incoming.witness.error = error;
    if (error instanceof ServiceError) return renderCloudFrontError(error, requestId);
    logFault(error, requestId, operation);
    return renderCloudFrontError(cloudFrontError("InternalError"), requestId);
  }
}

/** The pipeline: match, authenticate, run. Operations see what is the caller's account's, and nothing else. */
async function serveCloudFront(request: CloudFrontRequest, requestId: string): Promise<CdnResult> {
  const { incoming, env } = request;
  const query = new Query(incoming.rawQuery);
  const { operation, parameters } = matchCdnOperation(incoming.method, incoming.rawPath, query, incoming.headers);
  request.onMatch(operation.name);
  const { deployment } = request;
  const region = readGlobalRegion(incoming.headers, deployment.region);
  const { identity, body } = await readSignedBody(incoming, ["cloudfront"], { ...deployment, region }, BODY_LIMIT);
  const facts = factsOf(identity, incoming, deployment);
  const call: CdnCall = {
    requestId,
    operation: operation.name,
    account: requireAccount(identity),
    parameters,
    query,
    headers: incoming.headers,
    body,
    origin: incoming.origin,
    domain: deployment.domain,
    apiHosts: [incoming.host, new URL(deployment.endpointUrl).hostname],
    aliasGrants: deployment.aliasGrants,
    registry: cdnRegistryOf(env),
    requireAllowed: (asked) => requireAllowed(facts, asked),
    distribution: (id) => distributionOf(env, id),
    ...createEdgeFunctionPorts(request),
  };
  const distributionId = operation.path.includes("/distribution/")
    ? (parameters["DistributionId"] ?? parameters["Id"])
    : undefined;
  requireAllowed(facts, {
    action: `cloudfront:${operation.name}`,
    resource: distributionId === undefined ? "*" : formatDistributionArn(call.account.id, distributionId),
  });
  incoming.witness.parameters = distributionId === undefined ? parameters : { DistributionId: distributionId };
  if (incoming.method === "GET") return operation.handle(call);
  const result = await operation.handle(call);
  const createdId = readCreatedId(result);
  if (createdId !== undefined) incoming.witness.answer = { [createdMember(operation.name)]: createdId };
  // In force here at once, and in other locations within seconds.
  await distributions.forget(parameters["DistributionId"] ?? parameters["Id"]);
  return result;
}

/** The last part of where what was created is. */
function readCreatedId({ headers }: CdnResult): string | undefined {
  return headers?.["location"]?.split("/").at(-1);
}

function createdMember(operation: string): string {
  return /Distribution(WithTags)?$/.test(operation) ? "DistributionId" : "Id";
}

function requireAccount(identity: Identity): Account {
  if (identity.kind === "account") return identity.account;
  throw cloudFrontError("AccessDenied");
}
