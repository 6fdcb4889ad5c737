import type { ServiceError } from "./errors.ts";
import { JsonError, parseJson } from "./json.ts";
import { type NumberConstraint, type TextConstraint, Violations } from "./violations.ts";

/** What a service answers to a request that it cannot read. */
export interface InputErrors {
  /** A body that is not a JSON object. */
  readonly unreadable: (why: string) => ServiceError;
  /** A member of another type than the model's. */
  readonly wrongType: (message: string) => ServiceError;
  /** Members that break the model's constraints. */
  readonly invalid: (message: string) => ServiceError;
}

/**
 * The members of a JSON request, read by name and checked against the model. `null` counts as absent, as
 * AWS's deserialisers take it. Broken constraints are collected; `finish` throws them together.
 */
export class JsonInput {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #violations: Violations;
  readonly #errors: InputErrors;

  private constructor(
    members: Readonly<Record<string, unknown>>,
    path: string,
    violations: Violations,
    errors: InputErrors,
  ) {
    this.#members = members;
    this.#path = path;
    this.#violations = violations;
    this.#errors = errors;
  }

  /** @throws ServiceError for what is not a JSON object. */
  static parse(body: Uint8Array, errors: InputErrors): JsonInput {
    const value = body.length === 0 ? {} : parseBody(body, errors);
    if (!isObject(value)) throw errors.unreadable("not an object");
    return new JsonInput(value, "", new Violations(errors.invalid), errors);
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  /** The names of all members. */
  names(): string[] {
    return Object.keys(this.#members);
  }

  text(name: string, constraint: TextConstraint = {}): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw this.#wrongType(name, "String");
    this.#violations.checkText(this.#pathOf(name), value, constraint);
    return value;
  }

  requireText(name: string, constraint: TextConstraint = {}): string {
    const value = this.text(name, constraint);
    if (value === undefined) this.#violations.add(this.#pathOf(name), "null", "not be null");
    return value ?? "";
  }

  integer(name: string, constraint: NumberConstraint = {}): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw this.#wrongType(name, "Integer");
    this.#violations.checkNumber(this.#pathOf(name), value, constraint);
    return value;
  }

  /** Seconds since 1970, as a number that may have a fraction; answers milliseconds. */
  timestamp(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.#wrongType(name, "Timestamp");
    return Math.round(value * 1_000);
  }

  boolean(name: string): boolean | undefined {
    const value = this.#get(name);
    if (value !== undefined && typeof value !== "boolean") throw this.#wrongType(name, "Boolean");
    return value;
  }

  /** A nested structure; its violations are reported with this one's. */
  structure(name: string): JsonInput | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!isObject(value)) throw this.#wrongType(name, "Structure");
    return this.#nest(name, value);
  }

  requireStructure(name: string): JsonInput {
    const found = this.structure(name);
    if (!found) this.#violations.add(this.#pathOf(name), "null", "not be null");
    return found ?? this.#nest(name, {});
  }

  textMap(name: string): Record<string, string> | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!isObject(value)) throw this.#wrongType(name, "Map");
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => {
        if (typeof entry !== "string") throw this.#wrongType(name, "String");
        return [key, entry];
      }),
    );
  }

  numberMap(name: string): Record<string, number> | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!isObject(value)) throw this.#wrongType(name, "Map");
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => {
        if (typeof entry !== "number") throw this.#wrongType(name, "Double");
        return [key, entry];
      }),
    );
  }

  textList(
    name: string,
    constraint: { readonly items?: TextConstraint; readonly max?: number } = {},
  ): string[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.#wrongType(name, "List");
    if (constraint.max !== undefined && value.length > constraint.max) {
      this.violate(name, JSON.stringify(value), `have length less than or equal to ${constraint.max}`);
    }
    return value.map((item: unknown, index) => {
      if (typeof item !== "string") throw this.#wrongType(name, "String");
      if (constraint.items) {
        this.#violations.checkText(`${this.#pathOf(name)}.${index + 1}.member`, item, constraint.items);
      }
      return item;
    });
  }

  /** A list of nested structures; their violations are reported with this one's. */
  structures(name: string): JsonInput[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.#wrongType(name, "List");
    return value.map((item: unknown, index) => {
      if (!isObject(item)) throw this.#wrongType(name, "Structure");
      return this.#nest(`${name}.${index + 1}.member`, item);
    });
  }

  /** Whether a list of whatever items is there and not empty. */
  isFilledList(name: string): boolean {
    const value = this.#get(name);
    if (value !== undefined && !Array.isArray(value)) throw this.#wrongType(name, "List");
    return value !== undefined && value.length > 0;
  }

  /** Reports a member by a rule that is the caller's own; `value` as it is to appear in the message. */
  violate(name: string, value: string, constraint: string): void {
    this.#violations.add(this.#pathOf(name), value, constraint);
  }

  /** For parameters that stand outside the body: they are reported together with those in it. */
  get violations(): Violations {
    return this.#violations;
  }

  /** @throws ServiceError with all that was found. */
  finish(): void {
    this.#violations.throwAny();
  }

  #nest(name: string, members: Readonly<Record<string, unknown>>): JsonInput {
    return new JsonInput(members, `${this.#pathOf(name)}.`, this.#violations, this.#errors);
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? (this.#members[name] ?? undefined) : undefined;
  }

  /** AWS names members in messages with a small first letter: `code.s3Bucket`. */
  #pathOf(name: string): string {
    return this.#path + name.charAt(0).toLowerCase() + name.slice(1);
  }

  #wrongType(name: string, type: string) {
    return this.#errors.wrongType(`The value of ${this.#pathOf(name)} cannot be converted to ${type}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseBody(body: Uint8Array, errors: InputErrors): unknown {
  try {
    return parseJson(decodeText(body));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw errors.unreadable(error.message);
  }
}

function decodeText(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new JsonError("The body is not valid UTF-8.");
  }
}
