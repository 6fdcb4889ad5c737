import { JsonError, parseJson } from "./json.ts";

/**
 * Event patterns: which JSON events are wanted ("Creating Amazon EventBridge event patterns"; Lambda's event source
 * mappings have those operators of them that are here). A pattern has the form of the event: each field names what its
 * value may be, and all fields have to agree. Of a list in the event one item is enough.
 */
export interface EventPattern {
  readonly fields: readonly (readonly [name: string, wanted: EventPattern | readonly Matcher[]])[];
  /** Of each `$or`: one of them has to fit. */
  readonly alternatives: readonly (readonly EventPattern[])[];
}

/** Whether a value is wanted: text, number, boolean, null; undefined where the event has none. */
type Matcher = (value: unknown) => boolean;
type Json = Readonly<Record<string, unknown>>;

export class EventPatternError extends Error {}

/** "The range of values is -5.0e9 to +5.0e9". */
const MAX_NUMBER = 5e9;
/** Lists in lists of an event are looked into so deep. */
const MAX_LISTS = 8;

/** @throws EventPatternError */
export function parseEventPattern(text: string): EventPattern {
  return readPattern(parseText(text));
}

function parseText(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw new EventPatternError(error.message);
    throw error;
  }
}

function readPattern(value: unknown): EventPattern {
  if (!isObject(value) || Object.keys(value).length === 0) {
    throw new EventPatternError("A pattern is a JSON object that is not empty.");
  }
  const { $or: alternatives, ...fields } = value;
  return {
    fields: Object.entries(fields).map(([name, wanted]) => [name, readField(name, wanted)] as const),
    alternatives: alternatives === undefined ? [] : [readAlternatives(alternatives)],
  };
}

function readField(name: string, wanted: unknown): EventPattern | Matcher[] {
  if (isObject(wanted)) return readPattern(wanted);
  if (Array.isArray(wanted) && wanted.length > 0) return wanted.map(readMatcher);
  throw new EventPatternError(`${name} must be an object or an array that is not empty.`);
}

function readAlternatives(value: unknown): EventPattern[] {
  if (Array.isArray(value) && value.length > 1) return value.map(readPattern);
  throw new EventPatternError("$or must be an array of at least two objects.");
}

function readMatcher(wanted: unknown): Matcher {
  if (isLeaf(wanted)) return (value) => value === wanted;
  if (!isObject(wanted)) throw new EventPatternError("A list in a pattern holds values and objects.");
  const { name, operand } = readOperator(wanted);
  switch (name) {
    case "exists":
      if (typeof operand !== "boolean") throw new EventPatternError("exists must be true or false.");
      return (value) => (value !== undefined) === operand;
    case "numeric":
      return readNumeric(operand);
    case "anything-but":
      return readAnythingBut(operand);
    default:
      return readTextOperator(name, operand);
  }
}

function readOperator(value: Json): { readonly name: string; readonly operand: unknown } {
  const [[name, operand] = ["", undefined], ...more] = Object.entries(value);
  if (name === "" || more.length > 0) throw new EventPatternError("An operator is an object of one member.");
  return { name, operand };
}

/** `prefix` and `suffix`, which may ignore case, and `equals-ignore-case`. */
function readTextOperator(name: string, operand: unknown): Matcher {
  const ignoring = name !== "equals-ignore-case" && isObject(operand) ? readOperator(operand) : undefined;
  if (ignoring && ignoring.name !== "equals-ignore-case") {
    throw new EventPatternError(`Unknown operator ${ignoring.name} in ${name}.`);
  }
  const text = ignoring ? ignoring.operand : operand;
  const compare = Object.hasOwn(TEXT_OPERATORS, name) ? TEXT_OPERATORS[name] : undefined;
  if (!compare) throw new EventPatternError(`Unknown operator ${name}.`);
  if (typeof text !== "string") throw new EventPatternError(`${name} must be a string.`);
  if (!ignoring && name !== "equals-ignore-case") return (value) => typeof value === "string" && compare(value, text);
  const folded = text.toLowerCase();
  return (value) => typeof value === "string" && compare(value.toLowerCase(), folded);
}

const TEXT_OPERATORS: Readonly<Record<string, (value: string, text: string) => boolean>> = {
  prefix: (value, text) => value.startsWith(text),
  suffix: (value, text) => value.endsWith(text),
  "equals-ignore-case": (value, text) => value === text,
};

/** Values, or an operator on texts, of which nothing may fit. The field has to be there. */
function readAnythingBut(operand: unknown): Matcher {
  const refused = isObject(operand) ? readRefusedTexts(operand) : toList(operand).map(readRefusedValue);
  if (refused.length === 0) throw new EventPatternError("anything-but must not be empty.");
  return (value) => value !== undefined && !refused.some((matches) => matches(value));
}

function readRefusedTexts(operator: Json): Matcher[] {
  const { name, operand } = readOperator(operator);
  return toList(operand).map((text) => readTextOperator(name, text));
}

function readRefusedValue(value: unknown): Matcher {
  if (typeof value === "string" || typeof value === "number") return (found) => found === value;
  throw new EventPatternError("anything-but takes strings and numbers.");
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  "=": (value, bound) => value === bound,
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  ">": (value, bound) => value > bound,
  ">=": (value, bound) => value >= bound,
};

/** `["=", 5]`, `[">", 0]`, `[">=", 0, "<", 5]`. */
function readNumeric(operand: unknown): Matcher {
  const wrong = () => new EventPatternError("numeric takes one comparison, or a lower and an upper bound.");
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) throw wrong();
  const [firstName, first, secondName, second] = operand as readonly unknown[];
  const tests = [readComparison(firstName, first)];
  if (operand.length === 4) {
    const isRange = String(firstName).startsWith(">") && String(secondName).startsWith("<");
    if (!isRange || Number(first) >= Number(second)) throw wrong();
    tests.push(readComparison(secondName, second));
  }
  return (value) => typeof value === "number" && tests.every((test) => test(value));
}

function readComparison(name: unknown, bound: unknown): (value: number) => boolean {
  const compare = typeof name === "string" && Object.hasOwn(COMPARISONS, name) ? COMPARISONS[name] : undefined;
  if (!compare || typeof bound !== "number" || Math.abs(bound) > MAX_NUMBER) {
    throw new EventPatternError("numeric compares by =, <, <=, > or >= with a number from -5e9 to 5e9.");
  }
  return (value) => compare(value, bound);
}

/** Whether an event is one that the pattern wants. */
export function matchesEvent({ fields, alternatives }: EventPattern, event: unknown): boolean {
  const members = isObject(event) ? event : {};
  return (
    fields.every(([name, wanted]) => matchesField(wanted, Object.hasOwn(members, name) ? members[name] : undefined)) &&
    alternatives.every((patterns) => patterns.some((pattern) => matchesEvent(pattern, event)))
  );
}

function matchesField(wanted: EventPattern["fields"][number][1], value: unknown): boolean {
  if (isMatchers(wanted)) return leavesOf(value).some((leaf) => wanted.some((matches) => matches(leaf)));
  // All that is wanted of an item has to be in the same one.
  if (Array.isArray(value) && value.length > 0) {
    return value.flat(MAX_LISTS).some((item) => matchesEvent(wanted, item));
  }
  return matchesEvent(wanted, value);
}

function isMatchers(wanted: EventPattern["fields"][number][1]): wanted is readonly Matcher[] {
  return Array.isArray(wanted);
}

/** What can be compared of a value; an object, or an empty list, counts as a field that is not there. */
function leavesOf(value: unknown): readonly unknown[] {
  const leaves = Array.isArray(value) ? value.flat(MAX_LISTS).filter(isLeaf) : [value].filter(isLeaf);
  return leaves.length === 0 ? [undefined] : leaves;
}

function isLeaf(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
