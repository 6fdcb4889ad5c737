import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { Distributions } from "../../../src/cdn/edge/distributions.ts";
import { deleteEntry } from "../../../src/cdn/store/location-cache.ts";
import { meterEnv } from "../../../src/gateway/metering.ts";
import { cdnRegistryOf, distributionOf } from "../../../src/metadata/cdn/client.ts";
import { distributionConfig } from "../../support/cdn.ts";
import { describeSnapshot } from "../../support/distribution.ts";

const ID = "E0SNAPSHOTS001";
afterEach(async () => {
  vi.useRealTimers();
  await settle();
  await deleteEntry("stamp", ID);
  await reset();
});

/** The same environment, counting the calls to objects; they fail while `down` says so. */
function watch() {
  const watched = { calls: 0, down: false };
  const DISTRIBUTION = {
    getByName(name: string) {
      watched.calls++;
      if (watched.down) throw new Error("The object cannot be reached.");
      return env.DISTRIBUTION.getByName(name);
    },
  } as typeof env.DISTRIBUTION;
  return { watched, env: { ...env, DISTRIBUTION } };
}

const pending: Promise<unknown>[] = [];
const defer = (work: Promise<unknown>) => void pending.push(work);
const settle = () => Promise.all(pending.splice(0));

it("isolates of a location share one call in five seconds", async () => {
  await distributionOf(env, ID).install(1, describeSnapshot(ID, { Comment: "one" }));
  const { watched, env: metered } = watch();
  const [first, second] = [new Distributions(), new Distributions()];
  expect((await first.find(metered, ID, defer))?.config.Comment).toBe("one");
  await settle();
  expect((await second.find(metered, ID, defer))?.config.Comment).toBe("one");
  expect(watched.calls).toBe(1);
  // Held now: no promise, and the same compiled object.
  expect(second.find(metered, ID, defer)).toBe(await second.find(metered, ID, defer));
});

it("requests that come at once to a cold isolate share one call, and so do those that find it stale", async () => {
  await distributionOf(env, ID).install(1, describeSnapshot(ID, { Comment: "one" }));
  const { watched, env: metered } = watch();
  const distributions = new Distributions();
  const storm = () => Promise.all(Array.from({ length: 300 }, async () => distributions.find(metered, ID, defer)));
  const comments = async () => new Set((await storm()).map((found) => found?.config.Comment));
  expect(await comments()).toEqual(new Set(["one"]));
  expect(watched.calls).toBe(1);
  await settle();
  await distributionOf(env, ID).install(2, describeSnapshot(ID, { Comment: "two" }));
  vi.useFakeTimers({ now: Date.now() + 5_001, toFake: ["Date"] });
  expect(await comments()).toEqual(new Set(["two"]));
  expect(watched.calls).toBe(2);
});

it("nothing older than five seconds answers, as long as the object can be asked", async () => {
  await distributionOf(env, ID).install(1, describeSnapshot(ID, { Comment: "one" }));
  const { watched, env: metered } = watch();
  const distributions = new Distributions();
  await distributions.find(metered, ID, defer);
  await settle();
  await distributionOf(env, ID).install(2, describeSnapshot(ID, { Comment: "two" }));
  vi.useFakeTimers({ now: Date.now() + 5_001, toFake: ["Date"] });
  expect((await distributions.find(metered, ID, defer))?.config.Comment).toBe("two");
  await settle();
  watched.down = true;
  vi.setSystemTime(Date.now() + 10_000);
  expect((await distributions.find(metered, ID, defer))?.config.Comment).toBe("two");
  vi.setSystemTime(Date.now() + 40_000);
  await expect(Promise.resolve(distributions.find(metered, ID, defer))).rejects.toThrow("cannot be reached");
});

it("a change that was made here is in force here at once", async () => {
  await distributionOf(env, ID).install(1, describeSnapshot(ID, { Comment: "one" }));
  const distributions = new Distributions();
  await distributions.find(env, ID, defer);
  await settle();
  await distributionOf(env, ID).install(2, describeSnapshot(ID, { Comment: "two" }));
  await distributions.forget(ID);
  expect((await distributions.find(env, ID, defer))?.config.Comment).toBe("two");
});

it("ids that cannot be are answered without asking", async () => {
  const { watched, env: metered } = watch();
  expect(new Distributions().find(metered, "NOT-AN-ID", defer)).toBeUndefined();
  expect(await new Distributions().find(metered, "E0NOBODYHAS001", defer)).toBeUndefined();
  expect(watched.calls).toBe(1);
});

it("a flood of ids and hosts that nobody has does not reach the objects, and those that exist still answer", async () => {
  const config = distributionConfig({ Aliases: ["www.example.com", "*.example.net"], Comment: "real" });
  const created = { id: ID, accountId: "123456789012", tags: {}, config, references: [] };
  expect(await cdnRegistryOf(env).createDistribution(created)).toMatchObject({ outcome: "ok" });
  // All within one period, however slow the machine is.
  vi.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  let calls = 0;
  const metered = meterEnv(env, () => calls++);
  const distributions = new Distributions();
  const random = () => crypto.randomUUID().replaceAll("-", "").toUpperCase();
  const flood = async () => {
    for (let burst = 0; burst < 5; burst++) {
      const guesses = Array.from({ length: 100 }, () => random());
      const found = await Promise.all([
        ...guesses.map((guess) => distributions.find(metered, `E${guess.slice(0, 13)}`, defer)),
        ...guesses.map((guess) => distributions.findAlias(metered, `${guess.toLowerCase()}.example.org`, defer)),
      ]);
      expect(found.every((one) => one === undefined)).toBe(true);
    }
  };
  await flood();
  // A hundred looked up, the list of names, and what the list lets pass by chance.
  expect(calls).toBeLessThan(140);
  expect((await distributions.find(metered, ID, defer))?.config.Comment).toBe("real");
  expect(await distributions.findAlias(metered, "www.example.com", defer)).toBe(ID);
  expect(await distributions.findAlias(metered, "any.example.net", defer)).toBe(ID);
});
