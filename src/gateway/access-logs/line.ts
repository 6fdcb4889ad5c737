import type { Identity } from "../../auth/identity.ts";
import { encodeKey } from "../../lib/percent.ts";
import type { Incoming } from "../incoming.ts";

/** One request to one bucket, as its access log tells it. */
export interface AccessRecord {
  readonly bucket: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly incoming: Incoming;
  /** Absent where the request was refused before its credentials were checked. */
  readonly identity?: Identity;
  /** `REST.GET.OBJECT`. */
  readonly operation: string;
  readonly key: string;
  readonly status: number;
  readonly errorCode?: string;
  readonly bytesSent?: number;
  readonly objectSize?: number;
  /** Until the answer began. */
  readonly milliseconds: number;
  readonly versionId?: string;
  /** As the platform names them, where it tells. */
  readonly connection?: { readonly httpProtocol?: string; readonly tlsCipher?: string; readonly tlsVersion?: string };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * A record in the format of S3's server access logs, but for its first field, the owner's canonical id. Fields as in
 * "Amazon S3 server access log format"; what is not known is `-`.
 */
export function formatRecord(record: AccessRecord): string {
  const { incoming, connection = {}, milliseconds } = record;
  const { headers } = incoming;
  const uri = `${incoming.method} ${incoming.rawPath}${incoming.rawQuery && `?${incoming.rawQuery}`}`;
  const authentication = authenticationOf(record);
  return [
    record.bucket,
    `[${formatTime(record.time)}]`,
    incoming.clientAddress ?? "-",
    requesterOf(record.identity),
    incoming.requestId,
    record.operation,
    record.key === "" ? "-" : encodeKey(record.key),
    quote(`${uri} ${connection.httpProtocol || "HTTP/1.1"}`),
    record.status,
    record.errorCode ?? "-",
    record.bytesSent || "-",
    record.objectSize ?? "-",
    milliseconds,
    milliseconds,
    quote(headers.get("referer")),
    quote(headers.get("user-agent")),
    record.versionId === undefined ? "-" : encodeKey(record.versionId),
    incoming.hostId,
    authentication === "-" ? "-" : "SigV4",
    connection.tlsCipher || "-",
    authentication,
    plain(headers.get("host") ?? incoming.host),
    connection.tlsVersion || "-",
    // The access point, whether an ACL was needed, the region that the request came from.
    "- - -",
  ].join(" ");
}

/** `06/Feb/2019:00:00:38 +0000` */
function formatTime(time: number): string {
  const [year, month, rest] = new Date(time).toISOString().split("-") as [string, string, string];
  return `${rest.slice(0, 2)}/${MONTHS[Number(month) - 1]}/${year}:${rest.slice(3, 11)} +0000`;
}

function requesterOf(identity: Identity | undefined): string {
  if (identity?.kind !== "account") return "-";
  return identity.principal?.arn ?? identity.account.canonicalId;
}

function authenticationOf({ identity, incoming }: AccessRecord): string {
  if (identity?.kind !== "account") return "-";
  if (incoming.headers.has("authorization")) return "AuthHeader";
  return /(?:^|&)X-Amz-Signature=/i.test(incoming.rawQuery) ? "QueryString" : "-";
}

/** A field that a client fills: it must not be able to end the field, or the record. */
function quote(text: string | null): string {
  return text === null || text === "" ? '"-"' : `"${escape(text, /["\\\p{Cc}]/gu)}"`;
}

function plain(text: string): string {
  return escape(text, /["\\\s\p{Cc}]/gu) || "-";
}

function escape(text: string, pattern: RegExp): string {
  return text.replace(pattern, (character) => encodeURIComponent(character));
}
