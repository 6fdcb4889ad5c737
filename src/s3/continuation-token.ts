import { invalidArgument } from "./errors.ts";

/** Says how the rest is to be read, should tokens ever carry more. */
const VERSION = "1";

/**
 * The position that a listing goes on after, opaque to clients: the last key, common prefix or bucket name
 * of the page before and nothing else, so that a token outlives any change of the index (consistency rule 3).
 */
export function encodeContinuationToken(position: string): string {
  return VERSION + Buffer.from(position).toString("base64");
}

/** The position in a token that `encodeContinuationToken` made; anything else is an InvalidArgument. */
export function decodeContinuationToken(token: string): string {
  const bytes = Buffer.from(token.slice(VERSION.length), "base64");
  if (token.startsWith(VERSION) && bytes.length > 0 && VERSION + bytes.toString("base64") === token) {
    const position = bytes.toString();
    // Bytes that are not UTF-8 would have become replacement characters.
    if (Buffer.from(position).equals(bytes)) return position;
  }
  throw invalidArgument("The continuation token provided is incorrect", "continuation-token", token);
}
