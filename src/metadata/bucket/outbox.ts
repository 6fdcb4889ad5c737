import type { IndexAddress } from "./protocol.ts";

/** A message that a commit caused: it leaves at least once, or the commit did not happen. */
export interface Message {
  readonly id: number;
  readonly kind: string;
  readonly payload: unknown;
}
/** `confirm-pin`: tells the holder of a pin that the copy is committed. */
export interface PinConfirmation {
  readonly copyId: string;
  readonly owner: IndexAddress;
}

const BATCH = 100;

/** Delivers what waits; each message is forgotten when its delivery has succeeded. Throws when one fails. */
export async function deliverMessages(sql: SqlStorage, deliver: (message: Message) => Promise<void>): Promise<void> {
  const rows = sql
    .exec<{ id: number; kind: string; payload: string }>(
      "SELECT id, kind, payload FROM outbox ORDER BY id LIMIT ?",
      BATCH,
    )
    .toArray();
  for (const { id, kind, payload } of rows) {
    await deliver({ id, kind, payload: JSON.parse(payload) as unknown });
    sql.exec("DELETE FROM outbox WHERE id = ?", id);
  }
}

export function hasMessages(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM outbox LIMIT 1").raw().next().done !== true;
}
