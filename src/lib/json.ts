/** Text that is JSON, or almost, but not what two readers would understand alike. */
export class JsonError extends Error {}

/**
 * Parses JSON (RFC 8259) from strangers. Refuses what parsers disagree on or what pollutes prototypes:
 * an object with the same name twice, and the name `__proto__`. Throws `JsonError`, with a message for the sender.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonError("The body is not valid JSON.");
  }
  checkNames(text);
  return value;
}

/** Walks the tokens of valid JSON, with the names seen in each open object; null stands for an open array. */
function checkNames(text: string): void {
  const open: (Set<string> | null)[] = [];
  let nameExpected = false;
  for (const token of listTokens(text)) {
    const names = open.at(-1);
    if (token.startsWith('"')) {
      if (nameExpected && names) checkName(JSON.parse(token) as string, names);
      nameExpected = false;
    } else if (token === "{" || token === "[") {
      open.push(token === "{" ? new Set() : null);
      nameExpected = token === "{";
    } else if (token === "}" || token === "]") {
      open.pop();
      nameExpected = false;
    } else {
      nameExpected = token === "," && names !== null && names !== undefined;
    }
  }
}

function checkName(name: string, names: Set<string>): void {
  if (name === "__proto__") throw new JsonError("The body has a member named __proto__.");
  if (names.has(name)) throw new JsonError("The body has an object with the same member twice.");
  names.add(name);
}

const PUNCTUATION = "{}[],:";

/**
 * Strings and the punctuation that tells where a key stands; of valid JSON nothing else matters here. Scanned
 * by hand: a string may be megabytes long (a zip in base64), and a regular expression would keep a place to
 * come back to for each of its characters or escapes, on a stack of limited size.
 */
function* listTokens(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      const end = findStringEnd(text, at);
      yield text.slice(at, end + 1);
      at = end;
    } else if (PUNCTUATION.includes(character)) yield character;
  }
}

/** Where the closing quote of the string that opens at `start` stands. */
function findStringEnd(text: string, start: number): number {
  let end = start;
  do end = text.indexOf('"', end + 1);
  while (isEscaped(text, end));
  return end;
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}
