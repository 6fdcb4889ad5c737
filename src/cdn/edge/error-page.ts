import { element, renderXml } from "../../lib/xml.ts";
import { EdgeFunctionError } from "../functions/ports.ts";
import { CircuitOpenError, type OriginError } from "../origin/origin-request.ts";
import type { CacheResult, Draft, ErrorDetail } from "./draft.ts";
import type { SignatureRefusal } from "./signed-access.ts";

/** Titles as CloudFront's pages have them. */
const TITLES: Readonly<Record<number, string>> = {
  400: "400 Bad request",
  403: "403 Forbidden",
  404: "404 Not Found",
  405: "405 Method Not Allowed",
  411: "411 Length Required",
  413: "413 Content Too Large",
  414: "414 URI Too Long",
  429: "429 Too Many Requests",
  502: "502 Bad Gateway",
  503: "503 Service Unavailable",
  504: "504 Gateway Timeout",
  508: "508 Loop Detected",
};

/**
 * An answer made here instead of one from an origin, in CloudFront's form.
 * @param cacheStatus where the cache or an origin was asked before: what no cache has to do with says nothing of it (RFC
 * 9211 section 2)
 */
export function draftError(status: number, reason: string, cacheStatus = ""): Draft {
  const title = TITLES[status] ?? String(status);
  const body = new TextEncoder().encode(
    `<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>ERROR: The request could not be satisfied</title></head>` +
      `<body><h1>${title}</h1><h2>The request could not be satisfied.</h2><hr><p>${escapeHtml(reason)}</p></body></html>\n`,
  );
  return {
    status,
    statusText: "",
    headers: new Headers({
      "content-type": "text/html; charset=utf-8",
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
    }),
    body,
    result: "Error",
    cacheStatus,
    reason,
  };
}

/** Sends a viewer elsewhere; `title` is the status with its text. */
export function draftRedirect(status: 301 | 307, title: string, location: string): Draft {
  const body = new TextEncoder().encode(
    `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
  );
  const headers = new Headers({ "content-type": "text/html", "content-length": String(body.byteLength), location });
  return { status, statusText: "", headers, body, result: "Redirect", cacheStatus: "" };
}

/** Refuses a viewer. `detail` is for the logs, which are CloudFront's. */
export function draftRefusal(status: number, reason: string, detail: ErrorDetail): Draft {
  return { ...draftError(status, reason), detail };
}

/** The answer in place of an origin's that did not come. `reason` is why it was asked, as Cache-Status has it. */
export function draftFailure(error: OriginError, reason: string, originMs: number): Draft {
  if (error instanceof CircuitOpenError) return draftError(error.status, error.message);
  const draft = { ...draftError(error.status, error.message, `fwd=${reason}`), originMs };
  if (!(error instanceof EdgeFunctionError)) return { ...draft, detail: error.detail };
  return { ...draft, result: nameFunctionError("lambda", error) };
}

/** The answer in place of one that had begun, and of which nothing has gone to the viewer yet. */
export function draftBrokenOff(reason: string, status: number): Draft {
  const cacheStatus = `fwd=${reason}; fwd-status=${status}`;
  return { ...draftError(502, "The origin's answer broke off.", cacheStatus), detail: "OriginReadError" };
}

/** What a function that fails is answered with. */
export function draftFunctionError(kind: "function" | "lambda", error: EdgeFunctionError): Draft {
  return { ...draftError(error.status, error.message), result: nameFunctionError(kind, error) };
}

function nameFunctionError(kind: "function" | "lambda", { status }: EdgeFunctionError): CacheResult {
  if (kind === "function") return "FunctionExecutionError";
  return status === 502 ? "LambdaValidationError" : "LambdaExecutionError";
}

/** To viewers without a valid signature CloudFront speaks XML, as S3 does. */
export function draftSignatureError({ code, message }: SignatureRefusal): Draft {
  const draft = draftError(403, message);
  const root = element("Error", [element("Code", code), element("Message", message)]);
  const body = new TextEncoder().encode(renderXml(root));
  draft.headers.set("content-type", "text/xml");
  draft.headers.set("content-length", String(body.byteLength));
  return { ...draft, body };
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
