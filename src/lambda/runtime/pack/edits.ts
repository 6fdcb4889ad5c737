interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Changes to a source text, collected in any order and applied at once, so that positions stay those of the parser. */
export class Edits {
  readonly #edits: Edit[] = [];

  insert(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text });
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  /** Blanks out a range; its line breaks stay, so that lines keep their numbers in stack traces. */
  remove(source: string, start: number, end: number, instead = ""): void {
    this.replace(start, end, instead + source.slice(start, end).replace(/[^\n]+/g, ""));
  }

  apply(source: string): string {
    // At one position insertions come before the replacement of what follows.
    const ordered = this.#edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
    const parts: string[] = [];
    let at = 0;
    for (const edit of ordered) {
      parts.push(source.slice(at, edit.start), edit.text);
      at = edit.end;
    }
    parts.push(source.slice(at));
    return parts.join("");
  }
}
