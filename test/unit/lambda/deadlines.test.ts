import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadlines } from "../../../src/lambda/runtime/deadlines.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = () => new Promise<string>(() => undefined);

test("each ends at its own time, whatever the order in which they began", async () => {
  const deadlines = new Deadlines();
  const ended: string[] = [];
  const begin = Date.now();
  for (const [name, after] of [
    ["late", 300],
    ["early", 100],
    ["middle", 200],
  ] as const) {
    void deadlines
      .limit(never(), begin + after, () => name)
      .then((what) => ended.push(`${what} at ${Date.now() - begin}`));
  }
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ended).toEqual(["early at 100", "middle at 200", "late at 300"]);
});

test("work that ends before its time is what is answered, or thrown", async () => {
  const deadlines = new Deadlines();
  const at = Date.now() + 100;
  expect(await deadlines.limit(Promise.resolve("done"), at, () => "late")).toBe("done");
  await expect(deadlines.limit(Promise.reject(new Error("no")), at, () => "late")).rejects.toThrow("no");
  const elapse = vi.fn<() => string>(() => "late");
  await deadlines.limit(Promise.resolve("done"), at, elapse);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(elapse).not.toHaveBeenCalled();
});

test("a time that has passed ends at once, and one timer is set for many", async () => {
  const deadlines = new Deadlines();
  const late = deadlines.limit(never(), Date.now() - 5, () => "late");
  await vi.advanceTimersByTimeAsync(1);
  expect(await late).toBe("late");
  for (let index = 0; index < 50; index++) void deadlines.limit(never(), Date.now() + 1_000 + index, () => "late");
  expect(vi.getTimerCount()).toBe(1);
});
