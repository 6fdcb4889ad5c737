import { describe, expect, it } from "vitest";
import { findNextTime, isTimeZone, parseScheduleExpression } from "../../../src/metadata/schedule/expression.ts";

const CREATED = Date.parse("2026-01-01T00:00:30Z");

/** The first times after `after`, in UTC. */
function listTimes(text: string, timeZone: string, after: string, count: number): string[] {
  const expression = parseScheduleExpression(text)!;
  const times: string[] = [];
  let at: number | undefined = Date.parse(after);
  while (times.length < count) {
    at = findNextTime(expression, { createdAt: CREATED, timeZone }, at);
    if (at === undefined) break;
    times.push(new Date(at).toISOString().slice(0, 19));
  }
  return times;
}

describe("expressions", () => {
  it.each([
    ["cron(0 10 * * ? *)", ["2026-03-02T10:00:00", "2026-03-03T10:00:00"]],
    ["cron(15 12 ? * MON-FRI *)", ["2026-03-02T12:15:00", "2026-03-03T12:15:00"]],
    ["cron(0/15 8-9 ? * 2 *)", ["2026-03-02T08:00:00", "2026-03-02T08:15:00"]],
    ["cron(0 8 1 * ? *)", ["2026-04-01T08:00:00", "2026-05-01T08:00:00"]],
    ["cron(0 8 L * ? *)", ["2026-03-31T08:00:00", "2026-04-30T08:00:00"]],
    ["cron(0 8 ? * 6L *)", ["2026-03-27T08:00:00", "2026-04-24T08:00:00"]],
    ["cron(0 8 ? * 6#2 *)", ["2026-03-13T08:00:00", "2026-04-10T08:00:00"]],
    ["cron(0 8 15W * ? *)", ["2026-03-16T08:00:00", "2026-04-15T08:00:00"]],
    ["cron(0 0 1 JAN ? 2027-2028)", ["2027-01-01T00:00:00", "2028-01-01T00:00:00"]],
    ["cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)", ["2026-03-02T08:00:00", "2026-03-02T08:01:00"]],
    ["at(2026-03-05T01:02:03)", ["2026-03-05T01:02:03"]],
    // Behind what a Date can say.
    ["rate(999999999 days)", []],
    ["cron(0 8 1 1 ? 2025)", []],
  ])("%s", (text, expected) => {
    expect(listTimes(text, "UTC", "2026-03-01T12:00:00Z", 2)).toEqual(expected);
  });

  it("count rates from the creation, or from the start date", () => {
    expect(listTimes("rate(5 minutes)", "UTC", "2026-01-01T00:00:00Z", 3)).toEqual([
      "2026-01-01T00:00:30",
      "2026-01-01T00:05:30",
      "2026-01-01T00:10:30",
    ]);
    const daily = parseScheduleExpression("rate(1 day)")!;
    const bounds = { createdAt: CREATED, startAt: CREATED + 10_000, endAt: CREATED + 86_400_000, timeZone: "UTC" };
    expect(findNextTime(daily, bounds, CREATED)).toBe(CREATED + 10_000);
    expect(findNextTime(daily, bounds, CREATED + 10_000)).toBeUndefined();
  });

  it("read times of day on the clocks of the zone, through their changes", () => {
    const daily = (after: string) => listTimes("cron(30 2 * * ? *)", "Europe/Paris", after, 3);
    // On 29 March the clocks skip from 2:00 to 3:00; on 25 October they show 2:30 twice.
    expect(daily("2026-03-27T12:00:00Z")).toEqual([
      "2026-03-28T01:30:00",
      "2026-03-30T00:30:00",
      "2026-03-31T00:30:00",
    ]);
    expect(daily("2026-10-24T12:00:00Z")).toEqual([
      "2026-10-25T00:30:00",
      "2026-10-26T01:30:00",
      "2026-10-27T01:30:00",
    ]);
    const once = (text: string) => listTimes(text, "America/New_York", "2026-01-01T00:00:00Z", 2);
    expect(once("at(2026-07-01T09:00:00)")).toEqual(["2026-07-01T13:00:00"]);
    expect(once("at(2026-03-08T02:30:00)")).toEqual([]);
    expect(once("at(2026-11-01T01:30:00)")).toEqual(["2026-11-01T05:30:00"]);
  });

  it.each([
    "rate(0 minutes)",
    "rate(5)",
    "rate(5 seconds)",
    "rate(-1 hours)",
    "cron(0 10 * * *)",
    "cron(0 10 * * * *)",
    "cron(0 10 ? * ? *)",
    "cron(? 10 * * ? *)",
    "cron(60 10 * * ? *)",
    "cron(0 24 * * ? *)",
    "cron(0 10 32 * ? *)",
    "cron(0 10 * 13 ? *)",
    "cron(0 10 ? * 8 *)",
    "cron(0 10 * * ? 1969)",
    "cron(0, 9, ?, *, MON, *)",
    "at(2026-02-30T00:00:00)",
    "at(2026-02-03)",
    "at(2026-02-03T00:00:00Z)",
    "every minute",
    "",
  ])("do not include %s", (text) => {
    expect(parseScheduleExpression(text)).toBeUndefined();
  });

  it("know the zones of the IANA database", () => {
    expect(["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires"].every(isTimeZone)).toBe(true);
    expect(["+02:00", "Europe/Nowhere", "", "../etc"].some(isTimeZone)).toBe(false);
  });
});
