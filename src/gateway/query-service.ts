import type { Identity } from "../auth/identity.ts";
import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import { Query } from "../lib/query.ts";
import { FormInput, type QueryResult, renderQueryAnswer, renderQueryError } from "../lib/query-protocol.ts";
import type { Deployment } from "./deployment.ts";
import { logFault } from "./faults.ts";
import type { Incoming } from "./incoming.ts";
import { type BodyLimit, readSignedBody } from "./signed-body.ts";
import { readGlobalRegion } from "./signed-service.ts";

export interface QueryServiceRequest {
  readonly incoming: Incoming;
  readonly env: Env;
  readonly deployment: Deployment;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
}

export interface SignedAction {
  readonly action: string;
  readonly input: FormInput;
  readonly identity: Extract<Identity, { kind: "account" }>;
  readonly requestId: string;
}

interface QueryService {
  /** In the scope of signatures. */
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
}

/** What authentication says in S3's codes, as services of the Query protocol have it ("Common Errors"). */
const QUERY_NAMES: Readonly<Record<string, { code: string; status: number; message?: string }>> = {
  AuthorizationHeaderMalformed: { code: "IncompleteSignature", status: 400 },
  AuthorizationQueryParametersError: { code: "IncompleteSignature", status: 400 },
  ExpiredToken: {
    code: "ExpiredToken",
    status: 403,
    message: "The security token included in the request is expired",
  },
  InvalidAccessKeyId: {
    code: "InvalidClientTokenId",
    status: 403,
    message: "The security token included in the request is invalid.",
  },
  InvalidToken: {
    code: "InvalidClientTokenId",
    status: 403,
    message: "The security token included in the request is invalid.",
  },
  RequestTimeTooSkewed: { code: "SignatureDoesNotMatch", status: 403 },
  XAmzContentSHA256Mismatch: { code: "SignatureDoesNotMatch", status: 403 },
};

/** Policies and their tags, escaped in a form. */
const BODY_LIMIT: BodyLimit = {
  bytes: 1_048_576,
  discarded: 8_388_608,
  tooLarge: () => new ServiceError("RequestEntityTooLarge", 413, "The request is too large."),
};

/** Answers a request to a service of AWS's Query protocol, in its wire format whatever happens. */
export async function answerQuery(
  request: QueryServiceRequest,
  service: QueryService,
  serve: (signed: SignedAction) => Promise<QueryResult | undefined>,
): Promise<Response> {
  const requestId = crypto.randomUUID();
  const headers = { "content-type": "text/xml", "x-amzn-requestid": requestId };
  const { witness } = request.incoming;
  try {
    const signed = await readAction(request, service, requestId);
    const answer = await serve(signed);
    if (answer) witness.answer = answer;
    const body = renderQueryAnswer(signed.action, answer, requestId, service.namespace);
    return new Response(body, { headers });
  } catch (error) {
    witness.error = error;
    const known = toQueryError(error, requestId, service.name);
    const body = renderQueryError(known, requestId, service.namespace);
    return new Response(body, { status: known.status, headers });
  }
}

async function readAction(
  { incoming, deployment, onMatch }: QueryServiceRequest,
  { name, version }: QueryService,
  requestId: string,
): Promise<SignedAction> {
  const region = readGlobalRegion(incoming.headers, deployment.region);
  const { identity, body } = await readSignedBody(incoming, [name], { ...deployment, region }, BODY_LIMIT);
  if (identity.kind === "anonymous") {
    throw new ServiceError("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
  }
  // A GET has its parameters in the query.
  const input = FormInput.parse(
    new Query(incoming.method === "GET" ? incoming.rawQuery : new TextDecoder().decode(body)),
  );
  const action = input.text("Action");
  if (action === undefined) throw new ServiceError("MissingAction", 400, "The request has no Action.");
  onMatch(action);
  if (input.text("Version") !== version) {
    throw new ServiceError(
      "InvalidAction",
      400,
      `Could not find operation ${action} for version ${input.text("Version") ?? "NO_VERSION_SPECIFIED"}`,
    );
  }
  return { action, input, identity, requestId };
}

function toQueryError(
  error: unknown,
  requestId: string,
  service: string,
): Pick<ServiceError, "code" | "status" | "message"> {
  if (error instanceof ServiceError) {
    const { code, status, message } = error;
    return { code, status, message, ...QUERY_NAMES[code] };
  }
  logFault(error, requestId, service);
  return { code: "InternalFailure", status: 500, message: "An internal error occurred." };
}
