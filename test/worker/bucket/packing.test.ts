import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { blobKey } from "../../../src/lib/blob-id.ts";
import type { Env } from "../../../src/env.ts";
import type { BucketIndex } from "../../../src/metadata/bucket/bucket-index.ts";
import { BlobStore } from "../../../src/storage/blob-store.ts";
import { listSegments, readSegment } from "../../../src/storage/journal-segments.ts";
import { putBlob } from "../../../src/storage/put-blob.ts";
import { readWhole } from "../../../src/storage/read-extents.ts";
import { mintOldBlob } from "./blob-ages.ts";
import { bindings, createIndex, expectOutcome, type Fixture, useIndex } from "./index-fixture.ts";
import { passTime, ringAlarm } from "./pass-time.ts";

const SIZE = 4000;
/** As many as fill a pack that is worth its price. */
const KEYS = Array.from({ length: 20 }, (_, position) => `key-${String(position).padStart(2, "0")}`);
const COPY = { sourceConditions: {}, conditions: {}, ownerId: "000000000001" };

afterEach(() => {
  vi.restoreAllMocks();
});

/** Bytes that differ from key to key and from place to place. */
function makeBytes(seed: string, size = SIZE): Uint8Array {
  return new TextEncoder().encode(`${seed} `.repeat(size)).subarray(0, size);
}

async function putInline(index: Fixture, key: string, bytes = makeBytes(key)): Promise<void> {
  const object = { size: bytes.length };
  expectOutcome(await index.put(key, { object, body: { kind: "inline", bytes } }), "ok");
}

async function createFilled(): Promise<Fixture> {
  const index = await createIndex();
  for (const key of KEYS) await putInline(index, key);
  return index;
}

/**
 * Lets the alarm pack, with a threshold that every index exceeds. Packing is due soon, before the export, and the
 * alarm is told a later time: were it due at once, the platform would ring too.
 */
async function pack(index: Fixture, threshold = "1"): Promise<void> {
  await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    sql.exec("INSERT OR REPLACE INTO due VALUES ('pack', ?)", Date.now() + 40_000);
  });
  await evictDurableObject(index.stub);
  await runInDurableObject(index.stub, async (instance: BucketIndex) => {
    const env: object = Reflect.get(instance, "env");
    Reflect.set(env, "VERGE_PACK_BYTES", threshold);
    const clock = vi.spyOn(Date, "now").mockReturnValueOnce(Date.now() + 45_000);
    const alarm = instance.alarm();
    clock.mockRestore();
    await alarm;
    Reflect.deleteProperty(env, "VERGE_PACK_BYTES");
  });
}

/** Has `race` happen while R2 stores the pack; answers the pack's id. */
async function packDuring(index: Fixture, race: (index: Fixture) => Promise<unknown>): Promise<string> {
  let packId = "";
  vi.spyOn(BlobStore.prototype, "put").mockImplementation(async (id, body, options) => {
    packId = id;
    const stored = await putBlob(bindings.BLOBS, id, body, options);
    // Called from inside the index object, which may not use the stub of the test.
    await race(useIndex(index.config));
    return stored;
  });
  await pack(index);
  vi.restoreAllMocks();
  expect(packId).not.toBe("");
  return packId;
}

async function locate(index: Fixture, key: string, range?: { first: number; last: number }) {
  const answer = await index.api.getObject({ ...index.call(), key, withBody: true, ...(range && { range }) });
  return expectOutcome(answer, "ok").body!;
}

async function read(index: Fixture, key: string, range?: { first: number; last: number }): Promise<Uint8Array> {
  const body = await locate(index, key, range);
  return body.kind === "inline" ? body.bytes : readWhole(bindings.BLOBS, body.extents);
}

/** The pack that holds the key's body; undefined where the body is inline. */
async function packOf(index: Fixture, key: string): Promise<string | undefined> {
  const body = await locate(index, key);
  return body.kind === "extents" ? body.extents[0]?.blob : undefined;
}

const isInR2 = async (blob: string) => (await bindings.BLOBS.head(blobKey(blob))) !== null;

async function countBodies(index: Fixture): Promise<number> {
  return runInDurableObject(
    index.stub,
    (_, { storage: { sql } }) => sql.exec<{ n: number }>("SELECT count(*) AS n FROM bodies").one().n,
  );
}

describe("packing", () => {
  it("moves bodies of a large index into one blob, and reads and ranges are as before", async () => {
    const index = await createFilled();
    await putInline(index, "tiny", makeBytes("tiny", 100));
    const before = await index.get("key-07");
    await pack(index);
    expect(await countBodies(index)).toBe(1);
    expect(await packOf(index, "tiny")).toBeUndefined();
    expect(new Set(await Promise.all(KEYS.map((key) => packOf(index, key)))).size).toBe(1);
    for (const key of KEYS) expect(await read(index, key)).toEqual(makeBytes(key));
    expect(await read(index, "key-07", { first: 10, last: 99 })).toEqual(makeBytes("key-07").subarray(10, 100));
    expect(await index.get("key-07")).toMatchObject({ object: expectOutcome(before, "ok").object });
  });

  it("leaves an index below the threshold alone, and one with too little for a pack", async () => {
    const index = await createFilled();
    await pack(index, String(1024 ** 3));
    expect(await countBodies(index)).toBe(KEYS.length);
    const small = await createIndex();
    await putInline(small, "a");
    await pack(small);
    expect(await packOf(small, "a")).toBeUndefined();
  });

  it("packs what comes later as well, once it is enough", async () => {
    const index = await createFilled();
    await pack(index);
    await putInline(index, "later-a");
    await pack(index);
    expect(await packOf(index, "later-a")).toBeUndefined();
    for (const key of KEYS) await putInline(index, `later-${key}`);
    await pack(index);
    expect(await countBodies(index)).toBe(0);
    expect(await packOf(index, "later-a")).not.toBe(await packOf(index, "key-00"));
    expect(await read(index, "later-a")).toEqual(makeBytes("later-a"));
  });
});

describe("an index from before packing", () => {
  it("serves on, keeps what it has inline, and packs what comes", async () => {
    const index = await createFilled();
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec("ALTER TABLE bodies DROP COLUMN key");
    });
    await evictDurableObject(index.stub);
    for (const key of KEYS) await putInline(index, `later-${key}`);
    await pack(index);
    expect(await countBodies(index)).toBe(KEYS.length);
    expect(await read(index, "key-00")).toEqual(makeBytes("key-00"));
    expect(await packOf(index, "later-key-00")).toBeDefined();
  });
});

describe("changes while a pack is on its way (rule 15)", () => {
  it("an overwrite, a deletion, a copy and a rename lose and tear nothing", async () => {
    const index = await createFilled();
    const [overwritten, deleted, copied, renamed, touched] = ["key-01", "key-02", "key-03", "key-04", "key-05"];
    const packId = await packDuring(index, async (inside) => {
      await putInline(inside, overwritten, makeBytes("new"));
      await inside.delete(deleted);
      const copies = [
        { sourceKey: copied, key: "copy" },
        { sourceKey: renamed, key: "renamed", removeSource: true },
        { sourceKey: touched, key: touched },
      ];
      for (const copy of copies)
        expectOutcome(await inside.api.copyObject({ ...inside.mutation(), ...COPY, ...copy }), "ok");
    });
    expect(await read(index, overwritten)).toEqual(makeBytes("new"));
    expect(await packOf(index, overwritten)).toBeUndefined();
    expectOutcome(await index.get(deleted), "no-such-key");
    expect(await packOf(index, "copy")).toBeUndefined();
    expect(await read(index, "copy")).toEqual(makeBytes(copied));
    expectOutcome(await index.get(renamed), "no-such-key");
    expect(await read(index, "renamed")).toEqual(makeBytes(renamed));
    expect(await packOf(index, "renamed")).toBe(packId);
    const others = KEYS.filter((key) => ![overwritten, deleted, renamed].includes(key));
    for (const key of others) {
      expect(await packOf(index, key)).toBe(packId);
      expect(await read(index, key)).toEqual(makeBytes(key));
    }
  });

  it("gives a pack up from which everything has gone meanwhile", async () => {
    const index = await createFilled();
    const packId = await packDuring(index, (inside) => inside.delete(...KEYS));
    expect(await isInR2(packId)).toBe(true);
    await passTime(index);
    expect(await isInR2(packId)).toBe(false);
    expect(await index.listKeys()).toEqual([]);
  });

  it("leaves everything as it was when R2 fails", async () => {
    const index = await createFilled();
    vi.spyOn(console, "error").mockReturnValue();
    vi.spyOn(BlobStore.prototype, "put").mockRejectedValue(new Error("R2 is away"));
    await pack(index);
    vi.restoreAllMocks();
    expect(await countBodies(index)).toBe(KEYS.length);
    await pack(index);
    expect(await countBodies(index)).toBe(0);
  });
});

describe("a pack's life", () => {
  it("ends with its last holder, a recovery window later", async () => {
    const index = await createFilled();
    await pack(index);
    const packId = (await packOf(index, "key-00"))!;
    const copies = [
      { sourceKey: "key-00", key: "copy" },
      { sourceKey: "key-01", key: "renamed", removeSource: true },
      { sourceKey: "copy", key: "copy" },
    ];
    for (const copy of copies)
      expectOutcome(await index.api.copyObject({ ...index.mutation(), ...COPY, ...copy }), "ok");
    await index.delete(...KEYS);
    await passTime(index);
    expect(await read(index, "copy")).toEqual(makeBytes("key-00"));
    expect(await read(index, "renamed")).toEqual(makeBytes("key-01"));
    await index.delete("renamed");
    await passTime(index);
    expect(await read(index, "copy")).toEqual(makeBytes("key-00"));
    await putInline(index, "copy", makeBytes("new"));
    await ringAlarm(index, ["export"]);
    expect(await isInR2(packId)).toBe(true);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      const { due } = sql.exec<{ due: number }>("SELECT due FROM garbage WHERE id = ?", packId).one();
      expect(due).toBeGreaterThan(Date.now() + 29 * 24 * 3600_000);
      expect(sql.exec("SELECT * FROM refs").toArray()).toEqual([]);
    });
    await passTime(index);
    expect(await isInR2(packId)).toBe(false);
  });

  it("is no orphan while anything is in it", async () => {
    const index = await createFilled();
    await pack(index);
    const packId = (await packOf(index, "key-00"))!;
    const old = mintOldBlob(index.config.bucketId, 0, 8 * 24);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec("UPDATE refs SET body_id = ? WHERE body_id = ?", old, packId);
    });
    const crashed = mintOldBlob(index.config.bucketId, 0, 9 * 24);
    const swept = [old, crashed].map((id) => ({ id, key: "" }));
    expect(await index.stub.sweepBlobs(swept)).toEqual({ outcome: "ok", orphans: [crashed] });
  });

  it("hands a packed body over to a copy in another index", async () => {
    const [index, destination] = [await createFilled(), await createIndex()];
    await pack(index);
    const pinned = expectOutcome(await index.api.pin(makePin(index, "key-09", destination)), "ok");
    expectOutcome(await destination.put("copy", { object: { size: SIZE }, body: pinned.body }), "ok");
    await index.delete(...KEYS);
    await passTime(index);
    expect(await read(destination, "copy")).toEqual(makeBytes("key-09"));
  });

  it("hands over what is there when the source is replaced while its pack is read", async () => {
    const [index, destination] = [await createFilled(), await createIndex()];
    await pack(index);
    const stored = await runInDurableObject(index.stub, async (instance: BucketIndex) => {
      const { BLOBS }: Env = Reflect.get(instance, "env");
      const former = new TextEncoder().encode("former");
      vi.spyOn(BLOBS, "get").mockImplementationOnce(async () => {
        expectOutcome(await useIndex(index.config).put("key-09"), "ok");
        return { body: new Response(former).body } as R2ObjectBody;
      });
      return expectOutcome(await instance.pin(makePin(index, "key-09", destination)), "ok");
    });
    expect(stored.body).toMatchObject({ kind: "borrowed", extents: [{ size: 10 }] });
    expect(stored.object.sequence).toBe(expectOutcome(await index.get("key-09"), "ok").object.sequence);
  });

  it("is found again by a rebuild, and still freed with its last holder only", async () => {
    const index = await createFilled();
    await ringAlarm(index, ["export"]);
    await pack(index);
    await index.api.copyObject({ ...index.mutation(), ...COPY, sourceKey: "key-00", key: "copy" });
    await ringAlarm(index, ["export"]);
    const packId = (await packOf(index, "key-00"))!;
    await rebuild(index);
    expect(await countBodies(index)).toBe(0);
    for (const key of KEYS) expect(await read(index, key)).toEqual(makeBytes(key));
    await index.delete(...KEYS);
    await passTime(index);
    expect(await read(index, "copy")).toEqual(makeBytes("key-00"));
    await index.delete("copy");
    await passTime(index);
    expect(await isInR2(packId)).toBe(false);
  });

  it("leaves bodies inline after a rebuild from before the pack, and says that it is no object", async () => {
    const index = await createFilled();
    await ringAlarm(index, ["export"]);
    await pack(index);
    const packId = (await packOf(index, "key-00"))!;
    const { blobs } = await new BlobStore(bindings.BLOBS).list(index.config.bucketId, 0);
    expect(blobs.find((blob) => blob.id === packId)?.origin?.pack).toBe(true);
    await rebuild(index);
    expect(await countBodies(index)).toBe(KEYS.length);
    for (const key of KEYS) expect(await read(index, key)).toEqual(makeBytes(key));
  });
});

function makePin(index: Fixture, key: string, { config }: Fixture) {
  const destination = { bucketId: config.bucketId, shard: 0 };
  return { ...index.mutation(), copyId: crypto.randomUUID(), key, conditions: {}, destination };
}

/** Loses the index object, and restores it from its segments. */
async function rebuild(index: Fixture): Promise<void> {
  await runInDurableObject(index.stub, async (_, { storage }) => {
    await storage.deleteAlarm();
    await storage.deleteAll();
  });
  await evictDurableObject(index.stub);
  const owner = { bucketId: index.config.bucketId, shard: 0 };
  await index.stub.beginRestore(index.config, 0);
  for (const name of await listSegments(bindings.BLOBS, owner)) {
    const lines = [];
    for await (const line of readSegment(bindings.BLOBS, owner, name)) lines.push(line);
    await index.stub.restoreLines(lines);
  }
  await index.stub.finishRestore();
}
