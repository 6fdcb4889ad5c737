import { ALGORITHM, canonicalizeQuery, createCanonicalRequest, createStringToSign, EMPTY_SHA256 } from "./canonical.ts";
import { formatScope } from "./credential.ts";
import { canonicalizeS3Path, canonicalizeServicePath, encodeUri } from "./encoding.ts";
import { getSigningKey, signText } from "./signing-key.ts";
import { formatAmzDate } from "./timestamp.ts";

interface SigningInput {
  readonly method: string;
  /** Absolute, its path and query percent-encoded. */
  readonly url: string;
  readonly region: string;
  /** The scope's service: `s3`, `lambda`, `verge`, … */
  readonly service: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Milliseconds. */
  readonly now: number;
  /** Further headers to sign; the request must carry them with these values. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PresignInput extends SigningInput {
  /** Seconds, at most 604,800. */
  readonly expiresIn: number;
}

export interface SignInput extends SigningInput {
  /** Hex SHA-256 of the body or `UNSIGNED-PAYLOAD`; left out for a request without a body. */
  readonly payloadSha256?: string;
}

/** The parts of an absolute URL, without the normalisation that `URL` applies to paths. */
const URL_PARTS = /^(https?:\/\/[^/?#]+)([^?#]*)(?:\?([^#]*))?/;

/** Returns the URL with a signature in its query, for a request with an unsigned body. */
export function presignUrl(input: PresignInput): string {
  const target = splitUrl(input.url);
  const { headers, signedHeaders } = collectHeaders(input, target.host);
  const timestamp = formatAmzDate(input.now);
  const scope = formatScope(timestamp.slice(0, 8), input.region, input.service);
  const parameters = {
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": `${input.accessKeyId}/${scope}`,
    "X-Amz-Date": timestamp,
    "X-Amz-Expires": String(input.expiresIn),
    ...(input.sessionToken === undefined ? {} : { "X-Amz-Security-Token": input.sessionToken }),
    "X-Amz-SignedHeaders": signedHeaders.join(";"),
  };
  const added = Object.entries(parameters).map(([name, value]) => `${name}=${encodeUri(value)}`);
  const query = [target.query, ...added].filter((part) => part !== "").join("&");
  const payloadHash = input.service === "s3" ? "UNSIGNED-PAYLOAD" : EMPTY_SHA256;
  const signature = sign(input, { ...target, query }, headers, signedHeaders, payloadHash);
  return `${target.origin}${target.path}?${query}&X-Amz-Signature=${signature}`;
}

/** Returns the headers that sign a request: `authorization`, `x-amz-date`, `x-amz-content-sha256`, … */
export function signRequest(input: SignInput): Record<string, string> {
  const target = splitUrl(input.url);
  const payloadHash = input.payloadSha256 ?? EMPTY_SHA256;
  const timestamp = formatAmzDate(input.now);
  const added: Record<string, string> = {
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": timestamp,
    ...(input.sessionToken === undefined ? {} : { "x-amz-security-token": input.sessionToken }),
  };
  const { headers, signedHeaders } = collectHeaders({ headers: { ...input.headers, ...added } }, target.host);
  const signature = sign(input, target, headers, signedHeaders, payloadHash);
  const scope = formatScope(timestamp.slice(0, 8), input.region, input.service);
  const authorization = `${ALGORITHM} Credential=${input.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  return { ...added, authorization };
}

interface Target {
  readonly origin: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

function splitUrl(url: string): Target {
  const match = URL_PARTS.exec(url);
  if (!match) throw new TypeError(`not an absolute http(s) URL: ${url}`);
  const [, origin = "", path = "", query = ""] = match;
  // `host` leaves out the scheme's own port, as clients do in the Host header.
  return { origin, host: new URL(origin).host, path: path === "" ? "/" : path, query };
}

function collectHeaders(input: Pick<SigningInput, "headers">, host: string) {
  const headers = new Headers(input.headers);
  headers.set("host", host);
  return { headers, signedHeaders: [...headers.keys()].sort() };
}

function sign(
  input: SigningInput,
  target: Target,
  headers: Headers,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const { method, region, service, accessKeyId, secretAccessKey } = input;
  const timestamp = formatAmzDate(input.now);
  const date = timestamp.slice(0, 8);
  const canonicalRequest = createCanonicalRequest({
    method,
    path: service === "s3" ? canonicalizeS3Path(target.path) : canonicalizeServicePath(target.path),
    query: canonicalizeQuery(target.query),
    headers,
    signedHeaders,
    payloadHash,
  });
  const signingKey = getSigningKey(accessKeyId, secretAccessKey, date, region, service);
  return signText(signingKey, createStringToSign(timestamp, formatScope(date, region, service), canonicalRequest));
}
