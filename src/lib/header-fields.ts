/** What readers of header fields need; `Headers` has it too. */
export interface HeaderFields extends Iterable<[name: string, value: string]> {
  get(name: string): string | null;
  has(name: string): boolean;
  keys(): Iterable<string>;
}

/**
 * The fields of a request, taken out of the platform's object once. An S3 call asks for dozens of fields, most of which
 * nobody sent, and walks through all of them: each time across the border between JavaScript and the platform.
 */
export class SentFields implements HeaderFields {
  readonly #values = new Map<string, string>();

  constructor(headers: Headers) {
    // The cheapest of the ways to read them all: an iterator makes a pair of each.
    headers.forEach((value, name) => this.#values.set(name, value));
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  keys(): Iterable<string> {
    return this.#values.keys();
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#values.entries();
  }
}
