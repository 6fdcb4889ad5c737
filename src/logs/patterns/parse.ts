import { invalidParameter } from "../errors.ts";
import { parseFieldsPattern } from "./fields.ts";
import { parseJsonPattern } from "./json.ts";
import { parseTermsPattern } from "./terms.ts";

/** Whether a message matches. */
export type Pattern = (message: string) => boolean;

/**
 * A filter pattern ("Filter pattern syntax for metric filters, subscription filters, filter log events"): terms,
 * `{ … }` for messages that are JSON, `[ … ]` for those of fields between spaces. An empty one matches all.
 * @throws ServiceError InvalidParameterException
 */
export function parsePattern(text: string): Pattern {
  const trimmed = text.trim();
  if (trimmed === "") return () => true;
  if (/(^|[\s?(=-])%[^%]*%/.test(trimmed))
    throw invalidParameter("Regular expressions in filter patterns are not supported.");
  if (trimmed.startsWith("{")) return parseJsonPattern(trimmed);
  if (trimmed.startsWith("[")) return parseFieldsPattern(trimmed);
  return parseTermsPattern(trimmed);
}
