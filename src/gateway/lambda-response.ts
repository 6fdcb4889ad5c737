import type { ServiceError } from "../lib/errors.ts";
import type { LambdaResult } from "../lambda/call.ts";
import { nameInJson } from "./json-errors.ts";

/** Renders what an operation answered. */
export function renderLambdaResult({ status, headers, json, body }: LambdaResult, requestId: string): Response {
  const all = { "x-amzn-requestid": requestId, ...headers };
  if (status === 204) return new Response(null, { status, headers: all });
  if (body !== undefined) return new Response(body, { status, headers: all });
  if (json === undefined) return new Response(null, { status, headers: all });
  return new Response(JSON.stringify(json), { status, headers: { ...all, "content-type": "application/json" } });
}

/** Errors whose member is `Message`; the model of the others has `message`. */
const CAPITAL_MESSAGE = new Set(["ResourceNotFoundException", "ServiceException", "AccessDeniedException"]);

/** Renders an error as Lambda does: the code in a header, the message and whose fault it is in the body. */
export function renderLambdaError(error: ServiceError, requestId: string): Response {
  const { code, status } = nameInJson(error);
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
