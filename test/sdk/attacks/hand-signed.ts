import { createHash, createHmac } from "node:crypto";

/**
 * Requests signed and written by hand, from the specification and without the product's own signer, so
 * that every part can be wrong on purpose. All text is binary: a character is the byte that goes out.
 */

export interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export type Fields = Readonly<Record<string, string>>;

export interface Draft {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  /** Signed. */
  readonly headers?: Fields;
  /** Sent and not signed. */
  readonly unsigned?: Fields;
  readonly body?: string | Buffer;
  /** `x-amz-content-sha256`; the body's own hash when left out. */
  readonly payloadHash?: string;
  /** Milliseconds; now when left out. */
  readonly time?: number;
  /** Left out of SignedHeaders. */
  readonly leaveUnsigned?: readonly string[];
  /** Goes out as it is; false sends no Content-Length at all. */
  readonly contentLength?: string | false;
}

export interface Signed {
  readonly bytes: Buffer;
  /** Request line and headers, up to and with the empty line. */
  readonly head: Buffer;
  readonly signature: string;
  readonly signingKey: Buffer;
  readonly scope: string;
  readonly timestamp: string;
}

export interface Place {
  readonly endpoint: string;
  readonly region: string;
}

/** Signs in the Authorization header. */
export function signInHeader(place: Place, key: Key, draft: Draft): Signed {
  const timestamp = amzDate(draft.time ?? Date.now());
  const body = Buffer.from(draft.body ?? "");
  const payloadHash = draft.payloadHash ?? sha256(body);
  const signing = deriveKey(place, key, timestamp);
  const headers: Record<string, string> = {
    host: new URL(place.endpoint).host,
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": timestamp,
    ...draft.headers,
  };
  const names = signedNames(headers, draft.leaveUnsigned);
  const signature = sign({ ...signing, timestamp }, draft.method, draft.target, headers, names, payloadHash);
  const authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${signing.scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  const head = writeHead(draft, { ...headers, authorization, ...draft.unsigned }, body);
  return { bytes: Buffer.concat([head, body]), head, signature, timestamp, ...signing };
}

/** Signs in the query; `parameters` replace or add to those of the signature before it is computed. */
export function signInQuery(
  place: Place,
  key: Key,
  draft: Draft,
  parameters: Fields = {},
): Signed & { target: string } {
  const timestamp = amzDate(draft.time ?? Date.now());
  const signing = deriveKey(place, key, timestamp);
  const headers: Record<string, string> = { host: new URL(place.endpoint).host, ...draft.headers };
  const names = signedNames(headers, draft.leaveUnsigned);
  const given: Record<string, string> = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${key.accessKeyId}/${signing.scope}`,
    "X-Amz-Date": timestamp,
    "X-Amz-Expires": "300",
    "X-Amz-SignedHeaders": names.join(";"),
    ...parameters,
  };
  const query = Object.entries(given).map(([name, value]) => `${name}=${encode(value)}`);
  const target = `${draft.target}${draft.target.includes("?") ? "&" : "?"}${query.join("&")}`;
  const signature = sign(
    { ...signing, timestamp },
    draft.method,
    target,
    headers,
    names,
    draft.payloadHash ?? "UNSIGNED-PAYLOAD",
  );
  const signed = `${target}&X-Amz-Signature=${signature}`;
  const body = Buffer.from(draft.body ?? "");
  const head = writeHead({ ...draft, target: signed }, { ...headers, ...draft.unsigned }, body);
  return { bytes: Buffer.concat([head, body]), head, signature, timestamp, target: signed, ...signing };
}

/** A request without any signature. */
export function writeAnonymous(place: Place, draft: Draft): Buffer {
  const body = Buffer.from(draft.body ?? "");
  const headers = { host: new URL(place.endpoint).host, ...draft.headers, ...draft.unsigned };
  return Buffer.concat([writeHead(draft, headers, body), body]);
}

/** UTF-8 as binary text, for a target or a header. */
export function utf8(text: string): string {
  return Buffer.from(text).toString("latin1");
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** `20130524T000000Z` */
export function amzDate(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** Everything but RFC 3986's unreserved characters. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

interface Signing {
  readonly signingKey: Buffer;
  readonly scope: string;
  readonly timestamp: string;
}

function deriveKey({ region }: Place, key: Key, timestamp: string): Omit<Signing, "timestamp"> {
  const parts = [timestamp.slice(0, 8), region, "s3", "aws4_request"];
  let signingKey: Buffer = Buffer.from(`AWS4${key.secretAccessKey}`);
  for (const part of parts) signingKey = createHmac("sha256", signingKey).update(part).digest();
  return { signingKey, scope: parts.join("/") };
}

function signedNames(headers: Fields, without: readonly string[] = []): string[] {
  return Object.keys(headers)
    .map((name) => name.toLowerCase())
    .filter((name) => !without.includes(name))
    .sort();
}

function sign(
  signing: Signing,
  method: string,
  target: string,
  headers: Fields,
  names: readonly string[],
  payloadHash: string,
): string {
  const [path = "", query = ""] = splitOnce(target, "?");
  const values = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const canonicalQuery = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => splitOnce(pair, "="))
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))
    .map(([name, value = ""]) => `${name}=${value}`)
    .join("&");
  const fields = names.map((name) => `${name}:${(values.get(name) ?? "").trim().replaceAll(/ +/g, " ")}\n`).join("");
  const canonical = [method, path, canonicalQuery, fields, names.join(";"), payloadHash].join("\n");
  const hash = sha256(Buffer.from(canonical, "latin1"));
  const text = ["AWS4-HMAC-SHA256", signing.timestamp, signing.scope, hash].join("\n");
  return createHmac("sha256", signing.signingKey).update(text).digest("hex");
}

function writeHead(draft: Draft, headers: Fields, body: Buffer): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const length = draft.contentLength ?? (draft.body === undefined ? false : String(body.byteLength));
  if (length !== false) lines.push(`content-length: ${length}`);
  return Buffer.from(`${draft.method} ${draft.target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function splitOnce(text: string, mark: string): string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
