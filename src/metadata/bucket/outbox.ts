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

/**
 * Delivers the oldest messages side by side; each is forgotten when its delivery has succeeded. Answers whether
 * there may be more. Throws when a delivery failed, after the others: one must not keep the rest waiting.
 */
export async function deliverMessages(sql: SqlStorage, deliver: (message: Message) => Promise<void>): Promise<boolean> {
  const rows = sql
    .exec<{ id: number; kind: string; payload: string }>(
      "SELECT id, kind, payload FROM outbox ORDER BY id LIMIT ?",
      BATCH,
    )
    .toArray();
  const deliveries = await Promise.allSettled(
    rows.map(async ({ id, kind, payload }) => {
      await deliver({ id, kind, payload: JSON.parse(payload) as unknown });
      sql.exec("DELETE FROM outbox WHERE id = ?", id);
    }),
  );
  const failures = deliveries.flatMap((delivery) =>
    delivery.status === "rejected" ? [delivery.reason as unknown] : [],
  );
  if (failures.length > 0) throw new AggregateError(failures, "messages were not delivered");
  return rows.length === BATCH;
}

export function hasMessages(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM outbox LIMIT 1").raw().next().done !== true;
}
