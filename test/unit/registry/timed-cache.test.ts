import { describe, expect, it } from "vitest";
import { TimedCache } from "../../../src/lib/timed-cache.ts";

function createCache(limit = 10) {
  const clock = { now: 1_000 };
  const cache = new TimedCache<string>({ limit, lifetime: () => ({ fresh: 10, usable: 20 }), now: () => clock.now });
  return { clock, cache };
}

describe("TimedCache", () => {
  it("counts a lifetime from the moment a value was asked for", async () => {
    const { clock, cache } = createCache();
    await cache.read("a", async () => {
      clock.now += 8;
      return "old";
    });
    clock.now += 12;
    expect(cache.peek("a")).toBeUndefined();
  });

  it("goes on with an ageing value while one caller reads it again, but not beyond its lifetime", async () => {
    const { clock, cache } = createCache();
    await cache.read("a", async () => "old");
    clock.now += 15;
    expect(cache.peek("a")).toBeUndefined();
    expect(cache.peek("a")?.value).toBe("old");
    clock.now += 5;
    expect(cache.peek("a")).toBeUndefined();
  });

  it("does not keep what was being read when it was forgotten", async () => {
    const { cache } = createCache();
    const answer = Promise.withResolvers<string>();
    const reading = cache.read("a", () => answer.promise);
    cache.forget("a");
    answer.resolve("old");
    expect(await reading).toBe("old");
    expect(await cache.read("a", async () => "new")).toBe("new");
  });

  it("does not keep failures", async () => {
    const { cache } = createCache();
    await expect(cache.read("a", () => Promise.reject(new Error("lost")))).rejects.toThrow("lost");
    expect(await cache.read("a", async () => "found")).toBe("found");
  });

  it("holds no more than its limit", async () => {
    const { cache } = createCache(3);
    for (let i = 0; i < 100; i++) await cache.read(`name ${i}`, async () => "value");
    expect(cache.size).toBe(3);
    expect(cache.peek("name 99")).toBeDefined();
  });
});
