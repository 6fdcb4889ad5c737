import { createHash } from "node:crypto";
import { invalidArgument, notImplementedHeader, s3Error } from "./errors.ts";

const ENCRYPTION = "x-amz-server-side-encryption";
const KMS_KEY_ID = `${ENCRYPTION}-aws-kms-key-id`;
const KMS_CONTEXT = `${ENCRYPTION}-context`;
const ALGORITHM = `${ENCRYPTION}-customer-algorithm`;
const KEY = `${ENCRYPTION}-customer-key`;
const KEY_MD5 = `${ENCRYPTION}-customer-key-md5`;
const CUSTOMER_HEADERS = [ALGORITHM, KEY, KEY_MD5];
/** AES-256. */
const KEY_BYTES = 32;

/**
 * The encryption that a write asks for. AES256 is what R2 does with every body (SSE-S3). Customer keys and KMS
 * are not served yet and refused by name, but what S3 would refuse anyhow gets S3's own error.
 */
export function checkWriteEncryption(headers: Headers): void {
  const encryption = headers.get(ENCRYPTION);
  const kms = encryption?.startsWith("aws:kms") ?? false;
  if (encryption !== null && encryption !== "AES256" && !kms) {
    throw invalidArgument("The encryption method specified is not supported", ENCRYPTION, encryption);
  }
  if (!kms) refuseStrayKmsKey(headers);
  const customer = CUSTOMER_HEADERS.find((name) => headers.has(name));
  if (customer !== undefined) {
    if (encryption !== null) throw incompatible(encryption);
    checkCustomerKey(headers);
    throw notImplementedHeader(customer);
  }
  if (kms) throw notImplementedHeader(ENCRYPTION);
  if (headers.has(KMS_CONTEXT)) throw notImplementedHeader(KMS_CONTEXT);
}

/** A read names no encryption but a customer's key, and no object here has one. */
export function checkReadEncryption(headers: Headers): void {
  const encryption = headers.get(ENCRYPTION);
  if (encryption !== null) {
    throw invalidArgument(`${ENCRYPTION} header is not supported for this operation.`, ENCRYPTION, encryption);
  }
  if (!CUSTOMER_HEADERS.some((name) => headers.has(name))) return;
  checkCustomerKey(headers);
  throw s3Error("InvalidRequest", { message: "The encryption parameters are not applicable to this object." });
}

function refuseStrayKmsKey(headers: Headers): void {
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

/** Algorithm, key and the key's MD5 come together, and the MD5 proves that the key arrived whole. */
function checkCustomerKey(headers: Headers): void {
  const algorithm = requireHeader(headers, ALGORITHM, "a valid encryption algorithm");
  const key = requireHeader(headers, KEY, "an appropriate secret key");
  const keyMd5 = requireHeader(headers, KEY_MD5, "the client calculated MD5 of the secret key");
  if (algorithm !== "AES256") throw s3Error("InvalidEncryptionAlgorithmError");
  const bytes = Buffer.from(key, "base64");
  // Never repeat the key in an answer.
  if (bytes.length !== KEY_BYTES) {
    throw invalidArgument("The secret key was invalid for the specified algorithm.", KEY, "null");
  }
  if (createHash("md5").update(bytes).digest("base64") !== keyMd5) {
    throw invalidArgument(
      "The calculated MD5 hash of the key did not match the hash that was provided.",
      KEY_MD5,
      keyMd5,
    );
  }
}

function requireHeader(headers: Headers, name: string, what: string): string {
  const value = headers.get(name);
  if (value) return value;
  throw invalidArgument(
    `Requests specifying Server Side Encryption with Customer provided keys must provide ${what}.`,
    name,
    "null",
  );
}
