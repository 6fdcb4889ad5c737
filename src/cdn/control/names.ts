import { invalidArgument } from "./errors.ts";

/** API Reference, CachePolicyConfig and its like. */
const NAME = /^[A-Za-z0-9_-]{1,128}$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/;

/** A policy's or key's name. */
export function checkName(name: string): void {
  if (!NAME.test(name)) {
    throw invalidArgument("The parameter Name must have 1 to 128 letters, digits, hyphens and underscores.");
  }
}

export function checkHeaderName(name: string): void {
  if (!HEADER_NAME.test(name)) throw invalidArgument(`The parameter Headers contains ${name} that is not valid.`);
}

/** "Quotas on headers": of a value. */
const MAX_HEADER_VALUE = 1_783;
// eslint-disable-next-line no-control-regex -- a control character would end the header
const UNSAFE_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

export function checkHeaderValue(value: string): void {
  if (value.length > MAX_HEADER_VALUE || UNSAFE_VALUE.test(value)) {
    throw invalidArgument("The value of a header is too long, or contains a character that is not allowed.");
  }
}

/** A list beside the behaviour that says whether there must be one. */
export function checkNamed(
  what: string,
  behavior: string,
  names: readonly string[] | undefined,
  naming: readonly string[],
): void {
  const count = names?.length ?? 0;
  if (naming.includes(behavior) && count === 0) {
    throw invalidArgument(`The parameter ${what} must contain at least one name when the behavior is ${behavior}.`);
  }
  if (!naming.includes(behavior) && count > 0) {
    throw invalidArgument(`The parameter ${what} must not contain names when the behavior is ${behavior}.`);
  }
}

export function checkUnique(what: string, names: readonly string[]): void {
  const lower = names.map((name) => name.toLowerCase());
  const repeated = names.find((_, index) => lower.indexOf(lower[index]!) !== index);
  if (repeated !== undefined) throw invalidArgument(`The parameter ${what} contains ${repeated} more than once.`);
}
