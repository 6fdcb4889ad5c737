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
    for (const reference of ["one", "two", "three"]) await invalidate(reference, `/${reference}`);
    const first = await distributionOf(env, ID).listInvalidations(undefined, 2);
    expect(first.items.map(({ callerReference }) => callerReference)).toEqual(["three", "two"]);
    expect(first.truncated).toBe(true);
    const second = await distributionOf(env, ID).listInvalidations(first.items[1]!.id, 2);
    expect(second.items.map(({ callerReference }) => callerReference)).toEqual(["one"]);
    expect(second.truncated).toBe(false);
  });

  it("past a thousand become fewer and wider, and lose nothing", async () => {
    await install(1, compiledDistribution(ID));
    for (let n = 1; n <= 1_001; n++) await invalidate(`r${n}`, `/d${n % 7}/file-${n}`);
    const { invalidations } = (await readDistribution(env, ID))!;
    expect(invalidations.length).toBeLessThan(600);
    expect(invalidations.at(-1)).toMatchObject({ number: 1_001, paths: ["/d0/file-1001"] });
    for (let directory = 0; directory < 7; directory++) {
      const folded = invalidations.filter(({ paths }) => paths.includes(`/d${directory}/*`));
      expect(folded).toHaveLength(1);
      expect(folded[0]!.number).toBeGreaterThan(490);
    }
  });
});
