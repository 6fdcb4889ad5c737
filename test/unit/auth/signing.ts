import { createHash, createHmac } from "node:crypto";
import type { Credential } from "../../../src/auth/identity.ts";
import type { SignedRequest } from "../../../src/auth/sigv4/request.ts";
import type { VerifyOptions } from "../../../src/auth/sigv4/verify.ts";

/** The example credentials of AWS's documentation. */
export const ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE";
export const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/** 20130524T000000Z, the time of AWS's documented S3 examples. */
export const DOCUMENTED_TIME = Date.UTC(2013, 4, 24);

export const CREDENTIAL: Credential = {
  accessKeyId: ACCESS_KEY_ID,
  secretAccessKey: SECRET,
  status: "Active",
  account: {
    id: "123456789012",
    canonicalId: "a".repeat(64),
    displayName: "example",
    email: "owner@example.com",
    root: true,
  },
};

export function makeOptions(changes: Partial<VerifyOptions> = {}): VerifyOptions {
  return {
    service: ["s3"],
    region: "us-east-1",
    now: DOCUMENTED_TIME,
    findCredential: async (id) => (id === ACCESS_KEY_ID ? CREDENTIAL : undefined),
    ...changes,
  };
}

/** Splits "/path?query" as it would stand in a request line. */
export function makeRequest(method: string, target: string, headers: Record<string, string>): SignedRequest {
  const mark = target.indexOf("?");
  return {
    method,
    rawPath: mark < 0 ? target : target.slice(0, mark),
    rawQuery: mark < 0 ? "" : target.slice(mark + 1),
    headers: new Headers(headers),
  };
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The signature of a string to sign of 20130524 in us-east-1, computed as the specification has it. */
export function signByHand(stringToSign: string, service = "s3"): string {
  let key: string | Uint8Array = `AWS4${SECRET}`;
  for (const part of ["20130524", "us-east-1", service, "aws4_request"]) {
    key = createHmac("sha256", key).update(part).digest();
  }
  return createHmac("sha256", key).update(stringToSign).digest("hex");
}

/** A stream that delivers `bytes` in pieces of `size` bytes. */
export function streamOf(bytes: Uint8Array, size = bytes.byteLength): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (offset >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + Math.max(size, 1)));
      offset += Math.max(size, 1);
    },
  });
}

export async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream as unknown as AsyncIterable<Uint8Array>) pieces.push(piece);
  return Buffer.concat(pieces);
}

export interface ChunkSigner {
  signingKey: Uint8Array;
  scope: string;
  timestamp: string;
  seedSignature: string;
}

/** Frames a body as a client would, from the specification and independently of the decoder. */
export function frameChunks(
  chunks: readonly Uint8Array[],
  signer: ChunkSigner | undefined,
  trailers?: Record<string, string>,
): { bytes: Buffer; signatures: string[] } {
  const parts: (string | Uint8Array)[] = [];
  const signatures: string[] = [];
  let previous = signer?.seedSignature ?? "";
  const sign = (algorithm: string, rest: string) => {
    if (!signer) return "";
    const text = [algorithm, signer.timestamp, signer.scope, previous, rest].join("\n");
    previous = createHmac("sha256", signer.signingKey).update(text).digest("hex");
    signatures.push(previous);
    return previous;
  };
  for (const chunk of [...chunks, new Uint8Array(0)]) {
    const signature = sign("AWS4-HMAC-SHA256-PAYLOAD", `${sha256("")}\n${sha256(chunk)}`);
    const extension = signer ? `;chunk-signature=${signature}` : "";
    parts.push(`${chunk.byteLength.toString(16)}${extension}\r\n`);
    if (chunk.byteLength > 0) parts.push(chunk, "\r\n");
  }
  if (trailers) {
    const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}`);
    for (const line of lines) parts.push(`${line}\r\n`);
    const signature = sign("AWS4-HMAC-SHA256-TRAILER", sha256(lines.map((line) => `${line}\n`).join("")));
    if (signer) parts.push(`x-amz-trailer-signature:${signature}\r\n`);
  }
  parts.push("\r\n");
  return { bytes: Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array))), signatures };
}
