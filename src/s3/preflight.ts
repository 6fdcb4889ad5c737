import type { HeaderFields } from "../lib/header-fields.ts";
import type { S3Call, S3Result } from "./call.ts";
import { answerCors } from "./cors-answer.ts";
import { s3Error } from "./errors.ts";

const METHODS = new Set(["GET", "PUT", "POST", "DELETE", "HEAD"]);

/**
 * OPTIONS, sent by browsers before they let a page call another origin. Anyone may ask, and the question
 * carries no credentials: of the bucket nothing is looked at but its CORS rules, as they are now.
 */
export async function preflight(call: S3Call): Promise<S3Result> {
  const origin = call.headers.get("origin");
  if (!origin) throw badRequest("Insufficient information. Origin request header needed.");
  const method = call.headers.get("access-control-request-method");
  if (!method || !METHODS.has(method)) throw badRequest(`Invalid Access-Control-Request-Method: ${method}`);
  if (call.bucketName === "") throw forbidden(call, method, "CORSResponse: CORS is not enabled for this bucket.");
  const bucket = await call.openUnauthorised();
  const { documents } = await bucket.currentConfig();
  if (!documents?.cors) throw forbidden(call, method, "CORSResponse: CORS is not enabled for this bucket.");
  const headers = answerCors(documents.cors, { origin, method, headers: readRequestedHeaders(call.headers) });
  if (headers) return { headers };
  throw forbidden(
    call,
    method,
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
  );
}

function readRequestedHeaders(headers: HeaderFields): string[] {
  const names = (headers.get("access-control-request-headers") ?? "").split(",");
  return names.map((name) => name.trim().toLowerCase()).filter((name) => name !== "");
}

function badRequest(message: string) {
  return s3Error("BadRequest", { message });
}

function forbidden(call: S3Call, method: string, message: string) {
  return s3Error("AccessForbidden", {
    message,
    detail: { Method: method, ResourceType: call.key === "" ? "BUCKET" : "OBJECT" },
  });
}
