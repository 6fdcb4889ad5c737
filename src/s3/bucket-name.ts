import { s3Error } from "./errors.ts";

const ALLOWED = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
/** Reserved by AWS for its own kinds of buckets and aliases. */
const RESERVED_PREFIXES = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/** What any bucket of S3 may be called, the oldest of us-east-1 included. */
const POSSIBLE = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

/** Whether a new bucket may have this name (User Guide, "General purpose bucket naming rules"). */
export function isBucketName(name: string): boolean {
  return (
    ALLOWED.test(name) &&
    !name.includes("..") &&
    !IPV4.test(name) &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix))
  );
}

export function checkBucketName(name: string): void {
  if (!isBucketName(name)) throw invalidBucketName(name);
}

/** Throws InvalidBucketName for what cannot be the name of a bucket anywhere, before it costs a look-up. */
export function checkAddressedName(name: string): void {
  if (!POSSIBLE.test(name)) throw invalidBucketName(name);
}

function invalidBucketName(name: string) {
  return s3Error("InvalidBucketName", { detail: { BucketName: name } });
}

export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`;
}
