import type { ServiceError } from "../lib/errors.ts";
import type { LambdaResult } from "../lambda/call.ts";

/** Renders what an operation answered. */
export function renderLambdaResult({ status, headers, json, body }: LambdaResult, requestId: string): Response {
  const all = new Headers({ "x-amzn-requestid": requestId, ...headers });
  if (status === 204) return new Response(null, { status, headers: all });
  if (body !== undefined) return new Response(body, { status, headers: all });
  if (json === undefined) return new Response(null, { status, headers: all });
  all.set("content-type", "application/json");
  return new Response(JSON.stringify(json), { status, headers: all });
}

/** What authentication says in S3's codes, in those of services that speak JSON ("Common Errors"). */
const JSON_NAMES: Readonly<Record<string, { code: string; status: number }>> = {
  AccessDenied: { code: "AccessDeniedException", status: 403 },
  AuthorizationHeaderMalformed: { code: "IncompleteSignatureException", status: 400 },
  AuthorizationQueryParametersError: { code: "IncompleteSignatureException", status: 400 },
  ExpiredToken: { code: "ExpiredTokenException", status: 403 },
  IncompleteBody: { code: "InvalidRequestContentException", status: 400 },
  InvalidAccessKeyId: { code: "UnrecognizedClientException", status: 403 },
  InvalidArgument: { code: "InvalidSignatureException", status: 403 },
  InvalidRequest: { code: "InvalidSignatureException", status: 403 },
  InvalidToken: { code: "UnrecognizedClientException", status: 403 },
  RequestTimeTooSkewed: { code: "InvalidSignatureException", status: 403 },
  SignatureDoesNotMatch: { code: "InvalidSignatureException", status: 403 },
  XAmzContentSHA256Mismatch: { code: "InvalidSignatureException", status: 403 },
  InvalidURI: { code: "UnknownOperationException", status: 404 },
};

/** Errors whose member is `Message`; the model of the others has `message`. */
const CAPITAL_MESSAGE = new Set(["ResourceNotFoundException", "ServiceException", "AccessDeniedException"]);

/** Renders an error as Lambda does: the code in a header, the message and whose fault it is in the body. */
export function renderLambdaError(error: ServiceError, requestId: string): Response {
  const { code, status } = JSON_NAMES[error.code] ?? error;
  const member = CAPITAL_MESSAGE.has(code) ? "Message" : "message";
  const body = { Type: status < 500 ? "User" : "Service", [member]: error.message, ...detailOf(error, code) };
  return Response.json(body, {
    status,
    headers: { ...error.headers, "x-amzn-requestid": requestId, "x-amzn-errortype": code },
  });
}

/** That of signature errors spells out what S3 shows and these services do not. */
function detailOf(error: ServiceError, code: string): Readonly<Record<string, string>> {
  return code === error.code ? error.detail : {};
}
