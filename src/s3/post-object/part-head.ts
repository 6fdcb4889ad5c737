import { malformedForm } from "./form-errors.ts";

/** What the head of a part of a form says. */
export interface PartHead {
  readonly name: string;
  /** Without the folders that some browsers send before it; undefined where there is none. */
  readonly filename: string | undefined;
}

/** RFC 2183, section 2: a token or a quoted string after each name. */
const PARAMETER = /\s*;\s*([a-z0-9_*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^";\s]*))/giy;

/** Reads `Content-Disposition: form-data; name="key"; filename="a.txt"` (RFC 7578, section 4.2). */
export function readPartHead(text: string): PartHead {
  const disposition = text
    .split("\r\n")
    .map((line) => /^content-disposition\s*:\s*form-data\s*(;.*)$/is.exec(line)?.[1])
    .find((parameters) => parameters !== undefined);
  if (disposition === undefined) throw malformedForm();
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, token = ""] of disposition.matchAll(PARAMETER)) {
    parameters.set(name.toLowerCase(), quoted === undefined ? token : unescapeQuoted(quoted));
  }
  const name = parameters.get("name");
  if (!name) throw malformedForm();
  const filename = parameters.get("filename");
  return { name, filename: filename === undefined ? undefined : withoutFolders(filename) };
}

/** Only these two are escaped: the other backslashes are those of a path that an old browser sends as it is. */
function unescapeQuoted(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

/** "Only the text following the last slash or backslash is used" (HTML form fields, `${filename}`). */
function withoutFolders(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** The `boundary` of a `Content-Type: multipart/form-data` (RFC 2046, section 5.1.1); undefined for other types. */
export function readBoundary(contentType: string | null): string | undefined {
  const [, parameters] = /^\s*multipart\/form-data\s*(;.*)?$/i.exec(contentType ?? "") ?? [undefined, undefined];
  for (const [, name = "", quoted, token = ""] of (parameters ?? "").matchAll(PARAMETER)) {
    if (name.toLowerCase() === "boundary") return quoted === undefined ? token : unescapeQuoted(quoted);
  }
  return undefined;
}
