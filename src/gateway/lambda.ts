import type { Account, Identity } from "../auth/identity.ts";
import { isAccountItself, requireAllowed } from "../auth/policy/decide-action.ts";
import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { Query } from "../lib/query.ts";
import { authorise, isPlainlyOwn } from "../lambda/access.ts";
import type { LambdaCall, LambdaResult } from "../lambda/call.ts";
import { lambdaError, unusableRole } from "../lambda/errors.ts";
import { formatMappingArn, parseMappingArn } from "../lambda/names.ts";
import { matchLambdaOperation, readTarget } from "../lambda/service.ts";
import { functionDirectoryOf } from "../metadata/function/directory.ts";
import { FunctionCodeStore } from "../storage/function-code.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { OwnEntrypoints } from "./function-runtime.ts";
import type { RawIncoming } from "./incoming.ts";
import { createLambdaPorts } from "./lambda-ports.ts";
import { peekMembers, requirePassRole, textOf } from "./principal-access.ts";
import { factsOf } from "./request-facts.ts";
import { renderLambdaError, renderLambdaResult } from "./lambda-response.ts";
import { type BodyLimit, readSignedBody } from "./signed-body.ts";

export interface LambdaRequest {
  readonly incoming: RawIncoming;
  readonly env: Env;
  readonly deployment: Deployment;
  readonly entrypoints: OwnEntrypoints;
  readonly defer: (work: Promise<unknown>) => void;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
}

/** Lambda's synchronous payload ("Lambda quotas"). */
const MAX_PAYLOAD_BYTES = 6_291_456;
/**
 * Of the other requests, the largest of which carry a zip in base64: about 10 MB of it. The body, its text,
 * the zip and what is in it lie in an isolate of 128 MB together; larger packages come from a bucket.
 */
const MAX_BODY_BYTES = 14_680_064;
const ROLE_TAKERS = new Set(["CreateFunction", "UpdateFunctionConfiguration"]);
/** AWS takes zips of 50 MB directly: that many bytes in base64 are worth a proper answer. */
const MAX_DISCARDED_BYTES = 71_303_168;

/** Answers a request to the Lambda API, in its wire format whatever happens. */
export async function answerLambda(request: LambdaRequest): Promise<Response> {
  // Lambda's ids are UUIDs, and handlers see them as `context.awsRequestId`.
  const requestId = crypto.randomUUID();
  let operation = "";
  const onMatch = (name: string) => {
    operation = name;
    request.onMatch(name);
  };
  try {
    const result = await serveLambda({ ...request, incoming: { ...request.incoming, requestId }, onMatch });
    if (result.json) request.incoming.witness.answer = result.json;
    return renderLambdaResult(result, requestId);
  } catch (error) {
    request.incoming.witness.error = error;
    if (error instanceof ServiceError) return renderLambdaError(error, requestId);
    logFault(error, requestId, operation);
    return renderLambdaError(lambdaError("ServiceException", "An internal error occurred."), requestId);
  }
}

/** The Lambda pipeline: match, authenticate, authorise, run. Throws a ServiceError, or what went wrong. */
async function serveLambda(request: LambdaRequest): Promise<LambdaResult> {
  const { incoming, deployment, env } = request;
  const query = new Query(incoming.rawQuery);
  const matched = matchLambdaOperation(incoming.method, incoming.rawPath, query, incoming.headers);
  const { operation, parameters } = matched;
  request.onMatch(operation.name);
  const { identity, body } = await readSignedBody(incoming, ["lambda"], deployment, limitOf(operation.name));
  const account = requireAccount(identity);
  const { region } = deployment;
  incoming.witness.parameters = parameters;
  const target = readTarget(matched, query, { callerAccountId: account.id, region });
  incoming.witness.ownerId = target.accountId;
  const call: LambdaCall = {
    requestId: incoming.requestId,
    operation: operation.name,
    identity,
    account,
    parameters,
    query,
    headers: incoming.headers,
    body,
    target,
    origin: incoming.origin,
    region,
    directory: functionDirectoryOf(env),
    packages: new FunctionCodeStore(env.BLOBS),
    ports: createLambdaPorts(request, identity),
  };
  if (!isPlainlyOwn(call)) await requireCallAllowed(call, String(operation.access), request);
  return operation.handle(call);
}

/** What the policies of the caller and of the function that it addresses say, also of the role that a function gets. */
async function requireCallAllowed(call: LambdaCall, action: string, request: LambdaRequest): Promise<void> {
  const { identity, parameters, target } = call;
  const facts = factsOf(identity, request.incoming, request.deployment);
  const isOfFunction = target.name !== "" && parameters["LayerName"] === undefined;
  if (isOfFunction) await authorise(call, facts, { action });
  else requireAllowed(facts, { action, resource: resourceOf(call) });
  if (isAccountItself(identity) || !ROLE_TAKERS.has(call.operation)) return;
  const role = textOf(peekMembers(call.body), "Role");
  if (role !== "") await requirePassRole(request.env, facts, role, "lambda.amazonaws.com", unusableRole());
}

/** What an operation is about that addresses no function: a layer, an event source mapping, a function of the body, or nothing. */
function resourceOf({ account, body, parameters, region }: LambdaCall): string {
  const own = `arn:aws:lambda:${region}:${account.id}`;
  const layer = parameters["LayerName"];
  if (layer !== undefined) return `${own}:layer:${layer}`;
  // By what it is now: the body of a change names the function that it is to be of.
  const tagged = parameters["Resource"];
  const mapping = parameters["UUID"] ?? (tagged && parseMappingArn(tagged, region, account.id));
  if (mapping !== undefined) return formatMappingArn(region, account.id, mapping);
  const name = textOf(peekMembers(body), "FunctionName");
  if (name.startsWith("arn:")) return name;
  return name === "" ? "*" : `${own}:function:${name}`;
}

function requireAccount(identity: Identity): Account {
  if (identity.kind === "account") return identity.account;
  throw lambdaError("MissingAuthenticationTokenException", "Missing Authentication Token");
}

/** What an operation takes as its body. */
function limitOf(operation: string): BodyLimit {
  const bytes = operation.startsWith("Invoke") ? MAX_PAYLOAD_BYTES : MAX_BODY_BYTES;
  return { bytes, discarded: MAX_DISCARDED_BYTES, tooLarge: () => tooLarge(bytes, operation) };
}

function tooLarge(limit: number, operation: string): ServiceError {
  const name = operation === "Invoke" ? "InvokeFunction" : operation;
  return lambdaError(
    "RequestTooLargeException",
    `Request must be smaller than ${limit} bytes for the ${name} operation`,
  );
}
