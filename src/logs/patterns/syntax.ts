import type { ServiceError } from "../../lib/errors.ts";
import { invalidParameter } from "../errors.ts";

export function badPattern(text: string): ServiceError {
  return invalidParameter(`Invalid filter pattern: ${text}`);
}

/** A piece of a condition. Of a quoted text `text` is what is between the quotes. */
export interface Token {
  readonly kind: "operator" | "word" | "quoted" | "selector";
  readonly text: string;
}

const TOKEN =
  /\s*(?:(&&|\|\||!=|<=|>=|=|<|>|\(|\))|"((?:[^"\\]|\\.)*)"|(\$(?:\.(?:\[(?:'[^']*'|"[^"]*"|\d+|\*)\]|[\w\-:]+)|\[(?:'[^']*'|"[^"]*"|\d+|\*)\])*)|([^\s"()=!<>&|]+))/y;

/** @throws ServiceError InvalidParameterException */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed);
    if (!match) throw badPattern(text);
    const [, operator, quoted, selector, word] = match;
    if (operator !== undefined) tokens.push({ kind: "operator", text: operator });
    else if (quoted !== undefined) tokens.push({ kind: "quoted", text: quoted.replace(/\\(.)/g, "$1") });
    else if (selector !== undefined) tokens.push({ kind: "selector", text: selector });
    else tokens.push({ kind: "word", text: word! });
  }
  return tokens;
}
