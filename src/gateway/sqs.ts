import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { Query } from "../lib/query.ts";
import { queueDirectoryOf, queueOf } from "../metadata/queue/client.ts";
import type { QueueAddress } from "../metadata/queue/protocol.ts";
import { authorise } from "../sqs/access.ts";
import { parseInput, parseQueuePath, type SqsCall, type SqsResult } from "../sqs/call.ts";
import { queryCodeOf, sqsError } from "../sqs/errors.ts";
import { findSqsOperation } from "../sqs/operations.ts";
import { queuePoliciesOf } from "../sqs/queue-policies.ts";
import { findMoveSource } from "../sqs/move-tasks.ts";
import { readAction, readForm, renderAnswer, renderQueryError } from "../sqs/query-protocol.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { Incoming } from "./incoming.ts";
import { nameInJson } from "./json-errors.ts";
import { factsOf } from "./request-facts.ts";
import { type BodyLimit, readSignedBody } from "./signed-body.ts";

interface SqsRequest {
  readonly incoming: Incoming;
  readonly env: Env;
  readonly deployment: Deployment;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
}

const TARGET = /^AmazonSQS\.(\w+)$/;
/** Operations that name a queue by its name alone, wherever they were sent. */
const NAMING = new Set(["CreateQueue", "GetQueueUrl"]);
/** A batch of 1 MB, escaped in a form. */
const BODY_LIMIT: BodyLimit = {
  bytes: 6_291_456,
  discarded: 33_554_432,
  tooLarge: () => sqsError("BatchRequestTooLong", "The request is too long."),
};

/** Answers a request to SQS, in the protocol in which it came, whatever happens. */
export async function answerSqs(request: SqsRequest): Promise<Response> {
  const requestId = crypto.randomUUID();
  const target = request.incoming.headers.get("x-amz-target");
  try {
    return target === null ? await serveForm(request, requestId) : await serveJson(request, target, requestId);
  } catch (error) {
    request.incoming.witness.error = error;
    if (!(error instanceof ServiceError)) logFault(error, requestId, "SQS");
    const known = error instanceof ServiceError ? error : sqsError("InternalFailure", "An internal error occurred.");
    return target === null ? renderFormError(known, requestId) : renderJsonError(known, requestId);
  }
}

async function serveJson(request: SqsRequest, target: string, requestId: string): Promise<Response> {
  const name = TARGET.exec(target)?.[1] ?? target;
  const result = await serve(
    request,
    () => name,
    (body) => body,
  );
  return new Response(JSON.stringify(result.answer), {
    headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": requestId },
  });
}

async function serveForm(request: SqsRequest, requestId: string): Promise<Response> {
  // A GET has its parameters in the query, among those of a presigned signature.
  const readParameters = (body: Uint8Array) =>
    new Query(request.incoming.method === "GET" ? request.incoming.rawQuery : Buffer.from(body).toString());
  const { name, answer } = await serve(
    request,
    (body) => readAction(readParameters(body)),
    (body) => Buffer.from(JSON.stringify(readForm(readParameters(body)))),
  );
  return new Response(renderAnswer(name, answer, requestId), {
    headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
  });
}

async function serve(
  { incoming, env, deployment, onMatch }: SqsRequest,
  nameOf: (body: Uint8Array) => string,
  toJson: (body: Uint8Array) => Uint8Array,
): Promise<{ readonly name: string; readonly answer: SqsResult }> {
  const { identity, body } = await readSignedBody(incoming, ["sqs"], deployment, BODY_LIMIT);
  if (identity.kind !== "account") throw sqsError("AccessDenied", "Access to the resource is denied.");
  const name = nameOf(body);
  const operation = findSqsOperation(name);
  onMatch(name);
  const policies = queuePoliciesOf(env);
  const facts = factsOf(identity, incoming, deployment);
  const { region } = deployment;
  const call: SqsCall = {
    input: parseInput(toJson(body)),
    account: identity.account,
    region,
    origin: incoming.origin,
    traceHeader: incoming.headers.get("x-amzn-trace-id") ?? undefined,
    pathQueue: parseQueuePath(incoming.rawPath),
    queue: (address) => queueOf(env, address),
    directory: (accountId) => queueDirectoryOf(env, accountId),
    authorise: (action, address) => authorise({ facts, action, address, region }, policies),
    policyChanged: (address) => policies.forget(address),
  };
  const address = addressOf(name, call);
  incoming.witness.ownerId = address.accountId;
  await call.authorise(operation.access, address);
  const answer = await operation.handle(call);
  incoming.witness.answer = answer;
  return { name, answer };
}

/** The queue that a request is about, as the operation itself will read it; `*` where it names none. */
function addressOf(operation: string, { input, pathQueue, account }: SqsCall): QueueAddress {
  const none = { accountId: account.id, name: "*" };
  const byName = () => parseQueuePath(`${ownerOf(operation, input) ?? account.id}/${input.text("QueueName") ?? ""}`);
  if (operation === "ListQueues") return none;
  if (NAMING.has(operation)) return byName() ?? none;
  if (operation.includes("MessageMoveTask")) return findMoveSource(operation, input) ?? none;
  const url = input.text("QueueUrl");
  return (url === undefined ? pathQueue : parseQueuePath(url)) ?? none;
}

/** Another account's queue can be looked up by its name, and not made. */
function ownerOf(operation: string, input: SqsCall["input"]): string | undefined {
  return operation === "GetQueueUrl" ? input.text("QueueOwnerAWSAccountId") : undefined;
}

function renderJsonError(error: ServiceError, requestId: string): Response {
  const { code, status } = nameInJson(error);
  const fault = status < 500 ? "Sender" : "Receiver";
  return new Response(JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: error.message }), {
    status,
    headers: {
      ...error.headers,
      "content-type": "application/x-amz-json-1.0",
      "x-amzn-requestid": requestId,
      // For clients that know the codes of the older protocol.
      "x-amzn-query-error": `${queryCodeOf(error)};${fault}`,
    },
  });
}

function renderFormError(error: ServiceError, requestId: string): Response {
  return new Response(renderQueryError(error, requestId), {
    status: error.status,
    headers: { ...error.headers, "content-type": "text/xml", "x-amzn-requestid": requestId },
  });
}
