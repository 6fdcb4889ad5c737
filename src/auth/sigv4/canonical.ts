import { createHash } from "node:crypto";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { canonicalizeQueryPart } from "./encoding.ts";
import { splitQuery } from "./request.ts";

/** The one algorithm that is accepted. SigV4a (ECDSA) and SigV2 are refused by name. */
export const ALGORITHM = "AWS4-HMAC-SHA256";

export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** What a canonical request is made of (IAM User Guide, "Create a signed AWS API request"). */
export interface CanonicalParts {
  readonly method: string;
  /** Already canonical. */
  readonly path: string;
  /** Already canonical. */
  readonly query: string;
  readonly headers: HeaderFields;
  /** In lower case, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  /** Hex SHA-256 of the body, or the literal from `x-amz-content-sha256`. */
  readonly payloadHash: string;
}

export function createCanonicalRequest(parts: CanonicalParts): string {
  let lines = `${parts.method}\n${parts.path}\n${parts.query}\n`;
  for (const name of parts.signedHeaders) {
    // Platforms drop headers without a value, and clients sign them: absent and empty are the same.
    lines += `${name}:${canonicalizeHeaderValue(parts.headers.get(name) ?? "")}\n`;
  }
  return `${lines}\n${parts.signedHeaders.join(";")}\n${parts.payloadHash}`;
}

/** Parameters decoded, encoded again and sorted; `without` is left out by its exact name. */
export function canonicalizeQuery(rawQuery: string, without?: string): string {
  if (rawQuery === "") return "";
  return splitQuery(rawQuery)
    .map(([name, value]) => [canonicalizeQueryPart(name), canonicalizeQueryPart(value)] as const)
    .filter(([name]) => name !== without)
    .sort(compareParameters)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

export function createStringToSign(timestamp: string, scope: string, canonicalRequest: string): string {
  return `${ALGORITHM}\n${timestamp}\n${scope}\n${hashHex(canonicalRequest)}`;
}

/** SHA-256 in lower-case hex; text is taken as UTF-8. */
export function hashHex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function canonicalizeHeaderValue(value: string): string {
  return value.trim().replace(/[ \t]{2,}|\t/g, " ");
}

/** By name, then by value: both are ASCII here, so code units order as bytes do. */
function compareParameters(a: readonly [string, string], b: readonly [string, string]): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  if (a[1] === b[1]) return 0;
  return a[1] < b[1] ? -1 : 1;
}
