import type { S3Call } from "./call.ts";
import { invalidArgument, s3Error } from "./errors.ts";

const MAX_KEY_BYTES = 1024;

/** A key is 1 to 1,024 bytes of UTF-8; it is taken literally. */
export function checkKey(key: string): void {
  // The usual case without counting: a unit of UTF-16 takes at most three bytes.
  if (key.length * 3 <= MAX_KEY_BYTES) return;
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) {
    throw s3Error("KeyTooLongError", { detail: { Size: String(bytes), MaxSizeAllowed: String(MAX_KEY_BYTES) } });
  }
}

/** `x-amz-expected-bucket-owner`: a guard against writing into a bucket that changed hands. */
export function checkExpectedOwner(call: S3Call, headerName: string, ownerId: string): void {
  const expected = call.headers.get(headerName);
  if (expected !== null && expected !== ownerId) throw s3Error("AccessDenied");
}

/** A whole number of a query parameter or header, within bounds; `fallback` when absent or empty. */
export function readInteger(
  name: string,
  value: string | null | undefined,
  fallback: number,
  minimum: number,
  maximum: number,
): number {
  if (value === null || value === undefined || value === "") return fallback;
  if (!/^[+-]?\d+$/.test(value))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, value);
  const number = Number(value);
  if (number < minimum || number > maximum) {
    throw invalidArgument(`Argument ${name} must be an integer between ${minimum} and ${maximum}`, name, value);
  }
  return number;
}
