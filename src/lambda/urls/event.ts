import type { Identity } from "../../auth/identity.ts";
import { Query } from "../../lib/query.ts";

/** A request to a function URL, with its body read. */
export interface UrlRequest {
  readonly requestId: string;
  readonly method: string;
  /** The host that the client named, without port. */
  readonly host: string;
  /** `http` or `https`. */
  readonly protocol: string;
  /** Below the function's URL, percent-encoded as sent, begins with `/`. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Empty where the platform does not tell. */
  readonly sourceAddress: string;
  readonly identity: Identity;
}

/** Bodies of these types are text in the event; all others come in base64 (Lambda's guide, "Function URLs"). */
const TEXT_TYPE = /^(text\/|application\/(json|javascript|xml)|application\/[^;]*\+(json|xml))/i;

/** The event of payload format 2.0 ("Request payload format" of function URLs), as JSON text. */
export function describeUrlEvent(request: UrlRequest, urlId: string, now: number): string {
  const { headers, rawQuery, body } = request;
  const cookies = headers.get("cookie")?.split("; ");
  const query = describeQuery(rawQuery);
  return JSON.stringify({
    version: "2.0",
    routeKey: "$default",
    rawPath: request.rawPath,
    rawQueryString: rawQuery,
    ...(cookies && { cookies }),
    headers: describeHeaders(request),
    ...(query && { queryStringParameters: query }),
    requestContext: describeContext(request, urlId, now),
    ...(body.byteLength > 0 && describeBody(body, headers)),
    isBase64Encoded: body.byteLength > 0 && !isText(headers),
  });
}

/** With those by which AWS's proxy tells of the client; what a client says of them itself does not count. */
function describeHeaders({ headers, protocol, sourceAddress }: UrlRequest): Record<string, string> {
  return {
    ...Object.fromEntries(headers),
    "x-forwarded-for": sourceAddress,
    "x-forwarded-proto": protocol,
    "x-forwarded-port": protocol === "https" ? "443" : "80",
  };
}

function describeContext(request: UrlRequest, urlId: string, now: number): object {
  const { identity } = request;
  return {
    accountId: identity.kind === "account" ? identity.account.id : "anonymous",
    apiId: urlId,
    ...(identity.kind === "account" && { authorizer: { iam: describeCaller(identity) } }),
    domainName: request.host,
    domainPrefix: request.host.split(".")[0],
    http: {
      method: request.method,
      path: request.rawPath,
      protocol: "HTTP/1.1",
      sourceIp: request.sourceAddress,
      userAgent: request.headers.get("user-agent") ?? "",
    },
    requestId: request.requestId,
    routeKey: "$default",
    stage: "$default",
    time: formatTime(now),
    timeEpoch: now,
  };
}

function describeCaller({ account, accessKeyId }: Extract<Identity, { kind: "account" }>): object {
  return {
    accessKey: accessKeyId,
    accountId: account.id,
    callerId: account.id,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: `arn:aws:iam::${account.id}:root`,
    userId: account.id,
  };
}

/** Values of a repeated name are joined by commas. */
function describeQuery(rawQuery: string): Record<string, string> | undefined {
  const query = new Query(rawQuery);
  const entries = Array.from(query.names(), (name): [string, string] => [name, query.all(name).join(",")]);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function describeBody(body: Uint8Array, headers: Headers): { body: string } {
  return { body: Buffer.from(body).toString(isText(headers) ? "utf8" : "base64") };
}

function isText(headers: Headers): boolean {
  return TEXT_TYPE.test(headers.get("content-type") ?? "");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `22/Nov/2026:11:30:00 +0000`, the time format of Apache's logs. */
function formatTime(now: number): string {
  const [date = "", time = ""] = new Date(now).toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}
