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

/** `<prefix><distribution>.<year>-<month>-<day>-<hour>.<unique>.gz`, as CloudFront calls them. */
export function nameLogFile(prefix: string, distributionId: string, now: number): string {
  const hour = new Date(now).toISOString().slice(0, 13).replace("T", "-");
  const unique = crypto.randomUUID().slice(0, 8);
  return `${prefix}${distributionId}.${hour}.${unique}.gz`;
}

/** One line, without its end. Absent values are `-`; what would break a line is percent-encoded. */
export function renderLogLine(served: Served, location: string): string {
  const { viewer, response, distribution, startedAt, answeredAt, endedAt, result } = served;
  const { headers } = viewer;
  const { domainName } = distribution.snapshot;
  const time = new Date(startedAt).toISOString();
  const secondsUntil = (moment: number) => ((moment - startedAt) / 1000).toFixed(3);
  const range = /^bytes (\d+)-(\d+)\//.exec(response.headers.get("content-range") ?? "");
  const { httpProtocol, tlsVersion, tlsCipher } = viewer.place ?? {};
  const values: Readonly<Record<(typeof FIELDS)[number], string | number | null | undefined>> = {
    date: time.slice(0, 10),
    time: time.slice(11, 19),
    "x-edge-location": location,
    "sc-bytes": served.bytes,
    "c-ip": viewer.clientAddress,
    "cs-method": viewer.method,
    "cs(Host)": domainName,
    "cs-uri-stem": viewer.path,
    "sc-status": response.status,
    "cs(Referer)": headers.get("referer"),
    "cs(User-Agent)": headers.get("user-agent"),
    "cs-uri-query": viewer.query,
    "cs(Cookie)": distribution.config.Logging.IncludeCookies ? headers.get("cookie") : null,
    "x-edge-result-type": result,
    "x-edge-request-id": viewer.requestId,
    "x-host-header": viewer.host,
    "cs-protocol": viewer.protocol,
    "cs-bytes": headers.get("content-length") ?? 0,
    "time-taken": secondsUntil(endedAt),
    "x-forwarded-for": headers.get("x-forwarded-for"),
    "ssl-protocol": viewer.protocol === "https" ? tlsVersion : null,
    "ssl-cipher": viewer.protocol === "https" ? tlsCipher : null,
    "x-edge-response-result-type": result,
    "cs-protocol-version": httpProtocol ?? "HTTP/1.1",
    "fle-status": null,
    "fle-encrypted-fields": null,
    "c-port": null,
    "time-to-first-byte": secondsUntil(answeredAt),
    "x-edge-detailed-result-type": result,
    "sc-content-type": response.headers.get("content-type"),
    "sc-content-len": response.headers.get("content-length"),
    "sc-range-start": range?.[1],
    "sc-range-end": range?.[2],
  };
  return FIELDS.map((field) => encodeValue(values[field])).join("\t");
}

/** CloudFront encodes what is no visible ASCII, and quotes, backslashes, percent signs and braces. */
function encodeValue(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === "") return "-";
  return String(value).replaceAll(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (character) => encodeURIComponent(character));
}
