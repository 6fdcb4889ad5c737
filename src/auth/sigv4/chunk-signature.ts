import { authError } from "../errors.ts";
import { EMPTY_SHA256, hashHex } from "./canonical.ts";
import { equalSignatures, signText } from "./signing-key.ts";

/** What the signatures of chunks are computed from, fixed by the verified request. */
export interface ChunkSigning {
  readonly accessKeyId: string;
  readonly signingKey: Uint8Array;
  /** `20130524/us-east-1/s3/aws4_request` */
  readonly scope: string;
  /** `20130524T000000Z`, the time of the request. */
  readonly timestamp: string;
  /** The signature of the request's headers, which the first chunk continues. */
  readonly seedSignature: string;
}

/**
 * The chain of chunk signatures: each covers the one before it, so chunks can be neither reordered
 * nor dropped nor replayed (S3 API Reference, "Transferring Payload in Multiple Chunks").
 */
export class SignatureChain {
  readonly #signing: ChunkSigning;
  #previous: string;

  constructor(signing: ChunkSigning) {
    this.#signing = signing;
    this.#previous = signing.seedSignature;
  }

  /** Checks the next chunk, given the hex SHA-256 of its data. */
  checkChunk(dataHash: string, provided: string): void {
    this.#check("AWS4-HMAC-SHA256-PAYLOAD", `${EMPTY_SHA256}\n${dataHash}`, provided);
  }

  /** Checks the trailer, given its `name:value\n` lines. */
  checkTrailer(canonicalTrailer: string, provided: string): void {
    this.#check("AWS4-HMAC-SHA256-TRAILER", hashHex(canonicalTrailer), provided);
  }

  #check(algorithm: string, hashes: string, provided: string): void {
    const { signingKey, timestamp, scope, accessKeyId } = this.#signing;
    const stringToSign = `${algorithm}\n${timestamp}\n${scope}\n${this.#previous}\n${hashes}`;
    const expected = signText(signingKey, stringToSign);
    if (!equalSignatures(expected, provided)) {
      throw authError("SignatureDoesNotMatch", {
        AWSAccessKeyId: accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: provided,
      });
    }
    this.#previous = expected;
  }
}
