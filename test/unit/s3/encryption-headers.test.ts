import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { readReadEncryption, readWriteEncryption } from "../../../src/s3/encryption-headers.ts";

const SSE = "x-amz-server-side-encryption";
const key = Buffer.alloc(32, 7);
const CUSTOMER_KEY = {
  [`${SSE}-customer-algorithm`]: "AES256",
  [`${SSE}-customer-key`]: key.toString("base64"),
  [`${SSE}-customer-key-md5`]: createHash("md5").update(key).digest("base64"),
};

function without(name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(CUSTOMER_KEY).filter(([header]) => header !== `${SSE}-${name}`));
}

function refusal(check: (headers: Headers) => unknown, headers: Record<string, string>): unknown {
  try {
    check(new Headers(headers));
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each([
  ["nothing", {}, undefined],
  ["what R2 does anyhow", { [SSE]: "AES256" }, undefined],
  ["an unknown method", { [SSE]: "ROT13" }, "InvalidArgument"],
  ["KMS", { [SSE]: "aws:kms", [`${SSE}-aws-kms-key-id`]: "key" }, undefined],
  ["a KMS key without KMS", { [`${SSE}-aws-kms-key-id`]: "key" }, "InvalidArgument"],
  ["a customer's key", CUSTOMER_KEY, undefined],
  ["a customer's key beside another method", { ...CUSTOMER_KEY, [SSE]: "AES256" }, "InvalidArgument"],
  ["a customer's key without an algorithm", without("customer-algorithm"), "InvalidArgument"],
  ["an algorithm without a key", without("customer-key"), "InvalidArgument"],
  ["a customer's key without its MD5", without("customer-key-md5"), "InvalidArgument"],
  [
    "another algorithm",
    { ...CUSTOMER_KEY, [`${SSE}-customer-algorithm`]: "AES128" },
    "InvalidEncryptionAlgorithmError",
  ],
  ["a short key", { ...CUSTOMER_KEY, [`${SSE}-customer-key`]: "c2hvcnQ=" }, "InvalidArgument"],
  ["a key that is not of its MD5", { ...CUSTOMER_KEY, [`${SSE}-customer-key-md5`]: "AAAA" }, "InvalidArgument"],
])("a write with %s", (_, headers, code) => {
  expect(refusal(readWriteEncryption, headers)).toBe(code);
});

test.each([
  ["nothing", {}, undefined],
  ["a method", { [SSE]: "AES256" }, "InvalidArgument"],
  ["a customer's key", CUSTOMER_KEY, undefined],
  ["half of a customer's key", without("customer-key"), "InvalidArgument"],
])("a read with %s", (_, headers, code) => {
  expect(refusal(readReadEncryption, headers)).toBe(code);
});
