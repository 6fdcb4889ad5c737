import { ServiceError } from "../lib/errors.ts";

/**
 * What authentication answers, in S3's codes, statuses and wording
 * (S3 API Reference, "Error responses", and what the service is seen to send).
 */
const CATALOGUE = {
  AccessDenied: { status: 403, message: "Access Denied" },
  AuthorizationHeaderMalformed: { status: 400, message: "The authorization header is malformed" },
  AuthorizationQueryParametersError: {
    status: 400,
    message:
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
  },
  ExpiredToken: { status: 400, message: "The provided token has expired." },
  IncompleteBody: { status: 400, message: "The request body terminated unexpectedly" },
  InvalidAccessKeyId: {
    status: 403,
    message: "The AWS Access Key Id you provided does not exist in our records.",
  },
  InvalidArgument: { status: 400, message: "Invalid Argument" },
  InvalidRequest: {
    status: 400,
    message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
  },
  InvalidToken: {
    status: 400,
    message: "The provided token is malformed or otherwise invalid.",
  },
  MalformedTrailerError: {
    status: 400,
    message: "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  },
  MissingContentLength: {
    status: 411,
    message: "You must provide the Content-Length HTTP header.",
  },
  RequestTimeTooSkewed: {
    status: 403,
    message: "The difference between the request time and the current time is too large.",
  },
  SignatureDoesNotMatch: {
    status: 403,
    message:
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  },
  XAmzContentSHA256Mismatch: {
    status: 400,
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
} as const satisfies Record<string, { status: number; message: string }>;

export type AuthErrorCode = keyof typeof CATALOGUE;

/**
 * Builds one of the errors above. `detail` holds the further elements of S3's answer in S3's
 * order; `message` replaces the usual wording where S3 has several for one code.
 */
export function authError(
  code: AuthErrorCode,
  detail: Readonly<Record<string, string>> = {},
  message?: string,
): ServiceError {
  const entry = CATALOGUE[code];
  return new ServiceError(code, entry.status, message ?? entry.message, detail);
}
