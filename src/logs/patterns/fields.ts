import { type Condition, ConditionParser, type Operand } from "./conditions.ts";
import { badPattern, type Token } from "./syntax.ts";

/** A line's fields: text between spaces, in brackets, or in double quotes. */
const FIELD = /"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|(\S+)/g;
const NAME = /^[\w.-]+$/;
const ELLIPSIS = "...";

interface Field {
  /** Place in the line; from its end, and negative, behind an ellipsis. */
  readonly place: number;
  readonly text: string;
}

/** `[ip, user, ..., status = 4*, bytes > 1000]`: messages of as many fields; `...` stands for any number of them. */
export function parseFieldsPattern(pattern: string): (message: string) => boolean {
  if (!pattern.endsWith("]")) throw badPattern(pattern);
  const parts = pattern
    .slice(1, -1)
    .split(",")
    .map((part) => part.trim());
  const gap = parts.indexOf(ELLIPSIS);
  if (gap !== parts.lastIndexOf(ELLIPSIS)) throw badPattern(pattern);
  const count = gap < 0 ? parts.length : parts.length - 1;
  const conditions = parts.flatMap((text, index): Condition<readonly string[]>[] => {
    if (index === gap) return [];
    return parseField(pattern, { text, place: gap >= 0 && index > gap ? index - parts.length : index });
  });
  return (message) => {
    const fields = Array.from(message.matchAll(FIELD), ([, quoted, bracketed, plain]) => quoted ?? bracketed ?? plain!);
    const fits = gap < 0 ? fields.length === count : fields.length >= count;
    return fits && conditions.every((condition) => condition(fields));
  };
}

/** A name alone asks nothing of its field. */
function parseField(pattern: string, { place, text }: Field): Condition<readonly string[]>[] {
  if (text === "") throw badPattern(pattern);
  if (NAME.test(text)) return [];
  const readOperand = ({ kind, text: name }: Token): Operand<readonly string[]> => {
    if (kind !== "word" || !NAME.test(name)) throw badPattern(pattern);
    return (fields) => [fields.at(place)];
  };
  return [new ConditionParser<readonly string[]>(text, readOperand).parse()];
}
