import { s3Operations } from "../../../src/s3/operations.ts";
import { utf8 } from "../attacks/hand-signed.ts";
import { NO_UPLOAD } from "../attacks/operation-rows.ts";
import { BUCKET, CANARY, FOREIGN_BUCKET } from "../attacks/target.ts";

/** What random requests are made of: all that S3 knows, and some that it does not. */

export const METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"];

const SUB_RESOURCES = [...new Set(s3Operations.flatMap(({ query = {} }) => Object.keys(query)))];
const LIST_PARAMETERS = `
  prefix delimiter marker max-keys encoding-type start-after continuation-token fetch-owner key-marker max-buckets
  version-id-marker upload-id-marker max-uploads max-parts part-number-marker`;
const OTHER_PARAMETERS = `
  versionId response-content-type response-expires x-id x-amz-acl x-amz-meta-a X-Amz-Signature`;
export const PARAMETERS = [...SUB_RESOURCES, ...words(LIST_PARAMETERS), ...words(OTHER_PARAMETERS)];
export const VALUES = words("0 1 -1 2 1000 99999999999 null true / url").concat(
  ["", "a b", "\0", "é", "\u{1f600}", NO_UPLOAD],
  "x".repeat(300),
);

export const HEADERS = words(`
  range if-match if-none-match if-modified-since if-unmodified-since content-md5 content-type content-encoding expires
  cache-control origin access-control-request-method accept-encoding expect x-amz-copy-source x-amz-copy-source-range
  x-amz-copy-source-if-match x-amz-metadata-directive x-amz-rename-source x-amz-storage-class x-amz-acl x-amz-tagging
  x-amz-checksum-crc32 x-amz-checksum-sha256 x-amz-checksum-algorithm x-amz-checksum-type x-amz-checksum-mode
  x-amz-trailer x-amz-sdk-checksum-algorithm x-amz-decoded-content-length x-amz-mp-object-size
  x-amz-object-attributes x-amz-max-parts x-amz-part-number-marker x-amz-expected-bucket-owner
  x-amz-source-expected-bucket-owner x-amz-meta-a x-amz-server-side-encryption x-amz-if-match-size
  x-verge-index-shards x-amz-bucket-object-lock-enabled x-amz-object-ownership x-amz-request-route`);
export const HEADER_VALUES = words(`
  * 0 -1 abc bytes=0- bytes=5-2 bytes=-0 bytes=0-1,3-4 "abc" W/"a" AAAAAA== CRC32 SHA256 COPY REPLACE STANDARD private
  99999999999999999999 ETag FULL_OBJECT ENABLED 100-continue %ff %00`).concat(
  ["", utf8("é"), "Thu, 01 Jan 1970 00:00:00 GMT"],
  [CANARY, `${BUCKET}/${CANARY}`, `/${FOREIGN_BUCKET}/${CANARY}`, `${BUCKET}/a?versionId=x`],
);

/** Binary text. */
export const BODIES = [
  "",
  "hello",
  "x".repeat(6_000),
  "<",
  "<Delete/>",
  "<Delete><Object><Key>a</Key></Object></Delete>",
  "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>",
  "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
  "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
  "{}",
  "5\r\nhello\r\n0\r\n\r\n",
  "\0\xff",
];

export const PAYLOADS = [
  "UNSIGNED-PAYLOAD",
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
  "nonsense",
];

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
