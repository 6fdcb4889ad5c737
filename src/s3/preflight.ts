import type { S3Call, S3Result } from "./call.ts";
import { s3Error } from "./errors.ts";

/**
 * OPTIONS, sent by browsers before they let a page call another origin. No bucket has a CORS configuration
 * yet, so a complete question is always refused; nothing is looked up for it, since anyone may ask.
 */
export async function preflight(call: S3Call): Promise<S3Result> {
  requireHeader(call.headers, "Origin");
  const method = requireHeader(call.headers, "Access-Control-Request-Method");
  throw s3Error("AccessForbidden", { detail: { Method: method, ResourceType: call.key === "" ? "BUCKET" : "OBJECT" } });
}

function requireHeader(headers: Headers, name: string): string {
  const value = headers.get(name);
  if (value) return value;
  throw s3Error("BadRequest", {
    message: `Insufficient information. ${name === "Origin" ? "Origin request header" : name} needed.`,
  });
}
