import type { HeaderFields } from "../lib/header-fields.ts";
import { REDIRECT_HEADER } from "../metadata/bucket/object-redirect.ts";
import type { ObjectAttributes } from "../metadata/bucket/protocol.ts";
import { invalidArgument, notImplementedHeader, s3Error } from "./errors.ts";
import { readLockHeaders } from "./lock-headers.ts";
import { readTaggingHeader } from "./tags.ts";

/** System metadata that S3 keeps as sent and returns. */
const STORED_HEADERS = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
] as const;

const DEFAULT_CONTENT_TYPE = "binary/octet-stream";
const METADATA_PREFIX = "x-amz-meta-";
/** Names and values together (Amazon S3 User Guide, "User-defined object metadata"). */
const MAX_METADATA_BYTES = 2048;
/** Of a whole request (Amazon S3 User Guide, "Working with object metadata"): what is not user metadata is stored too. */
export const MAX_HEADER_BYTES = 8192;

const STORAGE_CLASSES = new Set([
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER",
  "DEEP_ARCHIVE",
  "GLACIER_IR",
]);

/** Headers of features that are not served yet: refused by name rather than silently dropped. */
const UNSUPPORTED_HEADERS = ["x-amz-write-offset-bytes"];

/** The attributes that a PutObject, CreateMultipartUpload or replacing CopyObject gives to its object. */
export function readAttributes(headers: HeaderFields): ObjectAttributes {
  const stored: Record<string, string> = {};
  for (const name of STORED_HEADERS) {
    const value = name === "content-encoding" ? withoutAwsChunked(headers.get(name)) : headers.get(name);
    if (value) stored[name] = value;
  }
  const redirect = readRedirect(headers);
  if (redirect !== undefined) stored[REDIRECT_HEADER] = redirect;
  const tags = readTaggingHeader(headers);
  const lock = readLockHeaders(headers);
  return { headers: stored, metadata: readMetadata(headers), ...(tags.length > 0 && { tags }), ...(lock && { lock }) };
}

/** Where a website is to send whoever asks for the object. @throws ServiceError InvalidArgument */
export function readRedirect(headers: HeaderFields): string | undefined {
  const redirect = headers.get(REDIRECT_HEADER) || undefined;
  if (redirect === undefined || /^(\/|https?:\/\/)/.test(redirect)) return redirect;
  throw invalidArgument(
    "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
    REDIRECT_HEADER,
    redirect,
  );
}

/** `aws-chunked` is framing of the request, not a property of the object. */
function withoutAwsChunked(value: string | null): string | null {
  if (!value?.includes("aws-chunked")) return value;
  const codings = value.split(",").map((coding) => coding.trim());
  return codings.filter((coding) => coding !== "aws-chunked" && coding !== "").join(",") || null;
}

function readMetadata(headers: HeaderFields): Record<string, string> {
  // A null prototype: `x-amz-meta-__proto__` is a name like any other.
  const metadata = Object.create(null) as Record<string, string>;
  let bytes = 0;
  let allBytes = 0;
  for (const [name, value] of headers) {
    allBytes += name.length + value.length;
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const short = name.slice(METADATA_PREFIX.length);
    if (value.includes("\uFFFD")) throw invalidArgument("The header value is not valid UTF-8.", name, value);
    metadata[short] = value;
    bytes += short.length + Buffer.byteLength(value);
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw s3Error("MetadataTooLarge", { detail: { Size: String(bytes), MaxSizeAllowed: String(MAX_METADATA_BYTES) } });
  }
  if (allBytes > MAX_HEADER_BYTES) throw headerSectionTooLarge();
  return { ...metadata };
}

/** S3's answer to headers, or a query, of more than 8 KB together. */
export function headerSectionTooLarge() {
  return s3Error("RequestHeaderSectionTooLarge", { detail: { MaxSizeAllowed: String(MAX_HEADER_BYTES) } });
}

export function isStorageClass(text: string): boolean {
  return STORAGE_CLASSES.has(text);
}

/** The storage class asked for; it is stored and returned, all bytes are kept alike for now. */
export function readStorageClass(headers: HeaderFields): string {
  const storageClass = headers.get("x-amz-storage-class") ?? "STANDARD";
  if (!isStorageClass(storageClass)) {
    throw s3Error("InvalidStorageClass", { detail: { StorageClassRequested: storageClass } });
  }
  return storageClass;
}

/** Refuses what cannot be honoured yet, and lets through what means nothing here: unknown `x-amz-*` headers. */
export function refuseUnsupportedHeaders(headers: HeaderFields): void {
  for (const name of UNSUPPORTED_HEADERS) {
    if (headers.has(name)) throw notImplementedHeader(name);
  }
}

/** Attributes as response headers. */
export function attributeHeaders(attributes: ObjectAttributes): Record<string, string> {
  const headers: Record<string, string> = { "content-type": DEFAULT_CONTENT_TYPE, ...attributes.headers };
  for (const [name, value] of Object.entries(attributes.metadata)) {
    headers[METADATA_PREFIX + name] = encodeMetadataValue(value);
  }
  return headers;
}

/** Values beyond ASCII are returned as an RFC 2047 encoded word, as S3's REST API documents. */
function encodeMetadataValue(value: string): string {
  // eslint-disable-next-line no-control-regex -- the range is what US-ASCII means
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  return `=?UTF-8?B?${Buffer.from(value).toString("base64")}?=`;
}
