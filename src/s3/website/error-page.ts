import type { ServiceError } from "../../lib/errors.ts";
import { escapeText } from "../../lib/xml.ts";
import type { S3Result } from "../call.ts";

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  412: "Precondition Failed",
  416: "Requested Range Not Satisfiable",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** An error of a website endpoint, as S3 writes it for people; `missing` is why there is no error document. */
export function renderErrorPage(
  error: ServiceError,
  { requestId, hostId }: { readonly requestId: string; readonly hostId: string },
  missing?: ServiceError,
): S3Result {
  const title = `${error.status} ${TITLES[error.status] ?? "Error"}`;
  const page = [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    `<h1>${title}</h1>`,
    ...renderItems(error, { RequestId: requestId, HostId: hostId }),
    ...(missing
      ? ["<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>", ...renderItems(missing, {})]
      : []),
    "<hr/>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
  return {
    status: error.status,
    headers: {
      ...error.headers,
      "content-type": "text/html; charset=utf-8",
      "x-amz-error-code": error.code,
      "x-amz-error-message": error.message,
    },
    body: Buffer.from(page),
  };
}

function renderItems(error: ServiceError, ids: Readonly<Record<string, string>>): string[] {
  const items = { Code: error.code, Message: error.message, ...error.detail, ...ids };
  return ["<ul>", ...Object.entries(items).map(([name, text]) => `<li>${name}: ${escapeText(text)}</li>`), "</ul>"];
}
