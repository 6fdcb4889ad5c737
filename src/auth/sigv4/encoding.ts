/** AWS's unreserved characters (RFC 3986, 2.3): everything else is written as %XX in upper case. */
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
const PATH_PARTS = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~/]/gu;
const QUERY_PARTS = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~]/gu;

/** Percent-encodes text that is not encoded yet, with AWS's set of unreserved characters. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, encodeAscii);
}

/**
 * A path as AWS canonicalises it for S3: decoded once and encoded again, slashes kept. Escapes are
 * handled as bytes, so a path that is not UTF-8 keeps its bytes.
 */
export function canonicalizeS3Path(rawPath: string): string {
  return rawPath.replace(PATH_PARTS, (part) => (part === "%2F" || part === "%2f" ? "/" : recode(part)));
}

/**
 * The path of every other service: dot segments and empty segments removed, then what was sent
 * (already encoded) is encoded once more.
 */
export function canonicalizeServicePath(rawPath: string): string {
  const kept: string[] = [];
  for (const segment of rawPath.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const trailing = kept.length > 0 && rawPath.endsWith("/") ? "/" : "";
  return `/${kept.map(encodeUri).join("/")}${trailing}`;
}

/** One name or value of a query, decoded and encoded again. "+" is a space, as S3 reads it. */
export function canonicalizeQueryPart(raw: string): string {
  return raw.replace(QUERY_PARTS, (part) => (part === "+" ? "%20" : recode(part)));
}

/** Decodes a name or value of a query; an escape that is not UTF-8 leaves the text as it is. */
export function decodeQueryPart(raw: string): string {
  if (!/[%+]/.test(raw)) return raw;
  try {
    return decodeURIComponent(raw.replaceAll("+", " "));
  } catch {
    return raw;
  }
}

/** Gives one escape or one character its canonical form. */
function recode(part: string): string {
  if (part.length !== 3 || !part.startsWith("%")) return encodeUri(part);
  const character = String.fromCharCode(Number.parseInt(part.slice(1), 16));
  return UNRESERVED.test(character) ? character : part.toUpperCase();
}

function encodeAscii(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
