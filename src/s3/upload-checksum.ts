import { type ChecksumAlgorithm, CHECKSUM_ALGORITHMS, checksumHeader, isChecksumValue } from "../lib/checksums.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import type { S3Call } from "./call.ts";
import { s3Error } from "./errors.ts";

/** The checksum that a client sends with a body: in a header, or in a trailer after the last byte. */
export interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64. Of a trailer it is known only when the body has ended. */
  readonly value: () => string | undefined;
}

/** Reads `x-amz-checksum-*`, its trailer form, and `x-amz-sdk-checksum-algorithm`. At most one algorithm a request. */
export function readExpectedChecksum(call: Pick<S3Call, "payload" | "headers">): ExpectedChecksum | undefined {
  const inHeaders = CHECKSUM_ALGORITHMS.filter((algorithm) => call.headers.has(checksumHeader(algorithm)));
  const inTrailers = CHECKSUM_ALGORITHMS.filter((algorithm) =>
    call.payload.trailerNames.includes(checksumHeader(algorithm)),
  );
  if (inHeaders.length + inTrailers.length > 1) {
    throw s3Error("InvalidRequest", {
      message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    });
  }
  const announced = readAlgorithmName(call.headers.get("x-amz-sdk-checksum-algorithm"), "x-amz-sdk-checksum-algorithm");
  const algorithm = inHeaders[0] ?? inTrailers[0];
  if (announced && !algorithm) {
    throw s3Error("InvalidRequest", {
      message:
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    });
  }
  if (!algorithm) return undefined;
  if (announced && announced !== algorithm) {
    throw s3Error("InvalidRequest", { message: "Value for x-amz-sdk-checksum-algorithm header is invalid." });
  }
  const name = checksumHeader(algorithm);
  if (inTrailers[0]) return { algorithm, value: () => call.payload.trailers.get(name) };
  const value = call.headers.get(name)!;
  if (!isChecksumValue(algorithm, value)) throw checksumMismatch(algorithm);
  return { algorithm, value: () => value };
}

/** An algorithm by the name that clients send, in any case. */
export function readAlgorithmName(value: string | null, header: string): ChecksumAlgorithm | undefined {
  if (value === null || value === "") return undefined;
  const algorithm = CHECKSUM_ALGORITHMS.find((name) => name === value.toUpperCase());
  if (!algorithm) {
    throw s3Error("InvalidRequest", {
      message:
        header === "x-amz-checksum-algorithm"
          ? "Checksum algorithm provided is unsupported. Please try again with any of the valid types: " +
            `[${CHECKSUM_ALGORITHMS.join(", ")}]`
          : `Value for ${header} header is invalid.`,
    });
  }
  return algorithm;
}

/** Compares a computed checksum with the sent one. */
export function verifyChecksum(expected: ExpectedChecksum, computed: string): void {
  const value = expected.value();
  if (value === undefined) {
    throw s3Error("InvalidRequest", {
      message: `Value for ${checksumHeader(expected.algorithm)} header is invalid.`,
    });
  }
  if (value !== computed) throw checksumMismatch(expected.algorithm);
}

/** The error for a checksum that is not that of the bytes: what cannot be a checksum at all is no other mistake. */
export function checksumMismatch(algorithm: ChecksumAlgorithm) {
  return s3Error("BadDigest", { message: `The ${algorithm} you specified did not match the calculated checksum.` });
}

/** `Content-MD5` as hexadecimal digits, or undefined when it was not sent. */
export function readContentMd5(headers: HeaderFields): string | undefined {
  const value = headers.get("content-md5");
  if (value === null) return undefined;
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== 16 || bytes.toString("base64") !== value.trim()) {
    throw s3Error("InvalidDigest", { detail: { "Content-MD5": value } });
  }
  return bytes.toString("hex");
}

/** Compares the body's MD5 with `Content-MD5`. */
export function verifyContentMd5(expectedHex: string | undefined, computedHex: string): void {
  if (expectedHex === undefined || expectedHex === computedHex) return;
  throw s3Error("BadDigest", {
    detail: {
      ExpectedDigest: Buffer.from(expectedHex, "hex").toString("base64"),
      CalculatedDigest: Buffer.from(computedHex, "hex").toString("base64"),
    },
  });
}
