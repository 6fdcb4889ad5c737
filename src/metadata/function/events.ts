import type { AcceptedEvent, Delivery, LeasedEvent, LeaseName, Settlement } from "./events-protocol.ts";

/** A row takes 2 MB. */
const PART_BYTES = 1_500_000;
/** Payloads that one answer carries: it lies in the memory of two isolates. */
const MAX_LEASED_BYTES = 8_000_000;

/** What is kept of an event beside its payload. */
type EventHead = Omit<AcceptedEvent, "id" | "payload"> & {
  readonly acceptedAt: number;
  readonly delivery?: Delivery;
};

type AgendaRow = {
  due: number;
  id: string;
  leased: number;
  attempts: number;
  failures: number;
  delays: number;
};

/** Puts an event on the agenda; false when it waits already. */
export function acceptEvent(sql: SqlStorage, { id, payload, ...rest }: AcceptedEvent, now: number): boolean {
  if (sql.exec("SELECT 1 FROM accepted WHERE id = ? LIMIT 1", id).toArray().length > 0) return false;
  putParts(sql, id, { ...rest, acceptedAt: now }, payload);
  sql.exec("INSERT INTO agenda (due, id, leased, attempts, failures, delays) VALUES (?, ?, 0, 0, 0, 0)", now, id);
  return true;
}

/** Leases what is due, the longest waiting first, and what was leased by those who have not come back. */
export function leaseEvents(sql: SqlStorage, want: number, now: number, until: number): LeasedEvent[] {
  const rows = sql.exec<AgendaRow>("SELECT * FROM agenda WHERE due <= ? ORDER BY due, id LIMIT ?", now, want).toArray();
  const leased: LeasedEvent[] = [];
  let bytes = 0;
  for (const { due, id, attempts, failures, delays } of rows) {
    if (bytes > MAX_LEASED_BYTES) break;
    const { head, payload } = readParts(sql, id);
    bytes += payload.byteLength;
    sql.exec("UPDATE agenda SET due = ?, leased = 1, attempts = attempts + 1 WHERE due = ? AND id = ?", until, due, id);
    leased.push({ ...head, id, payload, until, attempts: attempts + 1, failures, delays });
  }
  return leased;
}

/** False when the lease is unknown. */
export function settleEvent(sql: SqlStorage, settlement: Settlement, now: number): boolean {
  const { id, until, outcome } = settlement;
  if (outcome === "done") {
    const found = sql.exec("DELETE FROM agenda WHERE due = ? AND id = ? AND leased = 1", until, id).rowsWritten > 0;
    if (found) sql.exec("DELETE FROM accepted WHERE id = ?", id);
    return found;
  }
  const change = {
    failed: "failures = failures + 1, delays = 0",
    delayed: "attempts = attempts - 1, delays = delays + 1",
    deliver: "attempts = 0, failures = 0, delays = 0",
  }[outcome];
  const due = outcome === "deliver" ? now : settlement.due;
  const found =
    sql.exec(`UPDATE agenda SET due = ?, leased = 0, ${change} WHERE due = ? AND id = ? AND leased = 1`, due, until, id)
      .rowsWritten > 0;
  if (found && outcome === "deliver") replaceByRecord(sql, settlement);
  return found;
}

function replaceByRecord(sql: SqlStorage, settlement: Settlement & { readonly outcome: "deliver" }): void {
  const { id, delivery, record, traceHeader } = settlement;
  const { head } = readParts(sql, id);
  sql.exec("DELETE FROM accepted WHERE id = ?", id);
  putParts(sql, id, { ...head, traceHeader, delivery }, record);
}

/** False when the lease has been given to another, or settled. */
export function extendLease(sql: SqlStorage, { id, until }: LeaseName, newUntil: number): boolean {
  return (
    sql.exec("UPDATE agenda SET due = ? WHERE due = ? AND id = ? AND leased = 1", newUntil, until, id).rowsWritten > 0
  );
}

/** How many events may be worked at, at most `limit`. */
export function countDue(sql: SqlStorage, now: number, limit: number): number {
  return sql
    .exec<{ due: number }>("SELECT count(*) AS due FROM (SELECT 1 FROM agenda WHERE due <= ? LIMIT ?)", now, limit)
    .one().due;
}

/** When the next event is due, or a lease ends; undefined when there is nothing. */
export function readNextDue(sql: SqlStorage): number | undefined {
  const [row] = sql.exec<{ due: number }>("SELECT due FROM agenda ORDER BY due LIMIT 1").toArray();
  return row?.due;
}

export function listLeases(sql: SqlStorage, now: number): LeaseName[] {
  return sql
    .exec<{ id: string; until: number }>("SELECT id, due AS until FROM agenda WHERE leased = 1 AND due > ?", now)
    .toArray();
}

export function clearEvents(sql: SqlStorage): void {
  sql.exec("DELETE FROM agenda");
  sql.exec("DELETE FROM accepted");
}

function putParts(sql: SqlStorage, id: string, head: EventHead, payload: Uint8Array): void {
  for (let part = 0, begin = 0; part === 0 || begin < payload.byteLength; part++, begin += PART_BYTES) {
    sql.exec(
      "INSERT INTO accepted (id, part, head, bytes) VALUES (?, ?, ?, ?)",
      id,
      part,
      part === 0 ? JSON.stringify(head) : null,
      payload.slice(begin, begin + PART_BYTES),
    );
  }
}

function readParts(sql: SqlStorage, id: string): { head: EventHead; payload: Uint8Array } {
  const parts = sql
    .exec<{ head: string | null; bytes: ArrayBuffer }>(
      "SELECT head, bytes FROM accepted WHERE id = ? ORDER BY part",
      id,
    )
    .toArray();
  const [first] = parts;
  if (!first?.head) throw new Error(`event ${id} has no payload`);
  const payload =
    parts.length === 1 ? new Uint8Array(first.bytes) : Buffer.concat(parts.map(({ bytes }) => new Uint8Array(bytes)));
  return { head: JSON.parse(first.head) as EventHead, payload };
}
