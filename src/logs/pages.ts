import type { StoredEvent } from "../metadata/logs/reader.ts";

/** "As many log events as can fit in a response size of 1 MB (up to 10,000 log events)". */
export const MAX_PAGE_EVENTS = 10_000;
export const MAX_PAGE_BYTES = 1_048_576;
/** Each event counts 26 bytes besides its message, as in PutLogEvents. */
const EVENT_BYTES = 26;

/** What an event counts in a page. */
export function sizeOf({ message }: Pick<StoredEvent, "message">): number {
  return Buffer.byteLength(message) + EVENT_BYTES;
}
