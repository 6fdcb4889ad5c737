import type { ScheduleName, ScheduleRecord, ScheduleTarget } from "./protocol.ts";

/** An invocation that is due, until the target has taken it. */
export interface Firing extends ScheduleName {
  /** `<aws.scheduler.execution-id>`; the same in every attempt. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly scheduled: number;
  readonly target: ScheduleTarget;
  /** Attempts that have failed. */
  readonly attempts: number;
}

interface FiringRow extends Record<string, SqlStorageValue> {
  id: string;
  group_name: string;
  name: string;
  scheduled: number;
  target: string;
  attempts: number;
}

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 300_000;

export function addFiring(
  sql: SqlStorage,
  { group, name, settings }: ScheduleRecord,
  scheduled: number,
  now: number,
): void {
  sql.exec(
    "INSERT INTO firings (id, group_name, name, scheduled, target, attempts, due) VALUES (?, ?, ?, ?, ?, 0, ?)",
    crypto.randomUUID(),
    group,
    name,
    scheduled,
    JSON.stringify(settings.target),
    now,
  );
}

export function listDueFirings(sql: SqlStorage, now: number, limit: number): Firing[] {
  return sql
    .exec<FiringRow>("SELECT * FROM firings WHERE due <= ? ORDER BY due LIMIT ?", now, limit)
    .toArray()
    .map(({ id, group_name, name, scheduled, target, attempts }) => ({
      id,
      group: group_name,
      name,
      scheduled,
      target: JSON.parse(target) as ScheduleTarget,
      attempts,
    }));
}

export function forgetFiring(sql: SqlStorage, id: string): void {
  sql.exec("DELETE FROM firings WHERE id = ?", id);
}

/** Puts a failed one off, longer each time; false, and it is forgotten, when its retry policy is exhausted. */
export function retryFiring(sql: SqlStorage, { id, scheduled, attempts, target }: Firing, now: number): boolean {
  const due = now + Math.min(FIRST_DELAY_MS * 2 ** attempts, MAX_DELAY_MS);
  const expires = scheduled + target.maximumEventAgeInSeconds * 1_000;
  if (attempts >= target.maximumRetryAttempts || due > expires) {
    forgetFiring(sql, id);
    return false;
  }
  sql.exec("UPDATE firings SET attempts = ?, due = ? WHERE id = ?", attempts + 1, due, id);
  return true;
}

/** When the alarm has something to do; undefined: not at all. */
export function nextDue(sql: SqlStorage): number | undefined {
  const { due } = sql
    .exec<{ due: number | null }>(
      "SELECT min(due) AS due FROM (SELECT min(due) AS due FROM schedules UNION ALL SELECT min(due) FROM firings)",
    )
    .one();
  return due ?? undefined;
}
