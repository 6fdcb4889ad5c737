import type { ConditionContext, Pattern, PatternPart } from "./policy.ts";

/** `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}`, `${$}` for the characters themselves. */
const VARIABLE = /\$\{(?:([*?$])|([\w:/.\-=+@ ]+?)(?:\s*,\s*'([^']*)')?)\}/g;
const WILDCARD = /[*?]/g;

/** Reads a pattern. `variables`: the policy's version knows them; `wildcards`: `*` and `?` mean something here. */
export function readPattern(text: string, variables: boolean): Pattern {
  const parts: PatternPart[] = [];
  let position = 0;
  for (const match of variables && text.includes("${") ? text.matchAll(VARIABLE) : []) {
    addWildcards(parts, text.slice(position, match.index));
    const [whole, character, key = "", fallback] = match;
    if (character !== undefined) parts.push({ kind: "text", text: character });
    else parts.push({ kind: "variable", key: key.toLowerCase(), ...(fallback !== undefined && { fallback }) });
    position = match.index + whole.length;
  }
  addWildcards(parts, text.slice(position));
  return parts.every(({ kind }) => kind === "text") && parts.length <= 1 && position === 0 ? { text } : { text, parts };
}

function addWildcards(parts: PatternPart[], text: string): void {
  let position = 0;
  for (const { index, 0: wildcard } of text.matchAll(WILDCARD)) {
    if (index > position) parts.push({ kind: "text", text: text.slice(position, index) });
    parts.push({ kind: wildcard === "*" ? "any" : "one" });
    position = index + 1;
  }
  if (position < text.length) parts.push({ kind: "text", text: text.slice(position) });
}

/** Whether the text fits. A pattern with a variable that the request does not have fits nothing. */
export function fits(pattern: Pattern, text: string, context: ConditionContext): boolean {
  if (!pattern.parts) return pattern.text === text;
  const units = resolve(pattern.parts, context);
  return units !== undefined && matchUnits(units, text);
}

/** The pattern's text with its variables, wildcards standing for themselves; undefined where a variable is missing. */
export function resolveText({ text, parts }: Pattern, context: ConditionContext): string | undefined {
  if (!parts) return text;
  let resolved = "";
  for (const part of parts) {
    const piece = part.kind === "any" ? "*" : part.kind === "one" ? "?" : textOf(part, context);
    if (piece === undefined) return undefined;
    resolved += piece;
  }
  return resolved;
}

export function hasWildcard({ parts = [] }: Pattern): boolean {
  return parts.some(({ kind }) => kind === "any" || kind === "one");
}

export function hasVariable({ parts = [] }: Pattern): boolean {
  return parts.some(({ kind }) => kind === "variable");
}

type Unit = string | 0 | 1;
const ANY: Unit = 0;
const ONE: Unit = 1;

/** What a variable stands for is text, whatever characters it has: nobody widens a policy by his own name. */
function resolve(parts: readonly PatternPart[], context: ConditionContext): Unit[] | undefined {
  const units: Unit[] = [];
  for (const part of parts) {
    if (part.kind === "any") units.push(ANY);
    else if (part.kind === "one") units.push(ONE);
    else {
      const text = textOf(part, context);
      if (text === undefined) return undefined;
      units.push(...text.split(""));
    }
  }
  return units;
}

function textOf(
  part: Extract<PatternPart, { kind: "text" | "variable" }>,
  context: ConditionContext,
): string | undefined {
  if (part.kind === "text") return part.text;
  const values = context(part.key);
  return values?.length === 1 ? values[0] : part.fallback;
}

/** Without backtracking beyond the last `*`: linear for what people write, never worse than quadratic. */
function matchUnits(units: readonly Unit[], text: string): boolean {
  let at = 0;
  let position = 0;
  let star = -1;
  let resume = 0;
  while (position < text.length) {
    const unit = units[at];
    if (unit === ANY) {
      star = at++;
      resume = position;
    } else if (unit === ONE || (unit !== undefined && unit === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else return false;
  }
  while (units[at] === ANY) at++;
  return at === units.length;
}
