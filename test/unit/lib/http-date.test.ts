import { describe, expect, it } from "vitest";
import { formatHttpDate, parseHttpDate } from "../../../src/lib/http-date.ts";

const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("HTTP dates", () => {
  it.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "reads %s (RFC 9110 section 5.6.7)",
    (text) => expect(parseHttpDate(text)).toBe(EXAMPLE),
  );

  it("writes IMF-fixdate in whole seconds", () => {
    expect(formatHttpDate(EXAMPLE + 999)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
  });

  it("takes a two-digit year more than 50 years ahead as past", () => {
    const shortYear = (year: number) => String(year % 100).padStart(2, "0");
    const now = new Date().getUTCFullYear();
    expect(parseHttpDate(`Monday, 01-Jan-${shortYear(now + 49)} 00:00:00 GMT`)).toBe(Date.UTC(now + 49, 0, 1));
    expect(parseHttpDate(`Monday, 01-Jan-${shortYear(now + 51)} 00:00:00 GMT`)).toBe(Date.UTC(now - 49, 0, 1));
  });

  it.each([
    "",
    "yesterday",
    "2024-01-01T00:00:00Z",
    "Sat, 31 Feb 2026 00:00:00 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:49:37 CET",
    "Sun, 6 Nov 1994 08:49:37 GMT",
  ])("refuses %j", (text) => expect(parseHttpDate(text)).toBeUndefined());
});
