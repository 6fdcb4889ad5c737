import type { CdnResult } from "../cdn/control/call.ts";
import type { ServiceError } from "../lib/errors.ts";
import { element, renderXml } from "../lib/xml.ts";

const NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/";

/** Renders what an operation answered. */
export function renderCloudFrontResult({ status, headers, xml, body }: CdnResult, requestId: string): Response {
  const all = new Headers({ "x-amzn-requestid": requestId, ...headers });
  if (body) return new Response(body, { status, headers: all });
  if (!xml) return new Response(null, { status, headers: all });
  all.set("content-type", "text/xml");
  return new Response(renderXml(xml, { namespace: NAMESPACE }), { status, headers: all });
}

/** What authentication says in S3's codes, in those of CloudFront ("Common Errors"). */
const NAMES: Readonly<Record<string, { code: string; status: number }>> = {
  AuthorizationHeaderMalformed: { code: "IncompleteSignature", status: 400 },
  AuthorizationQueryParametersError: { code: "IncompleteSignature", status: 400 },
  ExpiredToken: { code: "ExpiredToken", status: 403 },
  InvalidAccessKeyId: { code: "InvalidClientTokenId", status: 403 },
  InvalidToken: { code: "InvalidClientTokenId", status: 403 },
  RequestTimeTooSkewed: { code: "SignatureDoesNotMatch", status: 403 },
  XAmzContentSHA256Mismatch: { code: "SignatureDoesNotMatch", status: 403 },
};

/** Renders an error as CloudFront does: whose fault it is, the code and the message. */
export function renderCloudFrontError(error: ServiceError, requestId: string): Response {
  const { code, status } = NAMES[error.code] ?? error;
  const root = element("ErrorResponse", [
    element("Error", [
      element("Type", status < 500 ? "Sender" : "Receiver"),
      element("Code", code),
      element("Message", error.message),
    ]),
    element("RequestId", requestId),
  ]);
  return new Response(renderXml(root, { namespace: NAMESPACE }), {
    status,
    headers: { ...error.headers, "content-type": "text/xml", "x-amzn-requestid": requestId },
  });
}
