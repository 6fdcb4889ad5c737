import { createHash } from "node:crypto";
import type { HeaderFields } from "../../lib/header-fields.ts";
import type { Payload } from "../../lib/payload.ts";
import { authError } from "../errors.ts";
import { EMPTY_SHA256 } from "./canonical.ts";
import type { ChunkSigning } from "./chunk-signature.ts";
import { ChunkDecoder } from "./chunks.ts";
import { verifyStream, type StreamVerifier } from "./verified-stream.ts";

/** How the body of a verified request is covered by its signature. */
export type PayloadAuth =
  | { readonly kind: "unsigned" }
  /** The hex SHA-256 of the whole body was signed. */
  | { readonly kind: "sha256"; readonly sha256: string }
  /** `aws-chunked`, each chunk signed, and the trailer if there may be one. */
  | ({ readonly kind: "chunked-signed"; readonly trailer: boolean } & ChunkSigning)
  /** `aws-chunked` with an unsigned trailer. */
  | { readonly kind: "chunked-unsigned" };

/** The same as declared, before the request is verified and chunks have something to chain to. */
export type DeclaredPayload =
  | Exclude<PayloadAuth, { kind: "chunked-signed" }>
  | { readonly kind: "chunked-signed"; readonly trailer: boolean };

const VALUES =
  "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";

/** Reads `x-amz-content-sha256`. SigV4a's values are known and refused as its signatures are. */
export function readPayloadAuth(contentSha256: string): DeclaredPayload {
  switch (contentSha256) {
    case "UNSIGNED-PAYLOAD":
      return { kind: "unsigned" };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunked-unsigned" };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { kind: "chunked-signed", trailer: false };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { kind: "chunked-signed", trailer: true };
    case "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD":
    case "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER":
      throw authError("InvalidRequest");
  }
  if (/^[0-9a-fA-F]{64}$/.test(contentSha256)) {
    return { kind: "sha256", sha256: contentSha256.toLowerCase() };
  }
  throw authError("InvalidArgument", { ArgumentName: "x-amz-content-sha256", ArgumentValue: contentSha256 }, VALUES);
}

/**
 * Opens the body of a verified request. An unsigned body is handed on as the very stream that came;
 * the others are verified as they are read, and fail before their end when they do not hold:
 * XAmzContentSHA256Mismatch, SignatureDoesNotMatch, IncompleteBody, MalformedTrailerError.
 * Whoever stores the bytes must not commit before the stream has ended.
 * @throws ServiceError at once when the framing's headers are missing or there is no body to frame.
 */
export function openPayload(
  body: ReadableStream<Uint8Array> | null,
  headers: HeaderFields,
  auth: PayloadAuth,
): Payload {
  switch (auth.kind) {
    case "unsigned":
      return {
        ...plainPayload(body, contentLength(headers, body)),
        sized: headers.has("content-length") && !headers.has("transfer-encoding"),
      };
    case "sha256":
      return openHashed(body, headers, auth.sha256);
    case "chunked-signed":
      return openChunked(body, headers, auth.trailer, auth);
    case "chunked-unsigned":
      return openChunked(body, headers, true, undefined);
  }
}

function openHashed(body: ReadableStream<Uint8Array> | null, headers: HeaderFields, sha256: string): Payload {
  const length = contentLength(headers, body);
  if (body !== null) return plainPayload(verifyStream(body, new HashVerifier(sha256, length)), length);
  if (sha256 !== EMPTY_SHA256) throw hashMismatch(sha256, EMPTY_SHA256);
  return plainPayload(null, length);
}

function openChunked(
  body: ReadableStream<Uint8Array> | null,
  headers: HeaderFields,
  trailer: boolean,
  signing: ChunkSigning | undefined,
): Payload {
  const decodedLength = readDecodedLength(headers);
  const trailerNames = trailer ? readTrailerNames(headers) : [];
  if (body === null) throw authError("IncompleteBody");
  const decoder = new ChunkDecoder({ decodedLength, trailer, trailerNames, signing });
  return {
    stream: verifyStream(body, decoder),
    length: decodedLength,
    trailerNames,
    trailers: decoder.trailers,
  };
}

/** Checks the length and the hash of a body whose bytes pass as they are. */
class HashVerifier implements StreamVerifier {
  readonly #hash = createHash("sha256");
  readonly #sha256: string;
  readonly #length: number | undefined;
  #received = 0;

  constructor(sha256: string, length: number | undefined) {
    this.#sha256 = sha256;
    this.#length = length;
  }

  push(bytes: Uint8Array): Uint8Array[] {
    this.#hash.update(bytes);
    this.#received += bytes.byteLength;
    return [bytes];
  }

  finish(): void {
    if (this.#length !== undefined && this.#received < this.#length) throw authError("IncompleteBody");
    const computed = this.#hash.digest("hex");
    if (computed !== this.#sha256) throw hashMismatch(this.#sha256, computed);
  }
}

function hashMismatch(client: string, computed: string) {
  return authError("XAmzContentSHA256Mismatch", {
    ClientComputedContentSHA256: client,
    S3ComputedContentSHA256: computed,
  });
}

function plainPayload(stream: ReadableStream<Uint8Array> | null, length: number | undefined): Payload {
  return { stream, length, trailerNames: [], trailers: new Map() };
}

function contentLength(headers: HeaderFields, body: ReadableStream<Uint8Array> | null): number | undefined {
  return body === null ? 0 : parseLength(headers.get("content-length"));
}

function readDecodedLength(headers: HeaderFields): number {
  const text = headers.get("x-amz-decoded-content-length");
  if (!text) throw authError("MissingContentLength");
  const length = parseLength(text);
  if (length !== undefined) return length;
  throw authError(
    "InvalidArgument",
    { ArgumentName: "x-amz-decoded-content-length", ArgumentValue: text },
    "x-amz-decoded-content-length must be a non-negative integer.",
  );
}

function readTrailerNames(headers: HeaderFields): string[] {
  const names = (headers.get("x-amz-trailer") ?? "").split(",").map((name) => name.trim().toLowerCase());
  return [...new Set(names.filter((name) => name !== ""))];
}

function parseLength(text: string | null): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : undefined;
}
