import { isAccountItself, requireAllowed } from "../auth/policy/decide-action.ts";
import type { RequestFacts } from "../auth/policy/principal-keys.ts";
import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { Query } from "../lib/query.ts";
import { parseQueueArn } from "../metadata/queue/settings.ts";
import { formatGroupArn } from "../metadata/schedule/arn.ts";
import { schedulesOf } from "../metadata/schedule/client.ts";
import type { ScheduleOwner } from "../metadata/schedule/protocol.ts";
import { schedulerError } from "../scheduler/errors.ts";
import { matchSchedulerOperation } from "../scheduler/service.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { RawIncoming } from "./incoming.ts";
import { nameInJson } from "./json-errors.ts";
import { peekMembers, requirePassRole, requireTrust, textOf } from "./principal-access.ts";
import { factsOf } from "./request-facts.ts";
import { type BodyLimit, readSignedBody } from "./signed-body.ts";

interface SchedulerRequest {
  readonly incoming: RawIncoming;
  readonly env: Env;
  readonly deployment: Deployment;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
}

const TARGET_TAKERS = new Set(["CreateSchedule", "UpdateSchedule"]);
const SEND = "sqs:SendMessage";
/** An input of 1 MB, escaped, and the rest. */
const BODY_LIMIT: BodyLimit = {
  bytes: 4_194_304,
  discarded: 16_777_216,
  tooLarge: () => schedulerError("ValidationException", "The request body must have at most 4194304 bytes."),
};

/** Answers a request to EventBridge Scheduler, in its wire format whatever happens. */
export async function answerScheduler(request: SchedulerRequest): Promise<Response> {
  const requestId = crypto.randomUUID();
  try {
    const result = await serveScheduler(request);
    request.incoming.witness.answer = result;
    return Response.json(result, { headers: { "x-amzn-requestid": requestId } });
  } catch (error) {
    request.incoming.witness.error = error;
    if (error instanceof ServiceError) return renderError(error, requestId);
    logFault(error, requestId, "Scheduler");
    return renderError(schedulerError("InternalServerException", "An internal error occurred."), requestId);
  }
}

async function serveScheduler({ incoming, env, deployment, onMatch }: SchedulerRequest): Promise<object> {
  const query = new Query(incoming.rawQuery);
  const { operation, parameters } = matchSchedulerOperation(incoming.method, incoming.rawPath, query, incoming.headers);
  onMatch(operation.name);
  incoming.witness.parameters = parameters;
  const { identity, body } = await readSignedBody(incoming, ["scheduler"], deployment, BODY_LIMIT);
  if (identity.kind !== "account") {
    throw schedulerError("AccessDeniedException", "The request is not signed by an account.");
  }
  if (!isAccountItself(identity)) {
    const { Name = textOf(peekMembers(body), "Name") } = parameters;
    const group = query.get("groupName") ?? (textOf(peekMembers(body), "GroupName") || "default");
    const kind = operation.name.includes("Group") ? "schedule-group" : "schedule";
    const resource = `arn:aws:scheduler:${deployment.region}:${identity.account.id}:${kind}/${kind === "schedule" ? `${group}/` : ""}${Name || "*"}`;
    const facts = factsOf(identity, incoming, deployment);
    requireAllowed(facts, { action: `scheduler:${operation.name}`, resource });
  }
  const owner = { accountId: identity.account.id, region: deployment.region };
  if (TARGET_TAKERS.has(operation.name)) {
    await requireTargetAllowed(env, owner, factsOf(identity, incoming, deployment), peekMembers(body));
  }
  return operation.handle({ parameters, query, body, owner, schedules: schedulesOf(env, owner.accountId) });
}

/** Schedules act for the account: who makes one must be allowed what it will do, and its role trust the Scheduler. */
async function requireTargetAllowed(
  env: Env,
  owner: ScheduleOwner,
  facts: RequestFacts,
  members: Readonly<Record<string, unknown>>,
): Promise<void> {
  const target = structureOf(members, "Target");
  const resource = textOf(target, "Arn");
  const deadLetters = textOf(structureOf(target, "DeadLetterConfig"), "Arn");
  const roleArn = textOf(target, "RoleArn");
  // The operation refuses what has none.
  if (resource === "" || roleArn === "") return;
  requireAllowed(facts, { action: parseQueueArn(resource) ? SEND : "lambda:InvokeFunction", resource });
  if (deadLetters !== "") requireAllowed(facts, { action: SEND, resource: deadLetters });
  const service = "scheduler.amazonaws.com";
  const unusable = schedulerError(
    "ValidationException",
    "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
  );
  await requirePassRole(env, facts, roleArn, service, unusable);
  // "Confused deputy prevention": the source is the schedule's group.
  const sourceArn = formatGroupArn(owner, textOf(members, "GroupName") || "default");
  await requireTrust(env, { accountId: owner.accountId, roleArn, service, sourceArn }, unusable);
}

function structureOf(members: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const value = members[name];
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function renderError(error: ServiceError, requestId: string): Response {
  const { code, status } = nameInJson(error);
  const headers = { ...error.headers, "x-amzn-requestid": requestId, "x-amzn-errortype": code };
  return Response.json({ Message: error.message }, { status, headers });
}
