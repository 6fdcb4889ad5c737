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
  /** It was given up: the dead-letter queue gets it. */
  readonly failure?: Failure;
}

/** AWS's name of an error, and what it says. */
export interface FiringError {
  readonly code: string;
  readonly message: string;
}

/** Why a target did not take an invocation, in the words of dead letters. */
export interface Failure extends FiringError {
  readonly condition: "MaximumRetryAttempts" | "MaximumEventAgeInSeconds";
  /** When it was given up, in milliseconds since 1970. */
  readonly at: number;
}

interface FiringRow extends Record<string, SqlStorageValue> {
  id: string;
  group_name: string;
  name: string;
  scheduled: number;
  target: string;
  attempts: number;
  failure: string | null;
}

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 300_000;
/** How often, and for how long, a dead letter is offered to its queue. */
const DEAD_LETTER_DELAY_MS = 60_000;
const DEAD_LETTER_MS = 86_400_000;

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
    .map(({ id, group_name, name, scheduled, target, attempts, failure }) => ({
      id,
      group: group_name,
      name,
      scheduled,
      target: JSON.parse(target) as ScheduleTarget,
      attempts,
      ...(failure !== null && { failure: JSON.parse(failure) as Failure }),
    }));
}

export function forgetFiring(sql: SqlStorage, id: string): void {
  sql.exec("DELETE FROM firings WHERE id = ?", id);
}

/** What becomes of an invocation that its target, or its dead-letter queue, did not take. */
export type Sequel = "again" | "dead-letter" | "dropped";

/** Puts a failed one off, longer each time, until its retry policy is exhausted. */
export function retryFiring(sql: SqlStorage, firing: Firing, error: FiringError, now: number): Sequel {
  const { id, scheduled, attempts, target, failure } = firing;
  if (failure) return retryDeadLetter(sql, id, failure, now);
  const due = now + Math.min(FIRST_DELAY_MS * 2 ** attempts, MAX_DELAY_MS);
  const expires = scheduled + target.maximumEventAgeInSeconds * 1_000;
  const isOften = attempts >= target.maximumRetryAttempts;
  if (!isOften && due <= expires) {
    sql.exec("UPDATE firings SET attempts = ?, due = ? WHERE id = ?", attempts + 1, due, id);
    return "again";
  }
  if (target.deadLetterArn === undefined) {
    forgetFiring(sql, id);
    return "dropped";
  }
  const condition = isOften ? "MaximumRetryAttempts" : "MaximumEventAgeInSeconds";
  const given: Failure = { ...error, condition, at: now };
  sql.exec("UPDATE firings SET failure = ?, due = ? WHERE id = ?", JSON.stringify(given), now, id);
  return "dead-letter";
}

function retryDeadLetter(sql: SqlStorage, id: string, { at }: Failure, now: number): Sequel {
  if (now - at > DEAD_LETTER_MS) {
    forgetFiring(sql, id);
    return "dropped";
  }
  sql.exec("UPDATE firings SET due = ? WHERE id = ?", now + DEAD_LETTER_DELAY_MS, id);
  return "again";
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
