import { createHash } from "node:crypto";
import { createChecksum } from "../lib/checksums.ts";
import { parseXml, type XmlNode } from "../lib/xml.ts";
import { hideControlReferences, restoreControls } from "./control-references.ts";
import type { S3Call } from "./call.ts";
import { s3Error } from "./errors.ts";
import { readingBody } from "./lost-body.ts";
import { readContentMd5, readExpectedChecksum, verifyChecksum, verifyContentMd5 } from "./upload-checksum.ts";

/**
 * Tags in the longest document of S3's API (10,000 parts with a checksum each) and some more. A body of
 * tiny elements would take a hundred times its size once parsed.
 */
const MAX_TAGS = 100_000;
const LESS_THAN = 0x3c;

/** Reads a body of at most `maxBytes` into memory and verifies its Content-MD5, where sent; empty when there is none. */
export async function readBoundedBody(
  call: Pick<S3Call, "payload" | "headers">,
  maxBytes: number,
): Promise<Uint8Array> {
  const { stream, length } = call.payload;
  const contentMd5 = readContentMd5(call.headers);
  if (length !== undefined && length > maxBytes) throw tooLong(maxBytes);
  const bytes = await readingBody(collect(stream, maxBytes));
  if (contentMd5 !== undefined) verifyContentMd5(contentMd5, createHash("md5").update(bytes).digest("hex"));
  return bytes;
}

/** The body, proven whole: S3 acts on no document that may be damaged. */
export async function readVerifiedBody(
  call: Pick<S3Call, "payload" | "headers">,
  maxBytes: number,
): Promise<Uint8Array> {
  const expected = readExpectedChecksum(call);
  if (!expected && readContentMd5(call.headers) === undefined) {
    throw s3Error("InvalidRequest", {
      message: "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    });
  }
  const body = await readBoundedBody(call, maxBytes);
  if (expected) {
    const checksum = createChecksum(expected.algorithm);
    checksum.update(body);
    verifyChecksum(expected, await checksum.digestBase64());
  }
  return body;
}

async function collect(stream: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLong(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Parses the bytes of a body, which must be a document. */
export function parseXmlBody(bytes: Uint8Array): XmlNode {
  if (bytes.length === 0) throw s3Error("MissingRequestBodyError");
  if (countTags(bytes) > MAX_TAGS) throw s3Error("MalformedXML");
  const hidden = hideControlReferences(bytes);
  return hidden ? restoreControls(parseXml(hidden.source), hidden.marker) : parseXml(bytes);
}

/** `xs:boolean`, in any case. */
export function readBoolean(text: string): boolean {
  const value = text.trim().toLowerCase();
  if (value !== "true" && value !== "false" && value !== "1" && value !== "0") throw s3Error("MalformedXML");
  return value === "true" || value === "1";
}

function countTags(bytes: Uint8Array): number {
  let tags = 0;
  for (let at = bytes.indexOf(LESS_THAN); at >= 0; at = bytes.indexOf(LESS_THAN, at + 1)) tags += 1;
  return tags;
}

function tooLong(maxBytes: number) {
  return s3Error("MaxMessageLengthExceeded", { detail: { MaxMessageLengthBytes: String(maxBytes) } });
}
