import { badPattern, type Token, tokenize } from "./syntax.ts";

/** Whether the subject of a pattern, a JSON value or the fields of a line, fulfils it. */
export type Condition<Subject> = (subject: Subject) => boolean;

/** What the operand on the left stands for: the values that it has in a subject. */
export type Operand<Subject> = (subject: Subject) => readonly unknown[];

/** `<`, `<=`, `>`, `>=` compare numbers; equality also compares texts, in which `*` stands for anything. */
type Test = (value: unknown) => boolean;

const ORDER: Readonly<Record<string, (value: number, expected: number) => boolean>> = {
  "<": (value, expected) => value < expected,
  "<=": (value, expected) => value <= expected,
  ">": (value, expected) => value > expected,
  ">=": (value, expected) => value >= expected,
};
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Parentheses within each other; more than anybody writes. */
const MAX_DEPTH = 50;

/** Reads conditions joined by `&&` and `||`, the first of which binds closer, and by parentheses. */
export class ConditionParser<Subject> {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #readOperand: (token: Token) => Operand<Subject>;
  #at = 0;
  #depth = 0;

  /** `readOperand` throws for what cannot stand on the left. */
  constructor(source: string, readOperand: (token: Token) => Operand<Subject>) {
    this.#source = source;
    this.#tokens = tokenize(source);
    this.#readOperand = readOperand;
  }

  /** @throws ServiceError InvalidParameterException */
  parse(): Condition<Subject> {
    const condition = this.#parseAny();
    if (this.#at < this.#tokens.length) throw badPattern(this.#source);
    return condition;
  }

  #parseAny(): Condition<Subject> {
    const parts = [this.#parseAll()];
    while (this.#take("||")) parts.push(this.#parseAll());
    return parts.length === 1 ? parts[0]! : (subject) => parts.some((part) => part(subject));
  }

  #parseAll(): Condition<Subject> {
    const parts = [this.#parseOne()];
    while (this.#take("&&")) parts.push(this.#parseOne());
    return parts.length === 1 ? parts[0]! : (subject) => parts.every((part) => part(subject));
  }

  #parseOne(): Condition<Subject> {
    if (!this.#take("(")) return this.#parseComparison();
    if (++this.#depth > MAX_DEPTH) throw badPattern(this.#source);
    const inner = this.#parseAny();
    if (!this.#take(")")) throw badPattern(this.#source);
    this.#depth--;
    return inner;
  }

  #parseComparison(): Condition<Subject> {
    const operand = this.#readOperand(this.#next());
    const operator = this.#next();
    if (operator.kind === "word") return this.#parseState(operand, operator.text.toUpperCase());
    if (operator.kind !== "operator") throw badPattern(this.#source);
    const test = this.#readTest(operator.text, this.#next());
    return (subject) => operand(subject).some(test);
  }

  /** `IS NULL`, `IS TRUE`, `IS FALSE`, `NOT EXISTS`, `EXISTS`. */
  #parseState(operand: Operand<Subject>, word: string): Condition<Subject> {
    if (word === "EXISTS") return (subject) => operand(subject).length > 0;
    const state = this.#next().text.toUpperCase();
    if (word === "NOT" && state === "EXISTS") return (subject) => operand(subject).length === 0;
    const values: Readonly<Record<string, unknown>> = { NULL: null, TRUE: true, FALSE: false };
    if (word !== "IS" || !Object.hasOwn(values, state)) throw badPattern(this.#source);
    return (subject) => operand(subject).some((value) => value === values[state]);
  }

  #readTest(operator: string, expected: Token): Test {
    if (expected.kind === "operator" || expected.kind === "selector") throw badPattern(this.#source);
    const number = expected.kind === "word" && NUMBER.test(expected.text) ? Number(expected.text) : undefined;
    if (operator === "=" || operator === "!=") {
      const equals = number === undefined ? matchText(expected.text) : matchNumber(number);
      return operator === "=" ? equals : (value) => !equals(value);
    }
    const compare = ORDER[operator];
    if (!compare || number === undefined) throw badPattern(this.#source);
    return (value) => {
      const actual = toNumber(value);
      return actual !== undefined && compare(actual, number);
    };
  }

  #take(operator: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "operator" || token.text !== operator) return false;
    this.#at++;
    return true;
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (!token) throw badPattern(this.#source);
    return token;
  }
}

function matchNumber(expected: number): Test {
  return (value) => toNumber(value) === expected;
}

/** Numbers of a line of fields are text. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && NUMBER.test(value) ? Number(value) : undefined;
}

function matchText(expected: string): Test {
  const parts = expected.split("*");
  if (parts.length === 1) return (value) => value === expected;
  return (value) => typeof value === "string" && fitsParts(value, parts);
}

/** Parts in their order, the first at the beginning and the last at the end. */
function fitsParts(text: string, parts: readonly string[]): boolean {
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
