export interface MessageRow extends Record<string, SqlStorageValue> {
  sequence: number;
  id: string;
  body: string;
  details: string;
  sent: number;
  visible: number;
  receives: number;
  first_received: number | null;
  receipt: string | null;
}

/** Characters of messages that one call hands on: a call takes 32 MiB, and they lie in the memory of two isolates. */
export const MAX_BATCH_CHARACTERS = 6_000_000;
/** `visible` of a message that was given up: no receiver sees it again. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** Rows until they are long enough; the first always. */
export function readWithin(rows: Iterable<MessageRow>, maxCharacters: number): MessageRow[] {
  const read: MessageRow[] = [];
  let characters = 0;
  for (const row of rows) {
    characters += row.body.length + row.details.length;
    if (read.length > 0 && characters > maxCharacters) break;
    read.push(row);
  }
  return read;
}
