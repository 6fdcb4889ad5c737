import { Cron } from "croner";

/**
 * When a schedule is due, as EventBridge Scheduler's expressions say it ("Schedule types in EventBridge
 * Scheduler"): `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)`, `at(2026-11-22T09:00:00)`.
 */
export type ScheduleExpression =
  | { readonly kind: "rate"; readonly periodMs: number }
  | { readonly kind: "cron"; readonly fields: string }
  | { readonly kind: "at"; readonly localTime: string };

const RATE = /^rate\(([1-9]\d{0,8}) (minute|hour|day)s?\)$/;
const CRON = /^cron\(([^()]+)\)$/;
const AT = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/;
const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const YEAR = { first: 1970, last: 2199 };
/** A pattern can name times that the spring's clock change leaves out every year: stop looking some day. */
const MAX_SKIPPED = 64;

/** Undefined for what is no expression. */
export function parseScheduleExpression(text: string): ScheduleExpression | undefined {
  const [, count, unit] = RATE.exec(text) ?? [];
  if (unit !== undefined) return { kind: "rate", periodMs: Number(count) * UNIT_MS[unit]! };
  const localTime = AT.exec(text)?.[1];
  if (localTime !== undefined) return isCalendarTime(localTime) ? { kind: "at", localTime } : undefined;
  const fields = CRON.exec(text)?.[1];
  return fields !== undefined && isCron(fields) ? { kind: "cron", fields } : undefined;
}

/** Whether `timeZone` is a name of the IANA database. */
export function isTimeZone(timeZone: string): boolean {
  // Offsets are time zones to the platform, and none to AWS.
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(timeZone)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).format(0) !== "";
  } catch {
    return false;
  }
}

/** What bounds the times of a schedule; all in milliseconds since 1970. */
export interface ScheduleBounds {
  readonly createdAt: number;
  readonly startAt?: number;
  readonly endAt?: number;
  readonly timeZone: string;
}

/** The first time of a schedule later than `after`; undefined when there is none any more. */
export function findNextTime(
  expression: ScheduleExpression,
  { createdAt, startAt, endAt, timeZone }: ScheduleBounds,
  after: number,
): number | undefined {
  if (expression.kind === "at") {
    // "StartDate and EndDate are ignored for one-time schedules".
    const at = readLocalTime(expression.localTime, timeZone);
    return at !== undefined && at > after ? at : undefined;
  }
  const from = Math.max(after, (startAt ?? createdAt) - 1);
  const next =
    expression.kind === "rate"
      ? nextOfRate(expression.periodMs, startAt ?? createdAt, from)
      : nextOfCron(expression.fields, timeZone, from);
  return next !== undefined && (endAt === undefined || next <= endAt) ? next : undefined;
}

/** At the start, and every period from it. */
function nextOfRate(periodMs: number, start: number, after: number): number | undefined {
  if (after < start) return start;
  const next = start + (Math.floor((after - start) / periodMs) + 1) * periodMs;
  return next < Date.UTC(YEAR.last + 1, 0) ? next : undefined;
}

function nextOfCron(fields: string, timeZone: string, after: number): number | undefined {
  const cron = openCron(fields, timeZone);
  let from = new Date(after);
  for (let skipped = 0; skipped < MAX_SKIPPED; skipped++) {
    const next = cron.nextRun(from);
    if (!next) return undefined;
    // A time that the change to summer time leaves out is skipped; the library would move it behind the gap.
    if (cron.match(next)) return next.getTime();
    from = next;
  }
  return undefined;
}

/** Of minute, hour, day of month, month, day of week and year; there are no seconds. */
function openCron(fields: string, timezone?: string): Cron {
  const options = { mode: "7-part", alternativeWeekdays: true, sloppyRanges: true } as const;
  return new Cron(`0 ${fields}`, { ...options, ...(timezone !== undefined && { timezone }) });
}

function isCron(text: string): boolean {
  const fields = text.split(" ");
  const [, , dayOfMonth, , dayOfWeek, year] = fields;
  // "You can't use * in both the Day-of-month and Day-of-week fields": one of them is a question mark.
  if (fields.length !== 6 || (dayOfMonth === "?") === (dayOfWeek === "?")) return false;
  if ([0, 1, 3, 5].some((index) => fields[index]!.includes("?"))) return false;
  if (!isYears(year!) || !isDaysOfWeek(dayOfWeek!)) return false;
  try {
    openCron(text);
    return true;
  } catch {
    return false;
  }
}

function isYears(text: string): boolean {
  return [...text.matchAll(/\d{3,}/g)].every(([year]) => Number(year) >= YEAR.first && Number(year) <= YEAR.last);
}

/** 1 is Sunday, 7 Saturday; the library takes 8 for another Sunday. Counts behind `#` and steps are not days. */
function isDaysOfWeek(text: string): boolean {
  return [...text.matchAll(/(?<![#/\d])\d+/g)].every(([day]) => Number(day) >= 1 && Number(day) <= 7);
}

function isCalendarTime(localTime: string): boolean {
  const time = Date.parse(`${localTime}Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(localTime);
}

/** The first instant at which the clocks of a zone show a time; undefined when they never do. */
function readLocalTime(localTime: string, timeZone: string): number | undefined {
  const asUtc = Date.parse(`${localTime}Z`);
  // The offset is what it is a day before or a day after: a zone changes its clocks once in that time at most.
  const offsets = [-1, 1].map((days) => readOffset(asUtc + days * 86_400_000, timeZone));
  return offsets
    .map((offset) => asUtc - offset)
    .filter((instant) => instant + readOffset(instant, timeZone) === asUtc)
    .toSorted((a, b) => a - b)[0];
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
function readOffset(instant: number, timeZone: string): number {
  const second = Math.floor(instant / 1_000) * 1_000;
  const parts = new Intl.DateTimeFormat("en", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(second);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((found) => found.type === type)?.value);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - second;
}
