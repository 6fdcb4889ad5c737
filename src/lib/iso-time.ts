const DAY = 86_400_000;
/** Days kept; more than a listing meets, so that a page of old objects does not throw them out. */
const MAX_DAYS = 4096;

/** `2026-11-22T` by day since the epoch. */
const dates = new Map<number, string>();
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));

/**
 * What `new Date(milliseconds).toISOString()` says, for times since 1970 in whole milliseconds. A listing
 * writes a thousand of them, and the built-in would take more time than everything else in its XML.
 */
export function formatIsoTime(milliseconds: number): string {
  const day = Math.floor(milliseconds / DAY);
  const rest = milliseconds - day * DAY;
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const clock = `${TWO_DIGITS[hours]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[seconds % 60]}`;
  return `${formatDate(day)}${clock}.${String(rest % 1000).padStart(3, "0")}Z`;
}

function formatDate(day: number): string {
  const known = dates.get(day);
  if (known !== undefined) return known;
  const date = new Date(day * DAY).toISOString().slice(0, "2026-11-22T".length);
  if (dates.size >= MAX_DAYS) dates.clear();
  dates.set(day, date);
  return date;
}
