import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { BucketConfig } from "../../../src/metadata/bucket/protocol.ts";
import { indexName, indexShard } from "../../../src/metadata/bucket/shards.ts";
import { createIndex, expectOutcome, type Fixture, useIndex } from "./index-fixture.ts";

async function createShards(count: number): Promise<Fixture[]> {
  const bucketId = crypto.randomUUID();
  return Promise.all(Array.from({ length: count }, (_, shard) => createIndex(count, shard, bucketId)));
}

const raise = (config: BucketConfig): BucketConfig => ({ ...config, revision: config.revision + 1 });

/** A change as the Worker makes it: from the configuration before. */
const change = (index: Fixture, config: BucketConfig) =>
  index.api.changeConfig({ revision: config.revision - 1, config });

describe("admission", () => {
  it("answers gone under an id that was never created, and leaves no database behind (rules 1 and 2)", async () => {
    const index = useIndex({ ...(await createIndex()).config, bucketId: crypto.randomUUID() });
    expect(await index.put("a")).toEqual({ outcome: "gone" });
    expect(await index.api.listObjects({ ...index.call(), prefix: "", delimiter: "", after: "", limit: 1 })).toEqual({
      outcome: "gone",
    });
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      expect([...sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")]).toEqual([]);
    });
  });

  it("answers stale with the configuration to a caller that decided by another (rule 17)", async () => {
    const index = await createIndex();
    const config = raise(index.config);
    expectOutcome(await change(index, config), "ok");
    expect(await index.put("a")).toEqual({ outcome: "stale", config });
    expect(await index.listKeys().catch((error: Error) => error.message)).toBe("stale");
    expectOutcome(await useIndex(config).put("a"), "ok");
  });

  it("takes only the next revision as a change, and no older one that arrives late", async () => {
    const index = await createIndex();
    const [second, third] = [raise(index.config), raise(raise(index.config))];
    expect(await change(index, third)).toEqual({ outcome: "stale", config: index.config });
    expectOutcome(await change(index, second), "ok");
    expect(await change(index, second)).toEqual({ outcome: "stale", config: second });
    await index.stub.applyConfig(third);
    await index.stub.applyConfig(second);
    expect(await index.stub.readConfig()).toEqual(third);
  });

  it("has a change in force on every index object when it is answered (rule 17)", async () => {
    const shards = await createShards(3);
    const config = raise(shards[0]!.config);
    expectOutcome(await change(shards[0]!, config), "ok");
    for (const shard of shards) expect(await shard.put("a")).toEqual({ outcome: "stale", config });
  });

  it("pulls the configuration from the first index object when it is behind its caller", async () => {
    const [first, second] = await createShards(2);
    const config = raise(first!.config);
    // The change reached the first object only: its Worker died.
    await first!.stub.applyConfig(config);
    expectOutcome(await useIndex(config, 1).put("a"), "ok");
    expect(await second!.put("a")).toEqual({ outcome: "stale", config });
  });
});

describe("deletion (rule 16)", () => {
  it("seals only what is empty, refuses everything while sealed, and opens again when told", async () => {
    const index = await createIndex();
    await index.put("a");
    expect(await index.stub.seal()).toBe("not-empty");
    await index.delete("a");
    expect(await index.stub.seal()).toBe("sealed");
    expect(await index.put("a")).toEqual({ outcome: "busy" });
    await index.stub.unseal();
    expectOutcome(await index.put("a"), "ok");
    expect(await index.stub.commitDelete()).toBe(false);
  });

  it("opens by itself when nobody acts on the seal, and then refuses the late decision", async () => {
    const index = await createIndex();
    await index.stub.seal();
    await letSealRunOut(index);
    expect(await index.stub.commitDelete()).toBe(false);
    expectOutcome(await index.put("a"), "ok");
  });

  it("keeps a tombstone: the id answers gone for ever, and is not created again (rule 1)", async () => {
    const index = await createIndex();
    await index.stub.seal();
    expect(await index.stub.commitDelete()).toBe(true);
    expect(await index.stub.commitDelete()).toBe(true);
    expect(await index.put("a")).toEqual({ outcome: "gone" });
    expect(await index.stub.create(index.config, 0)).toBe(false);
    expect(await index.stub.seal()).toBe("gone");
  });

  it("never leaves one index object open and another deleted", async () => {
    const [first, second] = await createShards(2);
    await first!.stub.seal();
    await second!.stub.seal();
    await letSealRunOut(second!);
    // The second asks before it opens, and that takes the first's seal back.
    expectOutcome(await second!.put("a"), "ok");
    expect(await first!.stub.commitDelete()).toBe(false);

    await second!.delete("a");
    await first!.stub.seal();
    await second!.stub.seal();
    expect(await first!.stub.commitDelete()).toBe(true);
    await letSealRunOut(second!);
    // The deletion is decided, although nobody has told the second yet.
    expect(await second!.put("a")).toEqual({ outcome: "gone" });
    expect(await second!.stub.commitDelete()).toBe(true);
  });
});

describe("shards (rule 3)", () => {
  it("spreads keys evenly and always alike", () => {
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 10_000; n++) counts[indexShard({ shards: 4 }, `key/${n}`)]! += 1;
    for (const count of counts) expect(count).toBeGreaterThan(2200);
    expect(indexShard({ shards: 4 }, "schlüssel/\u{1f600}")).toBe(indexShard({ shards: 4 }, "schlüssel/\u{1f600}"));
    expect(indexShard({ shards: 1 }, "anything")).toBe(0);
    expect(indexName("b", 3)).toBe("b/3");
  });
});

/** The state is kept in memory too, so the clock is what has to move. */
async function letSealRunOut(index: Fixture): Promise<void> {
  await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    sql.exec("UPDATE bucket SET until = 1");
  });
  await evictDurableObject(index.stub);
}
