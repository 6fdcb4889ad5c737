import type { Identity, Account } from "../auth/identity.ts";
import { requireAllowed } from "../auth/policy/decide-action.ts";
import { Keyring } from "../auth/kms/keyring.ts";
import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { JsonInput } from "../lib/json-input.ts";
import { INPUT_ERRORS, kmsError } from "../kms/errors.ts";
import { findKmsOperation } from "../kms/operations.ts";
import { kmsKeysOf } from "../metadata/kms/client.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { Incoming } from "./incoming.ts";
import { nameInJson } from "./json-errors.ts";
import { factsOf } from "./request-facts.ts";
import { type BodyLimit, readSignedBody } from "./signed-body.ts";

interface KmsRequest {
  readonly incoming: Incoming;
  readonly env: Env;
  readonly deployment: Deployment;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
}

const CONTENT_TYPE = "application/x-amz-json-1.1";
const TARGET = /^TrentService\.([A-Za-z]+)$/;
/** A policy of 32 KB with all its quotes escaped, and what is said of a larger one. */
const BODY_LIMIT: BodyLimit = {
  bytes: 262_144,
  discarded: 1_048_576,
  tooLarge: () => kmsError("RequestEntityTooLargeException", "Request is too large."),
};

/** Answers a request to KMS (AWS JSON 1.1), in its wire format whatever happens. */
export async function answerKms(request: KmsRequest): Promise<Response> {
  const requestId = crypto.randomUUID();
  const headers = { "x-amzn-requestid": requestId, "content-type": CONTENT_TYPE };
  try {
    const answer = await serveKms(request);
    if (answer) request.incoming.witness.answer = answer;
    return new Response(answer === undefined ? null : JSON.stringify(answer), { headers });
  } catch (error) {
    request.incoming.witness.error = error;
    if (!(error instanceof ServiceError)) logFault(error, requestId, "kms");
    const known =
      error instanceof ServiceError ? error : kmsError("KMSInternalException", "An internal error occurred.");
    const { code, status } = nameInJson(known);
    return new Response(JSON.stringify({ __type: code, message: known.message }), { status, headers });
  }
}

/** Authenticate, match, run. */
async function serveKms({ incoming, env, deployment, onMatch }: KmsRequest): Promise<object | undefined> {
  const name = TARGET.exec(incoming.headers.get("x-amz-target") ?? "")?.[1] ?? "";
  const operation = findKmsOperation(name);
  onMatch(operation?.name ?? "");
  const { identity, body } = await readSignedBody(incoming, ["kms"], deployment, BODY_LIMIT);
  const account = requireAccount(identity);
  if (!operation || incoming.method !== "POST") {
    throw kmsError("UnsupportedOperationException", `This deployment does not serve ${name} of KMS.`);
  }
  const facts = factsOf(identity, incoming, deployment);
  if (operation.on === "account") requireAllowed(facts, { action: operation.access, resource: "*" });
  return operation.handle({
    operation: operation.name,
    account,
    facts,
    region: deployment.region,
    input: JsonInput.parse(body, INPUT_ERRORS),
    keys: kmsKeysOf(env, account.id),
    directory: deployment.directory,
    keyring: new Keyring(env),
  });
}

function requireAccount(identity: Identity): Account {
  if (identity.kind === "account") return identity.account;
  throw kmsError("MissingAuthenticationTokenException", "Missing Authentication Token");
}
