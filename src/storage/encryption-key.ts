/** A 256-bit key as R2's `ssecKey` takes it: in hexadecimal digits. */
export function toR2Key(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
