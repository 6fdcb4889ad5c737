import type { ServiceError } from "../lib/errors.ts";

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

/** An error's code and status as services that speak JSON have them. */
export function nameInJson({ code, status }: ServiceError): { readonly code: string; readonly status: number } {
  return JSON_NAMES[code] ?? { code, status };
}
