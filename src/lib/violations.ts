import type { ServiceError } from "./errors.ts";

export interface TextConstraint {
  readonly min?: number;
  readonly max?: number;
  /** Must match the whole value. Its source appears in the message. */
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
}

export interface NumberConstraint {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Collects what AWS's front end says of members that break their model's constraints: all of them in one
 * error, each as `Value 'x' at 'functionName' failed to satisfy constraint: …`.
 */
export class Violations {
  readonly #found: string[] = [];
  readonly #toError: (message: string) => ServiceError;

  /** `toError` makes the service's own error of the whole message. */
  constructor(toError: (message: string) => ServiceError) {
    this.#toError = toError;
  }

  checkText(member: string, value: string, { min, max, pattern, values }: TextConstraint): void {
    if (values && !values.includes(value)) this.#add(member, value, `satisfy enum value set: [${values.join(", ")}]`);
    if (max !== undefined && value.length > max) this.#add(member, value, `have length less than or equal to ${max}`);
    if (min !== undefined && value.length < min)
      this.#add(member, value, `have length greater than or equal to ${min}`);
    if (pattern && !pattern.test(value)) {
      this.#add(member, value, `satisfy regular expression pattern: ${pattern.source.replace(/^\^|\$$/g, "")}`);
    }
  }

  checkNumber(member: string, value: number, { min, max }: NumberConstraint): void {
    if (max !== undefined && value > max) this.#add(member, String(value), `have value less than or equal to ${max}`);
    if (min !== undefined && value < min)
      this.#add(member, String(value), `have value greater than or equal to ${min}`);
  }

  /** A constraint on a member whose value must not be repeated, or is too large to be. */
  add(member: string, value: string, constraint: string): void {
    this.#found.push(`Value ${value} at '${member}' failed to satisfy constraint: Member must ${constraint}`);
  }

  /** @throws ServiceError when anything was found. */
  throwAny(): void {
    const count = this.#found.length;
    if (count === 0) return;
    const detected = `${count} validation error${count === 1 ? "" : "s"} detected`;
    throw this.#toError(`${detected}: ${this.#found.join("; ")}`);
  }

  #add(member: string, value: string, constraint: string): void {
    this.add(member, `'${value}'`, constraint);
  }
}
