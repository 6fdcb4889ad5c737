import type { Account, Identity } from "../auth/identity.ts";
import { isAccountItself, requireAllowed } from "../auth/policy/decide-action.ts";
import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { JsonInput } from "../lib/json-input.ts";
import type { LogsCall } from "../logs/call.ts";
import { INPUT_ERRORS, logsError } from "../logs/errors.ts";
import { findLogsOperation } from "../logs/operations.ts";
import { askLogIndex } from "../metadata/logs/client.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { Incoming } from "./incoming.ts";
import { nameInJson } from "./json-errors.ts";
import { peekMembers, textOf } from "./principal-access.ts";
import { factsOf } from "./request-facts.ts";
import { readSignedBody } from "./signed-body.ts";

export interface LogsRequest {
  readonly incoming: Incoming;
  readonly env: Env;
  readonly deployment: Deployment;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
}

const CONTENT_TYPE = "application/x-amz-json-1.1";
const TARGET = /^Logs_20140328\.([A-Za-z0-9]+)$/;
/** PutLogEvents takes 1 MB of text, which JSON may write six times as long. */
const BODY_LIMIT = {
  bytes: 8_388_608,
  discarded: 16_777_216,
  tooLarge: () => logsError("RequestEntityTooLargeException", "Request is too large."),
};

/** Answers a request to CloudWatch Logs (AWS JSON 1.1), in its wire format whatever happens. */
export async function answerLogs(request: LogsRequest): Promise<Response> {
  const requestId = crypto.randomUUID();
  const headers = { "x-amzn-requestid": requestId, "content-type": CONTENT_TYPE };
  try {
    const answer = await serveLogs(request);
    return new Response(answer === undefined ? null : JSON.stringify(answer), { headers });
  } catch (error) {
    request.incoming.witness.error = error;
    const { code, status, message } = toServiceError(error, requestId);
    return new Response(JSON.stringify({ __type: code, message }), { status, headers });
  }
}

/** Authenticate, match, authorise, run. */
async function serveLogs({ incoming, env, deployment, onMatch }: LogsRequest): Promise<object | undefined> {
  const name = TARGET.exec(incoming.headers.get("x-amz-target") ?? "")?.[1] ?? "";
  const operation = findLogsOperation(name);
  onMatch(operation?.name ?? "");
  const { identity, body } = await readSignedBody(incoming, ["logs"], deployment, BODY_LIMIT);
  const account = requireAccount(identity);
  if (!operation || incoming.method !== "POST") {
    throw logsError("UnknownOperationException", `CloudWatch Logs has no operation ${name}.`);
  }
  if (!isAccountItself(identity)) {
    const members = peekMembers(body);
    const group = textOf(members, "logGroupName") || textOf(members, "logGroupIdentifier") || "*";
    const own = `arn:aws:logs:${deployment.region}:${account.id}:log-group:${group}`;
    const stream = textOf(members, "logStreamName");
    const resource = group.startsWith("arn:") ? group : stream === "" ? own : `${own}:log-stream:${stream}`;
    requireAllowed(factsOf(identity, incoming, deployment), { action: `logs:${name}`, resource });
  }
  const call: LogsCall = {
    account,
    region: deployment.region,
    input: JsonInput.parse(body, INPUT_ERRORS),
    ask: (question) => askLogIndex(env, account.id, question),
    env,
  };
  return operation.handle(call);
}

/** Its own logs are all that an account can name: whoever is the account may do everything with them. */
function requireAccount(identity: Identity): Account {
  if (identity.kind === "account") return identity.account;
  throw logsError("MissingAuthenticationTokenException", "Missing Authentication Token");
}

function toServiceError(error: unknown, requestId: string): { code: string; status: number; message: string } {
  if (error instanceof ServiceError) return { ...nameInJson(error), message: error.message };
  logFault(error, requestId, "logs");
  return { code: "ServiceUnavailableException", status: 500, message: "The service cannot complete the request." };
}
