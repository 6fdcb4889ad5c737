import type { Identity } from "../auth/identity.ts";
import { requireAllowed } from "../auth/policy/decide-action.ts";
import { cloudTrailError, INPUT_ERRORS } from "../cloudtrail/errors.ts";
import { findCloudTrailOperation } from "../cloudtrail/operations.ts";
import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { JsonInput } from "../lib/json-input.ts";
import { askAuditTrail } from "../metadata/trail/client.ts";
import { trailLimits } from "../metadata/trail/limits.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { Incoming } from "./incoming.ts";
import { nameInJson } from "./json-errors.ts";
import { factsOf } from "./request-facts.ts";
import { type BodyLimit, readSignedBody } from "./signed-body.ts";

interface CloudTrailRequest {
  readonly incoming: Incoming;
  readonly env: Env;
  readonly deployment: Deployment;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
}

const CONTENT_TYPE = "application/x-amz-json-1.1";
/** In full, or short as some clients send it. */
const TARGET = /^(?:com\.amazonaws\.cloudtrail\.v20131101\.)?CloudTrail_20131101\.([A-Za-z]+)$/;
const BODY_LIMIT: BodyLimit = {
  bytes: 65_536,
  discarded: 1_048_576,
  tooLarge: () => cloudTrailError("RequestEntityTooLargeException", "Request is too large."),
};

/** Answers a request to CloudTrail (AWS JSON 1.1), in its wire format whatever happens. */
export async function answerCloudTrail(request: CloudTrailRequest): Promise<Response> {
  const requestId = crypto.randomUUID();
  const headers = { "x-amzn-requestid": requestId, "content-type": CONTENT_TYPE };
  try {
    return new Response(JSON.stringify(await serveCloudTrail(request)), { headers });
  } catch (error) {
    request.incoming.witness.error = error;
    const { code, status, message } = toServiceError(error, requestId);
    return new Response(JSON.stringify({ __type: code, message }), { status, headers });
  }
}

/** Match, authenticate, authorise, run. */
async function serveCloudTrail({ incoming, env, deployment, onMatch }: CloudTrailRequest): Promise<object> {
  const name = TARGET.exec(incoming.headers.get("x-amz-target") ?? "")?.[1] ?? "";
  const operation = findCloudTrailOperation(name);
  onMatch(operation?.name ?? "");
  const { identity, body } = await readSignedBody(incoming, ["cloudtrail"], deployment, BODY_LIMIT);
  const account = requireAccount(identity);
  if (!operation || incoming.method !== "POST") {
    throw cloudTrailError("UnknownOperationException", `CloudTrail has no operation ${name}.`);
  }
  requireAllowed(factsOf(identity, incoming, deployment), { action: operation.access, resource: "*" });
  return operation.handle({
    account,
    input: JsonInput.parse(body, INPUT_ERRORS),
    ask: (question) => askAuditTrail(env, account.id, question),
    keptDays: trailLimits(env).days,
  });
}

function requireAccount(identity: Identity) {
  if (identity.kind === "account") return identity.account;
  throw cloudTrailError("MissingAuthenticationTokenException", "Missing Authentication Token");
}

function toServiceError(error: unknown, requestId: string): { code: string; status: number; message: string } {
  if (error instanceof ServiceError) return { ...nameInJson(error), message: error.message };
  logFault(error, requestId, "cloudtrail");
  return { code: "InternalFailure", status: 500, message: "An internal error occurred." };
}
