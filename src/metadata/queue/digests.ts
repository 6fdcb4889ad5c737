import { createHash, type Hash } from "node:crypto";
import type { MessageAttributes } from "./protocol.ts";

/** The MD5 of a body, in hexadecimal digits. */
export function hashBody(body: string): string {
  return createHash("md5").update(body).digest("hex");
}

/** What a FIFO queue that deduplicates by content compares. */
export function hashContent(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}

/**
 * The MD5 of message attributes as SQS computes it ("Calculating the MD5 message digest for message attributes"):
 * by name; name, type and value each behind its length in 4 bytes, the value also behind 1 for text, 2 for bytes.
 */
export function hashAttributes(attributes: MessageAttributes): string {
  const hash = createHash("md5");
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes).toSorted(byName)) {
    addPart(hash, Buffer.from(name));
    addPart(hash, Buffer.from(DataType));
    hash.update(Buffer.from([BinaryValue === undefined ? 1 : 2]));
    addPart(hash, BinaryValue === undefined ? Buffer.from(StringValue ?? "") : Buffer.from(BinaryValue, "base64"));
  }
  return hash.digest("hex");
}

function addPart(hash: Hash, part: Buffer): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  hash.update(length).update(part);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
