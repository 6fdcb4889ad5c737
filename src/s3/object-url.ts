import { encodeKey } from "../lib/percent.ts";
import type { S3Call } from "./call.ts";

/** An object's URL in the style in which its bucket was addressed. */
export function objectUrl(call: Pick<S3Call, "origin" | "virtualHosted" | "bucketName">, key: string): string {
  const path = call.virtualHosted ? "" : `/${call.bucketName}`;
  return `${call.origin}${path}/${encodeKey(key)}`;
}
