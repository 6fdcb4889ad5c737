import type { ViewerRequest } from "../edge/viewer.ts";
import type { Served } from "./served.ts";

/** "Standard log file fields", version 1.0, in their order. */
const FIELDS = [
  "date",
  "time",
  "x-edge-location",
  "sc-bytes",
  "c-ip",
  "cs-method",
  "cs(Host)",
  "cs-uri-stem",
  "sc-status",
  "cs(Referer)",
  "cs(User-Agent)",
  "cs-uri-query",
  "cs(Cookie)",
  "x-edge-result-type",
  "x-edge-request-id",
  "x-host-header",
  "cs-protocol",
  "cs-bytes",
  "time-taken",
  "x-forwarded-for",
  "ssl-protocol",
  "ssl-cipher",
  "x-edge-response-result-type",
  "cs-protocol-version",
  "fle-status",
  "fle-encrypted-fields",
  "c-port",
  "time-to-first-byte",
  "x-edge-detailed-result-type",
  "sc-content-type",
  "sc-content-len",
  "sc-range-start",
  "sc-range-end",
] as const;

const HEAD = `#Version: 1.0\n#Fields: ${FIELDS.join(" ")}\n`;

/** A log file of some answers. */
export function renderLogFile(lines: readonly string[]): string {
  return HEAD + lines.map((line) => `${line}\n`).join("");
}

/** `<prefix>/<distribution>.<year>-<month>-<day>-<hour>.<unique>.gz`, as CloudFront calls them. */
export function nameLogFile(prefix: string, distributionId: string, now: number): string {
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const hour = new Date(now).toISOString().slice(0, 13).replace("T", "-");
  const unique = crypto.randomUUID().slice(0, 8);
  return `${folder}${distributionId}.${hour}.${unique}.gz`;
}

/** One line, without its end. Absent values are `-`; what would break a line is percent-encoded. */
export function renderLogLine(served: Served, location: string): string {
  const { viewer, response, distribution, answeredAt, endedAt, result, notes } = served;
  const { headers, startedAt } = viewer;
  const { domainName } = distribution.snapshot;
  const time = new Date(endedAt).toISOString();
  const secondsUntil = (moment: number) => ((moment - startedAt) / 1000).toFixed(3);
  const range = /^bytes (\d+)-(\d+)\//.exec(response.headers.get("content-range") ?? "");
  const { httpProtocol, tlsVersion, tlsCipher } = viewer.place ?? {};
  const finalResult = served.isBrokenOff ? "Error" : result;
  const values: Readonly<Record<(typeof FIELDS)[number], string | number | null | undefined>> = {
    date: time.slice(0, 10),
    time: time.slice(11, 19),
    "x-edge-location": location,
    "sc-bytes": sizeOfResponseHead(response) + served.bytes,
    "c-ip": viewer.clientAddress,
    "cs-method": viewer.method,
    "cs(Host)": domainName,
    "cs-uri-stem": viewer.path,
    "sc-status": response.status,
    "cs(Referer)": headers.get("referer"),
    "cs(User-Agent)": headers.get("user-agent"),
    "cs-uri-query": viewer.query,
    "cs(Cookie)": distribution.config.Logging.IncludeCookies ? headers.get("cookie") : null,
    "x-edge-result-type": finalResult,
    "x-edge-request-id": viewer.requestId,
    "x-host-header": viewer.host,
    "cs-protocol": viewer.protocol,
    "cs-bytes": sizeOfRequestHead(viewer) + Number(headers.get("content-length") ?? 0),
    "time-taken": secondsUntil(endedAt),
    "x-forwarded-for": headers.get("x-forwarded-for"),
    "ssl-protocol": viewer.protocol === "https" ? tlsVersion : null,
    "ssl-cipher": viewer.protocol === "https" ? tlsCipher : null,
    "x-edge-response-result-type": result,
    "cs-protocol-version": (httpProtocol ?? "HTTP/1.1").replace(/^HTTP\/([23])$/, "HTTP/$1.0"),
    "fle-status": null,
    "fle-encrypted-fields": null,
    "c-port": null,
    "time-to-first-byte": secondsUntil(answeredAt),
    "x-edge-detailed-result-type": served.isBrokenOff
      ? "ClientCommError"
      : result === "Error"
        ? (notes.detail ?? "Error")
        : result,
    "sc-content-type": response.headers.get("content-type"),
    "sc-content-len": response.headers.get("content-length"),
    "sc-range-start": range?.[1],
    "sc-range-end": range?.[2],
  };
  return FIELDS.map((field) => encodeValue(values[field])).join("\t");
}

/** Bytes of what comes before a body, as HTTP/1.1 would send it: `200 OK` and the like cost some more. */
function sizeOfResponseHead({ status, headers }: Response): number {
  return `HTTP/1.1 ${status}\r\n\r\n`.length + sizeOfFields(headers);
}

function sizeOfRequestHead({ method, root, path, query, headers }: ViewerRequest): number {
  const prefix = new URL(root).pathname.replace(/\/$/, "");
  const target = `${prefix}${path}${query === "" ? "" : `?${query}`}`;
  return `${method} ${target} HTTP/1.1\r\n\r\n`.length + sizeOfFields(headers);
}

function sizeOfFields(headers: Headers): number {
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length + ": \r\n".length;
  return size;
}

/** "Standard log file format": visible ASCII but for these, everything else percent-encoded. */
const ENCODED = /[^\x21-\x7e]|["#%'<>[\\\]^`{|}~]/gu;

function encodeValue(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === "") return "-";
  return String(value).replaceAll(ENCODED, encodeCharacter);
}

function encodeCharacter(character: string): string {
  const bytes = Buffer.from(character).toString("hex").toUpperCase();
  return bytes.replaceAll(/../g, "%$&");
}
