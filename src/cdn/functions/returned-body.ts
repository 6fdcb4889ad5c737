/** What a function has given as a body. */

/** Undefined where the text is not what its encoding says. */
export function decodeBody(data: string, encoding: "text" | "base64"): Uint8Array<ArrayBuffer> | undefined {
  if (encoding === "text") return Buffer.from(data);
  const bytes = Buffer.from(data, "base64");
  // Node skips what is no Base64.
  return bytes.toString("base64") === data ? bytes : undefined;
}
