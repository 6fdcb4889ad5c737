import { createHash } from "node:crypto";
import type { HeaderFields } from "../lib/header-fields.ts";
import { JsonError, parseJson } from "../lib/json.ts";
import { invalidArgument, s3Error } from "./errors.ts";

const ENCRYPTION = "x-amz-server-side-encryption";
const KMS_KEY_ID = `${ENCRYPTION}-aws-kms-key-id`;
const KMS_CONTEXT = `${ENCRYPTION}-context`;
const BUCKET_KEY = `${ENCRYPTION}-bucket-key-enabled`;
const PREFIX = `${ENCRYPTION}-customer-`;
const SOURCE_PREFIX = `x-amz-copy-source-server-side-encryption-customer-`;
const ALGORITHM = "algorithm";
const KEY = "key";
const KEY_MD5 = "key-md5";
/** AES-256. */
const KEY_BYTES = 32;

/** A key that came with the request: nothing of it is ever kept or repeated but its MD5. */
export interface CustomerKey {
  readonly bytes: Uint8Array;
  /** Base64. */
  readonly md5: string;
}

/** The encryption that a write asks for; "default": it says nothing, and the bucket decides. */
export type WriteEncryption =
  | { readonly kind: "default" }
  /** AES256 is what R2 does with every body (SSE-S3). */
  | { readonly kind: "s3" }
  | { readonly kind: "customer"; readonly key: CustomerKey }
  | KmsEncryption;

export interface KmsEncryption {
  readonly kind: "kms";
  readonly algorithm: "aws:kms" | "aws:kms:dsse";
  /** As the client names it; absent: `aws/s3`. */
  readonly keyName?: string;
  readonly context?: Readonly<Record<string, string>>;
  /** Absent: as the bucket says. */
  readonly bucketKeyEnabled?: boolean;
}

/** What the headers of a write, or the fields of a form, say. @throws ServiceError as S3 refuses contradictions */
export function readWriteEncryption(headers: HeaderFields): WriteEncryption {
  const encryption = headers.get(ENCRYPTION);
  const kms = encryption === "aws:kms" || encryption === "aws:kms:dsse";
  if (encryption !== null && encryption !== "AES256" && !kms) {
    throw invalidArgument("The encryption method specified is not supported", ENCRYPTION, encryption);
  }
  if (!kms) refuseStrayKmsKey(headers);
  const key = readCustomerKey(headers);
  if (key) {
    if (encryption !== null) throw incompatible(encryption);
    return { kind: "customer", key };
  }
  if (kms) return readKmsEncryption(headers, encryption);
  return encryption === null ? { kind: "default" } : { kind: "s3" };
}

function readKmsEncryption(headers: HeaderFields, algorithm: KmsEncryption["algorithm"]): KmsEncryption {
  const keyName = headers.get(KMS_KEY_ID) || undefined;
  const context = headers.get(KMS_CONTEXT);
  const bucketKey = headers.get(BUCKET_KEY)?.toLowerCase();
  if (bucketKey !== undefined && bucketKey !== "true" && bucketKey !== "false") {
    throw invalidArgument(`${BUCKET_KEY} must be true or false.`, BUCKET_KEY, bucketKey);
  }
  return {
    kind: "kms",
    algorithm,
    ...(keyName !== undefined && { keyName }),
    ...(context !== null && { context: readContext(context) }),
    ...(bucketKey !== undefined && { bucketKeyEnabled: bucketKey === "true" }),
  };
}

/** JSON of texts by name, in Base64. */
function readContext(value: string): Record<string, string> {
  try {
    const context = parseJson(Buffer.from(value, "base64").toString()) as Record<string, unknown>;
    const entries = Object.entries(context).map(([name, text]) => {
      if (typeof text !== "string") throw new JsonError("not a text");
      return [name, text] as const;
    });
    return Object.fromEntries(entries);
  } catch {
    throw invalidArgument(
      "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
      KMS_CONTEXT,
      value,
    );
  }
}

/** A read names no encryption but a customer's key. */
export function readReadEncryption(headers: HeaderFields): CustomerKey | undefined {
  const encryption = headers.get(ENCRYPTION);
  if (encryption !== null) {
    throw invalidArgument(`${ENCRYPTION} header is not supported for this operation.`, ENCRYPTION, encryption);
  }
  return readCustomerKey(headers);
}

/** The key of a copy's source. */
export function readSourceKey(headers: HeaderFields): CustomerKey | undefined {
  return readCustomerKey(headers, SOURCE_PREFIX);
}

/** The key of the addressed object: algorithm, key and the key's MD5 come together or not at all. */
export function readCustomerKey(headers: HeaderFields, prefix = PREFIX): CustomerKey | undefined {
  const named = [ALGORITHM, KEY, KEY_MD5].some((name) => headers.has(prefix + name));
  return named ? checkCustomerKey(headers, prefix) : undefined;
}

function refuseStrayKmsKey(headers: HeaderFields): void {
  const keyId = headers.get(KMS_KEY_ID);
  if (keyId === null) return;
  throw invalidArgument(
    `Server Side Encryption with AWS KMS managed key requires HTTP header ${ENCRYPTION} : aws:kms`,
    KMS_KEY_ID,
    keyId,
  );
}

function incompatible(encryption: string) {
  return invalidArgument(
    "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
    ENCRYPTION,
    encryption,
  );
}

/** The MD5 proves that the key arrived whole. */
function checkCustomerKey(headers: HeaderFields, prefix: string): CustomerKey {
  const algorithm = requireHeader(headers, prefix + ALGORITHM, "a valid encryption algorithm");
  const key = requireHeader(headers, prefix + KEY, "an appropriate secret key");
  const keyMd5 = requireHeader(headers, prefix + KEY_MD5, "the client calculated MD5 of the secret key");
  if (algorithm !== "AES256") {
    // S3 names the header of its own encryption here, though it is the other one that is wrong.
    const detail = { ArgumentName: ENCRYPTION, ArgumentValue: algorithm };
    throw s3Error("InvalidEncryptionAlgorithmError", { detail });
  }
  const bytes = Buffer.from(key, "base64");
  // Never repeat the key in an answer.
  if (bytes.length !== KEY_BYTES) {
    throw invalidArgument("The secret key was invalid for the specified algorithm.", prefix + KEY, "null");
  }
  if (createHash("md5").update(bytes).digest("base64") !== keyMd5) {
    throw invalidArgument(
      "The calculated MD5 hash of the key did not match the hash that was provided.",
      prefix + KEY_MD5,
      keyMd5,
    );
  }
  return { bytes, md5: keyMd5 };
}

function requireHeader(headers: HeaderFields, name: string, what: string): string {
  const value = headers.get(name);
  if (value) return value;
  throw invalidArgument(
    `Requests specifying Server Side Encryption with Customer provided keys must provide ${what}.`,
    name,
    "null",
  );
}
