import type { AcceptedEvent } from "./events-protocol.ts";

/** A row takes 2 MB. */
const PART_BYTES = 1_500_000;

/** What is kept of an event beside its payload. */
type EventHead = Omit<AcceptedEvent, "id" | "payload"> & { readonly acceptedAt: number };

/** Puts an event on the agenda; false when it waits already. */
export function acceptEvent(sql: SqlStorage, { id, payload, ...rest }: AcceptedEvent, now: number): boolean {
  if (sql.exec("SELECT 1 FROM accepted WHERE id = ? LIMIT 1", id).toArray().length > 0) return false;
  const head: EventHead = { ...rest, acceptedAt: now };
  for (let part = 0, begin = 0; part === 0 || begin < payload.byteLength; part++, begin += PART_BYTES) {
    sql.exec(
      "INSERT INTO accepted (id, part, head, bytes) VALUES (?, ?, ?, ?)",
      id,
      part,
      part === 0 ? JSON.stringify(head) : null,
      payload.slice(begin, begin + PART_BYTES),
    );
  }
  sql.exec("INSERT INTO agenda (due, id, leased, step, attempts) VALUES (?, ?, 0, 'invoke', 0)", now, id);
  return true;
}
