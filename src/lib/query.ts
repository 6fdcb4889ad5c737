import { decodePercent } from "./percent.ts";

/**
 * The decoded query of a request, from its raw form: `+` is a space, the first of several counts
 * unless a list is asked for (`all`), and a name without `=` has the empty value (`?acl`). URLSearchParams would do the same but replaces
 * invalid UTF-8 silently; here it is refused by `decodePercent`.
 */
export class Query {
  readonly #values = new Map<string, string>();
  /** All values of what is there more than once. */
  readonly #lists = new Map<string, string[]>();

  constructor(rawQuery: string) {
    if (rawQuery === "") return;
    for (const pair of rawQuery.split("&")) {
      if (pair === "") continue;
      const equals = pair.indexOf("=");
      const name = decodeForm(equals < 0 ? pair : pair.slice(0, equals));
      const value = equals < 0 ? "" : decodeForm(pair.slice(equals + 1));
      // The first of several counts; the signature covers them all.
      const first = this.#values.get(name);
      if (first === undefined) this.#values.set(name, value);
      else this.#listOf(name, first).push(value);
    }
  }

  #listOf(name: string, first: string): string[] {
    const list = this.#lists.get(name) ?? [first];
    this.#lists.set(name, list);
    return list;
  }

  /** The first value of a parameter. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Every value of a parameter, in their order. */
  all(name: string): readonly string[] {
    const first = this.#values.get(name);
    return this.#lists.get(name) ?? (first === undefined ? [] : [first]);
  }

  names(): IterableIterator<string> {
    return this.#values.keys();
  }
}

function decodeForm(text: string): string {
  return decodePercent(text.includes("+") ? text.replaceAll("+", " ") : text);
}
