import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Verge } from "./server.ts";

export interface SignedRequest {
  readonly method?: string;
  /** Path and query as they go out: `/bucket?acl`. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What it is signed for, and where; S3 in the deployment's region when absent. */
  readonly scope?: { readonly service: string; readonly region: string };
  /** Root's when absent. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What came back, with its body read. */
export interface SignedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `<Code>` of an error. */
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/** Signs and sends what the SDK would not send. */
export async function signedFetch(verge: Verge, request: SignedRequest): Promise<SignedAnswer> {
  const { method = "GET", target, body } = request;
  const headers = await signHeaders(verge, request);
  const answer = await fetch(new URL(target, verge.endpoint), {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    code: /<Code>(.*?)<\/Code>/.exec(text)?.[1],
    message: /<Message>(.*?)<\/Message>/.exec(text)?.[1],
  };
}

/** The request without its body, as it goes over a socket. */
export async function signHead(verge: Verge, request: SignedRequest): Promise<string> {
  const lines = Object.entries(await signHeaders(verge, request)).map(([name, value]) => `${name}: ${value}`);
  return [`${request.method ?? "GET"} ${request.target} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

async function signHeaders(verge: Verge, request: SignedRequest): Promise<Record<string, string>> {
  const { method = "GET", target, headers = {}, body, scope, credentials = verge } = request;
  const url = new URL(target, verge.endpoint);
  const signer = new SignatureV4({
    service: scope?.service ?? "s3",
    region: scope?.region ?? verge.region,
    credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey },
    uriEscapePath: false,
    sha256: NodeSha256,
  });
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...headers, host: url.host },
    ...(body === undefined ? {} : { body }),
  });
  return signed.headers;
}

/** The hash that the signer asks for, by the runtime. */
class NodeSha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", toBytes(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
