import { ServiceError } from "./errors.ts";

/**
 * Percent-decodes a path or a query part as sent. A stray `%` stays as it is, as S3 does;
 * octets that are not UTF-8 are refused, since a key is UTF-8 by definition.
 */
export function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    throw new ServiceError("InvalidURI", 400, "Couldn't parse the specified URI.");
  }
}

/** Encodes everything but RFC 3986's unreserved characters and `/`: what S3 puts into `encoding-type=url` answers. */
export function encodeKey(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");
}
