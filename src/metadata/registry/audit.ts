import type { AuditEvent, AuditRecord, Page } from "./protocol.ts";

const KEPT_RECORDS = 10_000;

type AuditRow = {
  sequence: number;
  at: number;
  request_id: string;
  account_id: string;
  access_key_id: string;
  source: string;
  action: string;
  target: string;
  outcome: string;
};

/**
 * Records that a call has begun. Written before the call does anything, so that a crash can lose
 * its outcome but not the fact.
 */
export function beginAudit(sql: SqlStorage, event: AuditEvent): number {
  const { sequence } = sql
    .exec<{ sequence: number }>(
      `INSERT INTO audit (at, request_id, account_id, access_key_id, source, action, target, outcome)
       VALUES (?, ?, ?, ?, ?, ?, ?, 'Started') RETURNING sequence`,
      Date.now(),
      event.requestId,
      event.accountId,
      event.accessKeyId,
      event.source,
      event.action,
      event.target,
    )
    .one();
  sql.exec("DELETE FROM audit WHERE sequence <= ?", sequence - KEPT_RECORDS);
  return sequence;
}

/** `target` may have become known only now: the id of an account that the call created. */
export function endAudit(sql: SqlStorage, sequence: number, outcome: string, target: string): void {
  sql.exec("UPDATE audit SET outcome = ?, target = ? WHERE sequence = ?", outcome, target, sequence);
}

export function listAudit(sql: SqlStorage, before: number | undefined, limit: number): Page<AuditRecord> {
  const rows = sql
    .exec<AuditRow>(
      "SELECT * FROM audit WHERE sequence < ? ORDER BY sequence DESC LIMIT ?",
      before ?? Number.MAX_SAFE_INTEGER,
      limit + 1,
    )
    .toArray();
  const items = rows.slice(0, limit).map(toRecord);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, next: String(last.sequence) } : { items };
}

function toRecord(row: AuditRow): AuditRecord {
  return {
    sequence: row.sequence,
    at: row.at,
    requestId: row.request_id,
    accountId: row.account_id,
    accessKeyId: row.access_key_id,
    source: row.source,
    action: row.action,
    target: row.target,
    outcome: row.outcome,
  };
}
