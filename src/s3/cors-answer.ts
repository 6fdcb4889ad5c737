import type { CorsRule } from "../metadata/bucket/documents.ts";

/** What a browser asks on behalf of a page. */
export interface CorsQuestion {
  readonly origin: string;
  readonly method: string;
  /** Of the request that is to come; lower case. Empty when the request itself is answered. */
  readonly headers: readonly string[];
}

/** A cache must not give the answer to one origin to another. */
export const CORS_VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/**
 * The headers that allow what is asked, by the first rule that does; undefined when none does.
 * Source: Amazon S3 User Guide, "How Amazon S3 evaluates the CORS configuration on a bucket".
 */
export function answerCors(rules: readonly CorsRule[], question: CorsQuestion): Record<string, string> | undefined {
  for (const rule of rules) {
    const origin = rule.allowedOrigins.find((pattern) => matches(pattern, question.origin));
    if (origin !== undefined && allowsRest(rule, question)) return renderAnswer(rule, question, origin === "*");
  }
  return undefined;
}

function allowsRest({ allowedMethods, allowedHeaders }: CorsRule, { method, headers }: CorsQuestion): boolean {
  if (!allowedMethods.includes(method)) return false;
  return headers.every((header) => allowedHeaders.some((pattern) => matches(pattern.toLowerCase(), header)));
}

function renderAnswer(rule: CorsRule, { origin, headers }: CorsQuestion, anyOrigin: boolean): Record<string, string> {
  return {
    "access-control-allow-origin": anyOrigin ? "*" : origin,
    "access-control-allow-methods": rule.allowedMethods.join(", "),
    ...(headers.length > 0 && { "access-control-allow-headers": headers.join(", ") }),
    ...(rule.exposeHeaders.length > 0 && { "access-control-expose-headers": rule.exposeHeaders.join(", ") }),
    ...(rule.maxAgeSeconds !== undefined && { "access-control-max-age": String(rule.maxAgeSeconds) }),
    // Browsers refuse credentials together with "any origin".
    ...(!anyOrigin && { "access-control-allow-credentials": "true" }),
    vary: CORS_VARY,
  };
}

/** A pattern has at most one `*`, which stands for any text, also none. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  const [start, end] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end);
}
