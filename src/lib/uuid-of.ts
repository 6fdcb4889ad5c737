import { createHash } from "node:crypto";

/** A UUID (RFC 9562, version 8) that is always the same for a text, and another for another. */
export function uuidOf(text: string): string {
  const digest = createHash("sha256").update(text).digest();
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  return digest.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
