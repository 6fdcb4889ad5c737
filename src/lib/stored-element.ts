/** An element of a document that is kept as it was sent: its name, and its text or what is in it. */
export type StoredElement = readonly [name: string, content: string | readonly StoredElement[]];

/** What is at a path of names: text, or the elements there. */
function findStored(stored: readonly StoredElement[], path: readonly string[]): StoredElement[1] | undefined {
  let level: StoredElement[1] | undefined = stored;
  for (const name of path) {
    if (level === undefined || typeof level === "string") return undefined;
    level = level.find(([candidate]) => candidate === name)?.[1];
  }
  return level;
}

/** The text at a path of names. */
export function findStoredText(stored: readonly StoredElement[], ...path: readonly string[]): string | undefined {
  const found = findStored(stored, path);
  return typeof found === "string" ? found : undefined;
}

/** The elements at a path of names; empty where there are none. */
export function findStoredElements(
  stored: readonly StoredElement[],
  ...path: readonly string[]
): readonly StoredElement[] {
  const found = findStored(stored, path);
  return found === undefined || typeof found === "string" ? [] : found;
}
