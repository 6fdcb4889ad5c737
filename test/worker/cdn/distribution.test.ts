import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { distributionOf, readDistribution } from "../../../src/metadata/cdn/client.ts";
import type { CompiledDistribution } from "../../../src/metadata/cdn/protocol.ts";
import { compiledDistribution } from "../../support/cdn.ts";

const ID = "E1ABCDEF234567";
afterEach(() => reset());

const install = (revision: number, compiled: CompiledDistribution | undefined) =>
  distributionOf(env, ID).install(revision, compiled);

const invalidate = (callerReference: string, ...paths: string[]) =>
  distributionOf(env, ID).createInvalidation({ callerReference, paths });

describe("a configuration", () => {
  it("is not there before it is installed, nor after it was deleted", async () => {
    expect(await readDistribution(env, ID)).toBeUndefined();
    await install(1, compiledDistribution(ID));
    expect(await readDistribution(env, ID)).toMatchObject({ id: ID, enabled: true, invalidations: [] });
    await install(2, undefined);
    expect(await readDistribution(env, ID)).toBeUndefined();
  });

  it("never gives way to an older one that arrives late", async () => {
    await install(2, compiledDistribution(ID, { Comment: "second" }));
    await install(1, compiledDistribution(ID, { Comment: "first" }));
    expect((await readDistribution(env, ID))?.config.Comment).toBe("second");
    await install(3, undefined);
    await install(2, compiledDistribution(ID));
    expect(await readDistribution(env, ID)).toBeUndefined();
  });

  it("is not sent again to who has it", async () => {
    await install(1, compiledDistribution(ID));
    const known = (await readDistribution(env, ID))!;
    expect(await readDistribution(env, ID, known)).toBe(known);
    await invalidate("one", "/*");
    const next = (await readDistribution(env, ID, known))!;
    expect(next.revision).toBeGreaterThan(known.revision);
    expect(next.invalidations).toMatchObject([{ number: 1, paths: ["/*"] }]);
  });
});

describe("invalidations", () => {
  it("are numbered, and survive new configurations", async () => {
    await install(1, compiledDistribution(ID));
    await invalidate("one", "/a", "/b");
    await invalidate("two", "/c*");
    await install(2, compiledDistribution(ID));
    expect((await readDistribution(env, ID))?.invalidations).toMatchObject([
      { number: 1, paths: ["/a", "/b"] },
      { number: 2, paths: ["/c*"] },
    ]);
  });

  it("happen once for a caller reference", async () => {
    await install(1, compiledDistribution(ID));
    const first = await invalidate("one", "/a", "/b");
    expect(await invalidate("one", "/b", "/a")).toEqual(first);
    expect(await invalidate("one", "/c")).toEqual({ outcome: "already-exists" });
    expect((await readDistribution(env, ID))?.invalidations).toHaveLength(1);
  });

  it("need a distribution", async () => {
    expect(await invalidate("one", "/a")).toEqual({ outcome: "no-such-distribution" });
  });

  it("are listed from the newest, in pages", async () => {
    await install(1, compiledDistribution(ID));
    const ids: string[] = [];
    for (const reference of ["one", "two", "three"]) {
      const outcome = await invalidate(reference, `/${reference}`);
      if (outcome.outcome === "ok") ids.unshift(outcome.invalidation.id);
    }
    const first = await distributionOf(env, ID).listInvalidations(undefined, 2);
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.truncated).toBe(true);
    const second = await distributionOf(env, ID).listInvalidations(ids[1], 2);
    expect(second.items.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(second.truncated).toBe(false);
  });

  it("that have grown too many become fewer and wider, and lose nothing", async () => {
    await install(1, compiledDistribution(ID));
    const paths = (batch: number) =>
      Array.from({ length: 200 }, (_, n) => `/d${n % 7}/${"x".repeat(100)}-${batch}-${n}`);
    for (let batch = 1; batch <= 60; batch++) await invalidate(`r${batch}`, ...paths(batch));
    const { invalidations } = (await readDistribution(env, ID))!;
    expect(JSON.stringify(invalidations).length).toBeLessThan(1_100_000);
    expect(invalidations.at(-1)).toMatchObject({ number: 60, paths: paths(60) });
    const covers = (path: string, number: number) =>
      invalidations.some(
        (record) => record.number >= number && record.paths.some((p) => p === path || path.startsWith(p.slice(0, -1))),
      );
    expect(covers(paths(1)[0]!, 1)).toBe(true);
    expect(covers(paths(33)[6]!, 33)).toBe(true);
    expect(covers("/other/file", 1)).toBe(false);
  });
});
