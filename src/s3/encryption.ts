import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { HeaderFields } from "../lib/header-fields.ts";
import type { ObjectEncryption } from "../lib/object-encryption.ts";
import type { KmsDefault } from "../metadata/bucket/documents.ts";
import type { ObjectAttributes, ObjectRecord } from "../metadata/bucket/protocol.ts";
import type { S3Call } from "./call.ts";
import { encryptWithKms, kmsHeaders, openDataKey } from "./encryption-kms.ts";
import { type CustomerKey, readCustomerKey, readWriteEncryption } from "./encryption-headers.ts";
import { s3Error } from "./errors.ts";

/** How the body of a new version is encrypted, with a key beside R2's own. */
export interface BodyEncryption {
  /** What is kept of it with the version. */
  readonly record: ObjectEncryption;
  /** 256 bits, which R2 takes with the body. */
  readonly key: Uint8Array;
  /** Of the bucket, where the request said nothing. */
  readonly bucketDefault?: KmsDefault;
}

const SALT_BYTES = 16;
const CUSTOMER_ALGORITHM = "x-amz-server-side-encryption-customer-algorithm";
const CUSTOMER_KEY_MD5 = "x-amz-server-side-encryption-customer-key-md5";

/** The encryption of what the call writes; undefined: R2's own alone (SSE-S3). */
export async function chooseEncryption(call: S3Call): Promise<BodyEncryption | undefined> {
  const wanted = readWriteEncryption(call.headers);
  if (wanted.kind === "s3") return undefined;
  if (wanted.kind === "kms") return encryptWithKms(call, wanted);
  // What an isolate never heard from the index it may not take for the bucket's.
  const { documents } = call.bucket.isKnown ? call.bucket.config : await call.bucket.currentConfig();
  if (wanted.kind === "customer") {
    if (documents?.encryption?.blocksCustomerKeys) throw s3Error("AccessDenied");
    return encryptForCustomer(wanted.key);
  }
  const fallback = documents?.encryption?.kms;
  if (!fallback) return undefined;
  return { ...(await encryptWithKms(call, { kind: "kms", ...fallback })), bucketDefault: fallback };
}

/**
 * Throws unless the bucket's default encryption is still the one that was chosen by: its change has been
 * answered, and the stored bytes cannot follow it (consistency rule 7).
 */
export function checkDefaultEncryption(call: S3Call, chosen: BodyEncryption | undefined): void {
  if (readWriteEncryption(call.headers).kind !== "default") return;
  const present = call.bucket.config.documents?.encryption?.kms;
  if (JSON.stringify(present) === JSON.stringify(chosen?.bucketDefault)) return;
  throw s3Error("ServiceUnavailable", {
    message: "The default encryption of the bucket has changed. Please send the object again.",
  });
}

/** How parts of an upload are encrypted: as its creation said, with the same key sent again. */
export async function openUploadEncryption(
  call: S3Call,
  record: ObjectEncryption | undefined,
): Promise<BodyEncryption | undefined> {
  const sent = readCustomerKey(call.headers);
  if (record?.kind !== "customer") {
    if (sent) throw notApplicable();
    return record && { record, key: await openDataKey(call, record) };
  }
  if (!sent) throw missingPartKey();
  if (!isKeyOf(record, sent)) throw otherKey();
  return { record, key: sent.bytes };
}

/**
 * Throws unless the key that comes with a completion is the upload's; `required`: it has to come ("only when the
 * object was created using a checksum algorithm", CompleteMultipartUpload).
 */
export function checkCompletionKey(
  headers: HeaderFields,
  record: ObjectEncryption | undefined,
  required: boolean,
): void {
  if (record?.kind !== "customer") return;
  const sent = readCustomerKey(headers);
  if (sent ? !isKeyOf(record, sent) : required) throw sent ? otherKey() : missingPartKey();
}

/** Throws unless the caller has the key of an object that a customer's key encrypts, and sent none for another. */
export function checkReadKey({ attributes }: ObjectRecord, sent: CustomerKey | undefined): void {
  const { encryption } = attributes;
  if (encryption?.kind !== "customer") {
    if (sent) throw notApplicable();
    return;
  }
  if (!sent) {
    throw s3Error("InvalidRequest", {
      message:
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
    });
  }
  if (!isKeyOf(encryption, sent)) throw otherKey();
}

/** The key with which the bytes are read, of an object that has one; `checkReadKey` has seen what was sent. */
export async function openBodyKey(
  call: S3Call,
  { attributes: { encryption } }: ObjectRecord,
  sent: CustomerKey | undefined,
): Promise<Uint8Array | undefined> {
  return encryption?.kind === "kms" ? openDataKey(call, encryption) : encryption && sent?.bytes;
}

/** The same attributes of a version with other bytes. */
export function withEncryption(attributes: ObjectAttributes, record: ObjectEncryption | undefined): ObjectAttributes {
  const { encryption: _former, ...others } = attributes;
  return record ? { ...others, encryption: record } : others;
}

/** What a response says of the encryption of a version. */
export function encryptionHeaders(call: S3Call, encryption: ObjectEncryption | undefined): Record<string, string> {
  if (!encryption) return { "x-amz-server-side-encryption": "AES256" };
  if (encryption.kind === "kms") return kmsHeaders(encryption);
  const md5 = call.headers.get(CUSTOMER_KEY_MD5);
  return { [CUSTOMER_ALGORITHM]: "AES256", ...(md5 !== null && { [CUSTOMER_KEY_MD5]: md5 }) };
}

/** Nothing that is kept leads back to the key: salted, so that equal keys do not show. */
function encryptForCustomer(key: CustomerKey): BodyEncryption {
  const salt = randomBytes(SALT_BYTES);
  const record = {
    kind: "customer",
    salt: salt.toString("base64"),
    proof: proveKey(key, salt).toString("base64"),
  } as const;
  return { record, key: key.bytes };
}

function isKeyOf(record: ObjectEncryption, key: CustomerKey): boolean {
  if (record.kind !== "customer") return false;
  const proof = proveKey(key, Buffer.from(record.salt, "base64"));
  return timingSafeEqual(proof, Buffer.from(record.proof, "base64"));
}

function proveKey(key: CustomerKey, salt: Uint8Array): Buffer {
  return createHmac("sha256", key.bytes).update(salt).digest();
}

function missingPartKey() {
  return s3Error("InvalidRequest", {
    message:
      "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
  });
}

function otherKey() {
  return s3Error("InvalidRequest", {
    message: "The provided encryption parameters did not match the ones used originally.",
  });
}

function notApplicable() {
  return s3Error("InvalidRequest", { message: "The encryption parameters are not applicable to this object." });
}
