import { includesRange, parseIpRange } from "./ip-ranges.ts";
import { fits, readPattern, resolveText } from "./patterns.ts";
import type { Condition, ConditionContext, Pattern } from "./policy.ts";

interface Operator {
  /** Holds where none of the values does: `StringNotEquals`. Then it holds for a missing key as well. */
  readonly negated?: true;
  /** Values are compared as patterns, or have variables. */
  readonly matches: (expected: Pattern, actual: string, context: ConditionContext) => boolean;
  /** Whether a value can be one; any can where absent. */
  readonly takes?: (text: string) => boolean;
}

const equals: Operator["matches"] = (expected, actual, context) => resolveText(expected, context) === actual;
const equalsIgnoringCase: Operator["matches"] = (expected, actual, context) =>
  resolveText(expected, context)?.toLowerCase() === actual.toLowerCase();

/** IAM User Guide, "IAM JSON policy elements: Condition operators". `Null` is not compared: it asks for the key. */
const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["StringEquals", { matches: equals }],
  ["StringNotEquals", { matches: equals, negated: true }],
  ["StringEqualsIgnoreCase", { matches: equalsIgnoringCase }],
  ["StringNotEqualsIgnoreCase", { matches: equalsIgnoringCase, negated: true }],
  ["StringLike", { matches: fits }],
  ["StringNotLike", { matches: fits, negated: true }],
  ...comparisons("Numeric", readNumber),
  ...comparisons("Date", readTime),
  ["Bool", { matches: equalsIgnoringCase, takes: isBoolean }],
  ["BinaryEquals", { matches: equals }],
  ["IpAddress", { matches: isInRange, takes: isRange }],
  ["NotIpAddress", { matches: isInRange, negated: true, takes: isRange }],
  ["ArnEquals", { matches: fitsArn }],
  ["ArnLike", { matches: fitsArn }],
  ["ArnNotEquals", { matches: fitsArn, negated: true }],
  ["ArnNotLike", { matches: fitsArn, negated: true }],
  ["Null", { matches: equalsIgnoringCase, takes: isBoolean }],
]);

/** Whether an operator without its qualifiers is one; any case, as IAM takes them. Answers its proper name. */
export function findOperator(name: string): string | undefined {
  return PROPER_NAMES.get(name.toLowerCase());
}

const PROPER_NAMES: ReadonlyMap<string, string> = new Map(
  [...OPERATORS.keys()].map((name) => [name.toLowerCase(), name]),
);

/** Whether the operator can be given this value. */
export function takesValue(operator: string, value: Pattern): boolean {
  return value.parts !== undefined || (OPERATORS.get(operator)?.takes?.(value.text) ?? true);
}

/** Whether a condition holds for a request. */
export function holds(condition: Condition, context: ConditionContext): boolean {
  const actual = context(condition.key);
  if (condition.operator === "Null") {
    const missing = actual === undefined || actual.length === 0 ? "true" : "false";
    return condition.values.some((value) => value.text.toLowerCase() === missing);
  }
  const operator = OPERATORS.get(condition.operator)!;
  const satisfies = (value: string) =>
    condition.values.some((expected) => operator.matches(expected, value, context)) !== (operator.negated ?? false);
  if (actual === undefined || actual.length === 0) {
    if (condition.set) return condition.set === "all" || condition.ifExists;
    return condition.ifExists || operator.negated === true;
  }
  if (condition.set === "all") return actual.every(satisfies);
  if (condition.set === "any") return actual.some(satisfies);
  return operator.negated ? actual.every(satisfies) : actual.some(satisfies);
}

function comparisons(kind: string, read: (text: string) => number | undefined): [string, Operator][] {
  const compare = (test: (actual: number, expected: number) => boolean): Operator["matches"] => {
    return (expected, actual) => {
      const [one, other] = [read(actual), read(expected.text)];
      return one !== undefined && other !== undefined && test(one, other);
    };
  };
  const takes = (text: string) => read(text) !== undefined;
  const same = compare((actual, expected) => actual === expected);
  return [
    [`${kind}Equals`, { takes, matches: same }],
    [`${kind}NotEquals`, { takes, matches: same, negated: true }],
    [`${kind}LessThan`, { takes, matches: compare((actual, expected) => actual < expected) }],
    [`${kind}LessThanEquals`, { takes, matches: compare((actual, expected) => actual <= expected) }],
    [`${kind}GreaterThan`, { takes, matches: compare((actual, expected) => actual > expected) }],
    [`${kind}GreaterThanEquals`, { takes, matches: compare((actual, expected) => actual >= expected) }],
  ];
}

function readNumber(text: string): number | undefined {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Milliseconds: of ISO 8601, or of seconds since the epoch. */
function readTime(text: string): number | undefined {
  if (/^\d{5,}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?)?)?$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function isBoolean(text: string): boolean {
  return /^(true|false)$/i.test(text);
}

function isRange(text: string): boolean {
  return parseIpRange(text) !== undefined;
}

function isInRange(expected: Pattern, actual: string): boolean {
  const range = parseIpRange(expected.text);
  const address = parseIpRange(actual);
  return range !== undefined && address !== undefined && includesRange(range, address);
}

/** Each of an ARN's six parts by itself: a `*` does not reach over a colon, but for the last part. */
function fitsArn(expected: Pattern, actual: string, context: ConditionContext): boolean {
  if (expected.text === "*") return true;
  const wanted = splitArn(expected.text);
  const found = splitArn(actual);
  return (
    wanted !== undefined &&
    found !== undefined &&
    wanted.every((part, position) => fits(readPattern(part, expected.parts !== undefined), found[position]!, context))
  );
}

/** Colons in `${aws:username}` separate nothing. */
function splitArn(arn: string): string[] | undefined {
  const parts = arn.match(/(?:\$\{[^}]*\}|[^:])*(?::|$)/g)?.map((part) => part.replace(/:$/, "")) ?? [];
  // The match at the end of the text is empty.
  if (parts.length > 1 && !arn.endsWith(":")) parts.pop();
  if (parts.length < 6) return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}
