import { findNextTime, parseScheduleExpression } from "./expression.ts";
import { findGroup } from "./groups.ts";
import type { CreateOutcome, Page, ScheduleName, ScheduleQuery, ScheduleRecord, ScheduleSettings } from "./protocol.ts";

interface ScheduleRow extends Record<string, SqlStorageValue> {
  group_name: string;
  name: string;
  settings: string;
  created_at: number;
  modified_at: number;
  token: string | null;
  scheduled: number | null;
}

export interface DueSchedule {
  readonly record: ScheduleRecord;
  /** The time by the expression for which it is due. */
  readonly scheduled: number;
}

const MINUTE_MS = 60_000;

export function createSchedule(
  sql: SqlStorage,
  { group, name }: ScheduleName,
  settings: ScheduleSettings,
  token: string | undefined,
  now: number,
): CreateOutcome {
  if (!findGroup(sql, group)) return "no-group";
  const existing = findRow(sql, { group, name });
  if (existing) {
    const isSame = token !== undefined && existing.token === token && existing.settings === JSON.stringify(settings);
    return isSame ? "created" : "exists";
  }
  sql.exec(
    "INSERT INTO schedules (group_name, name, settings, created_at, modified_at, token) VALUES (?, ?, ?, ?, ?, ?)",
    group,
    name,
    JSON.stringify(settings),
    now,
    now,
    token ?? null,
  );
  // A rate begins at once.
  planNext(sql, { group, name, settings, createdAt: now, modifiedAt: now }, now - 1);
  return "created";
}

export function updateSchedule(sql: SqlStorage, name: ScheduleName, settings: ScheduleSettings, now: number): boolean {
  const record = findSchedule(sql, name);
  if (!record) return false;
  sql.exec(
    "UPDATE schedules SET settings = ?, modified_at = ?, token = NULL WHERE group_name = ? AND name = ?",
    JSON.stringify(settings),
    now,
    name.group,
    name.name,
  );
  planNext(sql, { ...record, settings }, now);
  return true;
}

export function findSchedule(sql: SqlStorage, name: ScheduleName): ScheduleRecord | undefined {
  const row = findRow(sql, name);
  return row && toRecord(row);
}

export function removeSchedule(sql: SqlStorage, name: ScheduleName): boolean {
  if (!findRow(sql, name)) return false;
  sql.exec("DELETE FROM schedules WHERE group_name = ? AND name = ?", name.group, name.name);
  return true;
}

export function listSchedules(sql: SqlStorage, query: ScheduleQuery): Page<ScheduleRecord> | undefined {
  const { group, prefix = "", state, after, limit } = query;
  if (group !== undefined && !findGroup(sql, group)) return undefined;
  const rows = sql
    .exec<ScheduleRow>(
      `SELECT * FROM schedules
       WHERE (group_name, name) > (?, ?) AND (? IS NULL OR group_name = ?) AND substr(name, 1, ?) = ?
         AND (? IS NULL OR settings ->> 'state' = ?)
       ORDER BY group_name, name LIMIT ?`,
      after?.group ?? group ?? "",
      after?.name ?? "",
      group ?? null,
      group ?? null,
      prefix.length,
      prefix,
      state ?? null,
      state ?? null,
      limit + 1,
    )
    .toArray();
  return { items: rows.slice(0, limit).map(toRecord), more: rows.length > limit };
}

/** Schedules whose time has come, the oldest first. */
export function listDueSchedules(sql: SqlStorage, now: number, limit: number): DueSchedule[] {
  return sql
    .exec<ScheduleRow>("SELECT * FROM schedules WHERE due <= ? ORDER BY due LIMIT ?", now, limit)
    .toArray()
    .map((row) => ({ record: toRecord(row), scheduled: row.scheduled! }));
}

/** Plans what follows a time that was due: times missed since then are not made up for. */
export function planAfter(sql: SqlStorage, { record, scheduled }: DueSchedule, now: number): void {
  planNext(sql, record, Math.max(scheduled, now - record.settings.windowMinutes * MINUTE_MS));
}

/** Plans the first time later than `after`. A schedule that has none any more is deleted if it asks for that. */
function planNext(sql: SqlStorage, record: ScheduleRecord, after: number): void {
  const { group, name, settings } = record;
  const scheduled = settings.state === "ENABLED" ? findNext(record, after) : undefined;
  const isComplete = settings.state === "ENABLED" && scheduled === undefined;
  if (isComplete && settings.actionAfterCompletion === "DELETE") {
    removeSchedule(sql, record);
    return;
  }
  sql.exec(
    "UPDATE schedules SET scheduled = ?, due = ? WHERE group_name = ? AND name = ?",
    scheduled ?? null,
    scheduled === undefined ? null : scheduled + delayOf(settings),
    group,
    name,
  );
}

function findNext({ settings, createdAt }: ScheduleRecord, after: number): number | undefined {
  const expression = parseScheduleExpression(settings.expression);
  return expression && findNextTime(expression, { ...settings, createdAt }, after);
}

/** "EventBridge Scheduler distributes your invocations through the window". */
function delayOf({ windowMinutes }: ScheduleSettings): number {
  return Math.floor(Math.random() * windowMinutes * MINUTE_MS);
}

function findRow(sql: SqlStorage, { group, name }: ScheduleName): ScheduleRow | undefined {
  return sql.exec<ScheduleRow>("SELECT * FROM schedules WHERE group_name = ? AND name = ?", group, name).toArray()[0];
}

function toRecord({ group_name, name, settings, created_at, modified_at }: ScheduleRow): ScheduleRecord {
  return {
    group: group_name,
    name,
    settings: JSON.parse(settings) as ScheduleSettings,
    createdAt: created_at,
    modifiedAt: modified_at,
  };
}
