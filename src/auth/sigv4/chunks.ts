import { createHash, type Hash } from "node:crypto";
import { authError } from "../errors.ts";
import { EMPTY_SHA256 } from "./canonical.ts";
import { SignatureChain, type ChunkSigning } from "./chunk-signature.ts";
import type { StreamVerifier } from "./verified-stream.ts";

export interface ChunkFormat {
  /** `x-amz-decoded-content-length`: the sum of all chunks, in bytes. */
  readonly decodedLength: number;
  /** Whether a trailer may follow the last chunk (`…-TRAILER`). */
  readonly trailer: boolean;
  /** The names in `x-amz-trailer`, in lower case. */
  readonly trailerNames: readonly string[];
  /** Given when chunks (and the trailer) are signed. */
  readonly signing: ChunkSigning | undefined;
}

/** A size of 16 digits, `;chunk-signature=` and 64 digits make 97 bytes; room for other extensions. */
const MAX_HEADER_BYTES = 1_024;
/** A trailer holds a checksum and a signature, about 200 bytes. */
const MAX_TRAILER_BYTES = 8_192;

const CHUNK_HEADER = /^([0-9a-fA-F]{1,14})((?:;[^;\r\n]*)*)\r$/;
const LF = 0x0a;
const CRLF = [0x0d, LF];

/**
 * Removes the `aws-chunked` framing, whatever the boundaries of the incoming bytes, and checks
 * each chunk's signature at its end. Nothing but an unfinished line is ever buffered.
 *
 * S3 wants chunks of at least 8 KB (InvalidChunkSizeError); SDKs that frame whatever their source
 * yields send smaller ones and need a workaround there. Here they are accepted.
 */
export class ChunkDecoder implements StreamVerifier {
  /** By lower-case name; complete after `finish`. */
  readonly trailers = new Map<string, string>();
  readonly #format: ChunkFormat;
  readonly #chain: SignatureChain | undefined;
  #state: "header" | "data" | "delimiter" | "trailer" = "header";
  /** Bytes left of the present chunk, or of the delimiter after it. */
  #remaining = 0;
  #decoded = 0;
  #hash: Hash | undefined;
  #signature = "";
  /** The beginning of a line (or the trailer) that the next bytes go on with. */
  #pending: Uint8Array = new Uint8Array(0);

  constructor(format: ChunkFormat) {
    this.#format = format;
    this.#chain = format.signing && new SignatureChain(format.signing);
  }

  /** Takes the next bytes of the body and returns the payload in them, as views without a copy. */
  push(bytes: Uint8Array): Uint8Array[] {
    const payload: Uint8Array[] = [];
    let offset = 0;
    while (offset < bytes.byteLength) {
      switch (this.#state) {
        case "header":
          offset = this.#readHeader(bytes, offset);
          break;
        case "data": {
          const data = bytes.subarray(offset, offset + this.#remaining);
          payload.push(data);
          this.#takeData(data);
          offset += data.byteLength;
          break;
        }
        case "delimiter":
          this.#readDelimiter(bytes[offset]);
          offset += 1;
          break;
        case "trailer":
          this.#keep(bytes.subarray(offset), MAX_TRAILER_BYTES);
          offset = bytes.byteLength;
          break;
      }
    }
    return payload;
  }

  /** Checks that the body was whole, and its trailer. */
  finish(): void {
    if (this.#state !== "trailer") throw authError("IncompleteBody");
    const text = toText(this.#pending);
    if (!this.#format.trailer) {
      if (text !== "\r\n") throw authError("IncompleteBody");
      return;
    }
    if (text !== "\r\n" && !text.endsWith("\r\n\r\n")) throw authError("IncompleteBody");
    this.#readTrailer(text);
  }

  #readHeader(bytes: Uint8Array, offset: number): number {
    const end = bytes.indexOf(LF, offset);
    if (end < 0) {
      this.#keep(bytes.subarray(offset), MAX_HEADER_BYTES);
      return bytes.byteLength;
    }
    this.#keep(bytes.subarray(offset, end), MAX_HEADER_BYTES);
    const line = toText(this.#pending);
    this.#pending = new Uint8Array(0);
    this.#startChunk(line);
    return end + 1;
  }

  #startChunk(line: string): void {
    const match = CHUNK_HEADER.exec(line);
    if (!match?.[1]) throw authError("IncompleteBody");
    const size = Number.parseInt(match[1], 16);
    const { decodedLength } = this.#format;
    // A body that says more than it announced is refused before its bytes flow.
    if (size > decodedLength - this.#decoded) throw authError("IncompleteBody");
    if (this.#chain) this.#signature = readChunkSignature(match[2] ?? "");
    if (size > 0) {
      this.#remaining = size;
      this.#hash = this.#chain && createHash("sha256");
      this.#state = "data";
      return;
    }
    this.#chain?.checkChunk(EMPTY_SHA256, this.#signature);
    if (this.#decoded !== decodedLength) throw authError("IncompleteBody");
    this.#state = "trailer";
  }

  #takeData(data: Uint8Array): void {
    this.#hash?.update(data);
    this.#decoded += data.byteLength;
    this.#remaining -= data.byteLength;
    if (this.#remaining > 0) return;
    if (this.#hash) this.#chain?.checkChunk(this.#hash.digest("hex"), this.#signature);
    this.#state = "delimiter";
    this.#remaining = CRLF.length;
  }

  #readDelimiter(byte: number | undefined): void {
    if (byte !== CRLF[CRLF.length - this.#remaining]) throw authError("IncompleteBody");
    this.#remaining -= 1;
    if (this.#remaining === 0) this.#state = "header";
  }

  /**
   * `name:value` lines, then the signature where there is one. minio-go ends a trailer with LF
   * and an empty line before its signature, so blank lines and a missing CR mean nothing.
   */
  #readTrailer(text: string): void {
    let signature: string | undefined;
    let canonical = "";
    for (const line of text.split("\n")) {
      const trimmed = line.trim();
      if (trimmed === "") continue;
      const colon = trimmed.indexOf(":");
      const name = trimmed.slice(0, Math.max(colon, 0)).trim().toLowerCase();
      const value = trimmed.slice(colon + 1).trim();
      // The signature covers the lines before it: one that came after would be unsigned.
      if (name === "" || signature !== undefined) throw authError("MalformedTrailerError");
      if (this.#chain && name === "x-amz-trailer-signature") {
        signature = value;
        continue;
      }
      this.#addTrailer(name, value);
      canonical += `${name}:${value}\n`;
    }
    if (this.trailers.size < this.#format.trailerNames.length) throw authError("MalformedTrailerError");
    if (!this.#chain) return;
    if (signature !== undefined) this.#chain.checkTrailer(canonical, signature);
    else if (this.trailers.size > 0) throw authError("MalformedTrailerError");
  }

  #addTrailer(name: string, value: string): void {
    const announced = this.#format.trailerNames.includes(name);
    if (!announced || this.trailers.has(name)) throw authError("MalformedTrailerError");
    this.trailers.set(name, value);
  }

  #keep(bytes: Uint8Array, limit: number): void {
    const length = this.#pending.byteLength + bytes.byteLength;
    if (length > limit) throw authError("IncompleteBody");
    const joined = new Uint8Array(length);
    joined.set(this.#pending);
    joined.set(bytes, this.#pending.byteLength);
    this.#pending = joined;
  }
}

/** Finds `chunk-signature` among the extensions; others are ignored, as RFC 9112, 7.1.1 has it. */
function readChunkSignature(extensions: string): string {
  for (const extension of extensions.split(";")) {
    const [name, value] = extension.split("=", 2);
    if (name?.trim() === "chunk-signature" && value !== undefined) return value.trim();
  }
  throw authError("IncompleteBody");
}

/** Framing is ASCII; other bytes become characters that match nothing. */
function toText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
