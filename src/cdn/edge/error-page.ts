import type { Draft } from "./draft.ts";

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

/** An answer made here instead of one from an origin, in CloudFront's form. */
export function draftError(status: number, reason: string, cacheStatus = "fwd=bypass"): Draft {
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

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
