import { badPattern } from "./syntax.ts";

const TERM = /\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/y;

/**
 * `ERROR "user 17" -debug`: what all must be there, and what must not. `?a ?b`: one of them, which counts only
 * where nothing else is asked for. Case matters.
 */
export function parseTermsPattern(text: string): (message: string) => boolean {
  const required: string[] = [];
  const excluded: string[] = [];
  const optional: string[] = [];
  TERM.lastIndex = 0;
  while (TERM.lastIndex < text.length) {
    const match = TERM.exec(text);
    if (!match) throw badPattern(text);
    const [, sign, quoted, plain] = match;
    const term = quoted === undefined ? plain! : quoted.replace(/\\(.)/g, "$1");
    if (sign === "?") optional.push(term);
    else if (sign === "-") excluded.push(term);
    else required.push(term);
  }
  if (required.length === 0 && excluded.length === 0) {
    return (message) => optional.some((term) => message.includes(term));
  }
  return (message) =>
    required.every((term) => message.includes(term)) && !excluded.some((term) => message.includes(term));
}
