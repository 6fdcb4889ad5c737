import { ServiceError } from "../lib/errors.ts";
import type { CorsRule } from "../metadata/bucket/documents.ts";
import type { S3Result } from "../s3/call.ts";
import { answerCors, CORS_VARY } from "../s3/cors-answer.ts";
import type { Incoming } from "./incoming.ts";

/** The CORS rules of the addressed bucket: `current` as its index has them now, `known` as far as this request has learned them. */
export interface CorsRules {
  current(): Promise<readonly CorsRule[] | undefined>;
  known(): readonly CorsRule[] | undefined;
}

/**
 * Adds to an answer, and to an error, what lets a page of another origin read it. Without Origin nobody asked,
 * but a cache must know that others will be answered otherwise (Fetch, "CORS protocol and HTTP caches").
 */
export async function withCors(
  { method, headers }: Incoming,
  rules: CorsRules,
  work: () => Promise<S3Result>,
): Promise<S3Result> {
  const origin = headers.get("origin");
  if (origin === null) {
    const result = await work();
    return rules.known() ? { ...result, headers: { ...result.headers, vary: CORS_VARY } } : result;
  }
  // A page that asks for one method and sends another is answered for what it asked, as S3 does.
  const question = { origin, method: headers.get("access-control-request-method") ?? method, headers: [] };
  const answer = async () => {
    // Nothing that goes wrong here may take the place of the answer itself.
    const present = await rules.current().catch(() => undefined);
    return present && (answerCors(present, question) ?? { vary: CORS_VARY });
  };
  let result: S3Result;
  try {
    result = await work();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, status, message, detail } = error;
    throw new ServiceError(code, status, message, detail, { ...error.headers, ...(await answer()) });
  }
  return { ...result, headers: { ...result.headers, ...(await answer()) } };
}
