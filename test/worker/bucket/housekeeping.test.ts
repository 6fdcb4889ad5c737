import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { blobKey } from "../../../src/lib/blob-id.ts";
import { type BucketIndex } from "../../../src/metadata/bucket/bucket-index.ts";
import { listSegments, readSegment, type SegmentName } from "../../../src/storage/journal-segments.ts";
import { mintOldBlob } from "./blob-ages.ts";
import { bindings, createIndex, expectOutcome, type Fixture, inline, makeObject, useIndex } from "./index-fixture.ts";
import { passTime, ringAlarm } from "./pass-time.ts";

const isInR2 = async (blob: string) => (await bindings.BLOBS.head(blobKey(blob))) !== null;

async function putStored(index: Fixture, key: string): Promise<string> {
  const blob = index.mint();
  await bindings.BLOBS.put(blobKey(blob), "0123456789");
  expectOutcome(await index.put(key, { body: blob }), "ok");
  return blob;
}

describe("garbage (rule 14)", () => {
  it("deletes a replaced blob after the recovery window, and not before", async () => {
    const index = await createIndex();
    const [first, second] = [await putStored(index, "a"), await putStored(index, "a")];
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec("UPDATE due SET at = 1");
    });
    await evictDurableObject(index.stub);
    await runInDurableObject(index.stub, (instance: BucketIndex) => instance.alarm());
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      const { due } = sql.exec<{ due: number }>("SELECT due FROM garbage WHERE id = ?", first).one();
      expect(due).toBeGreaterThan(Date.now() + 29 * 24 * 3600_000);
    });
    expect(await isInR2(first)).toBe(true);
    await passTime(index);
    expect(await isInR2(first)).toBe(false);
    expect(await isInR2(second)).toBe(true);
  });

  it("deletes the parts of a deleted multipart object and of an aborted upload", async () => {
    const index = await createIndex();
    const { attributes, storageClass } = makeObject("m");
    const etag = "0123456789abcdef0123456789abcdef";
    const blobs: string[] = [];
    for (const uploadId of ["finished", "aborted"]) {
      await index.api.createUpload({
        ...index.mutation(),
        upload: { key: "m", uploadId, initiatorId: "1", storageClass, attributes },
      });
      for (const partNumber of [1, 2]) {
        const blob = index.mint();
        blobs.push(blob);
        await bindings.BLOBS.put(blobKey(blob), "x");
        const size = 5 * 1024 ** 2;
        await index.api.putPart({ ...index.mutation(), key: "m", uploadId, partNumber, size, etag, blob });
      }
    }
    const parts = [1, 2].map((partNumber) => ({ partNumber, etag }));
    expectOutcome(
      await index.api.completeUpload({ ...index.mutation(), key: "m", uploadId: "finished", parts, conditions: {} }),
      "ok",
    );
    await index.api.abortUpload({ ...index.mutation(), key: "m", uploadId: "aborted" });
    await passTime(index);
    expect(await Promise.all(blobs.map(isInR2))).toEqual([true, true, false, false]);
    await index.delete("m");
    await passTime(index);
    expect(await Promise.all(blobs.map(isInR2))).toEqual([false, false, false, false]);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      for (const table of ["manifests", "upload_parts", "garbage", "refs"])
        expect([...sql.exec(`SELECT * FROM ${table}`)]).toEqual([]);
    });
  });
});

describe("the sweep of orphans", () => {
  it("finds blobs that nothing references, and leaves young and referenced ones", async () => {
    const index = await createIndex();
    const { bucketId } = index.config;
    const old = () => mintOldBlob(bucketId, 0, 8 * 24);
    const [held, renamed, copied, freed, orphan, part, loosePart] = [old(), old(), old(), old(), old(), old(), old()];
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      // A commit refuses blobs of this age, so they come in as they would have a week ago.
      const add = (key: string, sequence: number, blob: string) =>
        sql.exec(
          `INSERT INTO objects VALUES (?, ?, 'null', 1, 'e', 0, 'STANDARD', 'o', NULL, 'blob', ?, NULL, '{"headers":{},"metadata":{}}')`,
          key,
          sequence,
          blob,
        );
      add("held", -1, held);
      add("renamed", -2, renamed);
      add("copied", -3, copied);
      add("freed", -4, freed);
      sql.exec("INSERT INTO upload_parts VALUES ('u', 1, 1, 'e', 0, ?, NULL)", part);
    });
    const copy = { sourceConditions: {}, conditions: {}, ownerId: "1" };
    await index.api.copyObject({
      ...index.mutation(),
      ...copy,
      sourceKey: "renamed",
      key: "elsewhere",
      removeSource: true,
    });
    await index.api.copyObject({ ...index.mutation(), ...copy, sourceKey: "copied", key: "copy" });
    await index.delete("copied", "freed");
    const young = index.mint();
    const answer = await index.stub.sweepBlobs([
      { id: held, key: "held" },
      { id: renamed, key: "renamed" },
      { id: copied, key: "copied" },
      { id: freed, key: "freed" },
      { id: orphan, key: "held" },
      { id: part, key: "m", uploadId: "u", partNumber: 1 },
      { id: loosePart, key: "m", uploadId: "u", partNumber: 1 },
      { id: young, key: "young" },
    ]);
    expect(answer).toEqual({ outcome: "ok", orphans: [orphan, loosePart] });
    expect(await index.stub.sweepBlobs([{ id: orphan, key: "held" }])).toEqual({ outcome: "ok", orphans: [] });
  });

  it("calls nothing an orphan where no index exists: it may have been lost", async () => {
    const index = useIndex({ ...(await createIndex()).config, bucketId: crypto.randomUUID() });
    const blob = mintOldBlob(index.config.bucketId, 0, 200);
    expect(await index.stub.sweepBlobs([{ id: blob, key: "a" }])).toEqual({ outcome: "unknown" });
  });
});

describe("the alarm (rule 19)", () => {
  it("survives a failing duty, tries it again, and does the others", async () => {
    const index = await createIndex();
    await index.put("a");
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec("INSERT INTO outbox (kind, payload, at) VALUES ('unheard-of', '{}', 0)");
    });
    const logged = vi.spyOn(console, "error").mockReturnValue();
    await ringAlarm(index);
    expect(logged.mock.calls.flat().join(" ")).toContain("failed at outbox");
    logged.mockRestore();
    await runInDurableObject(index.stub, async (_, { storage }) => {
      const due = new Map(
        storage.sql
          .exec<{ kind: string; at: number }>("SELECT kind, at FROM due")
          .toArray()
          .map((row) => [row.kind, row.at]),
      );
      expect(due.get("outbox")).toBeGreaterThan(Date.now());
      expect(due.has("export")).toBe(false);
      expect(await storage.getAlarm()).toBeLessThanOrEqual(due.get("outbox")!);
    });
    expect((await listSegments(bindings.BLOBS, { bucketId: index.config.bucketId, shard: 0 })).length).toBe(1);
  });

  it("is armed again by the constructor when the platform has dropped it", async () => {
    const index = await createIndex();
    await index.put("a");
    await runInDurableObject(index.stub, async (_, { storage }) => {
      storage.sql.exec("UPDATE due SET at = 1");
      await storage.deleteAlarm();
    });
    await evictDurableObject(index.stub);
    const owner = { bucketId: index.config.bucketId, shard: 0 };
    await index.get("a");
    await expect.poll(() => listSegments(bindings.BLOBS, owner), { timeout: 5000 }).toHaveLength(1);
  });
});

describe("refreshing the journal", () => {
  it("replaces old segments by one pass over the index, from which a rebuild restores everything", async () => {
    const index = await createIndex();
    const owner = { bucketId: index.config.bucketId, shard: 0 };
    await index.put("first", { body: inline("kept") });
    for (let n = 0; n < 20; n++) {
      await index.put("again", { body: inline(`version ${n}`) });
      await index.put(`key ${n}`);
      await ringAlarm(index);
    }
    await index.delete("key 3");
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      expect(sql.exec("SELECT 1 FROM due WHERE kind = 'refresh'").toArray().length).toBe(1);
    });
    for (let page = 0; page < 24; page++) await ringAlarm(index, ["refresh", "export"]);
    const segments = await listSegments(bindings.BLOBS, owner);
    expect(segments[0]!.first).toBeGreaterThan(30);
    const text = (await Promise.all(segments.map((name) => readLines(index, name)))).flat().join();
    expect(text.includes(btoa("version 5"))).toBe(false);
    const before = await index.listKeys();
    await rebuild(index);
    expect(await index.listKeys()).toEqual(before);
    expect(expectOutcome(await index.get("first"), "ok").body).toEqual(inline("kept"));
    expect(expectOutcome(await index.get("again"), "ok").body).toEqual(inline("version 19"));
  });
});

async function readLines(index: Fixture, name: SegmentName): Promise<string[]> {
  const owner = { bucketId: index.config.bucketId, shard: index.shard };
  const lines = [];
  for await (const line of readSegment(bindings.BLOBS, owner, name)) lines.push(line);
  return lines;
}

/** Wipes the index and restores it from its segments; what blobs could add is left out. */
async function rebuild(index: Fixture): Promise<void> {
  await wipe(index);
  await index.stub.beginRestore(index.config, 0);
  for (const name of await listSegments(bindings.BLOBS, { bucketId: index.config.bucketId, shard: 0 })) {
    await index.stub.restoreLines(await readLines(index, name));
  }
  await index.stub.finishRestore();
}

async function wipe(index: Fixture): Promise<void> {
  await runInDurableObject(index.stub, async (_, { storage }) => {
    await storage.deleteAlarm();
    await storage.deleteAll();
  });
  await evictDurableObject(index.stub);
}

describe("journal and rebuild (rule 21)", () => {
  it("exports a configuration although nothing else was changed", async () => {
    const index = await createIndex();
    await index.put("a");
    await ringAlarm(index);
    const config = { ...index.config, revision: 2, documents: { tags: [{ key: "team", value: "storage" }] } };
    expectOutcome(await index.api.changeConfig({ revision: 1, config }), "ok");
    await ringAlarm(index);
    const segments = await listSegments(bindings.BLOBS, { bucketId: config.bucketId, shard: 0 });
    const [header] = await readLines(index, segments.at(-1)!);
    expect(JSON.parse(header!)).toMatchObject({ config });
  });

  it("restores a wiped index from the exported journal and newer blobs; inline bodies since then are lost", async () => {
    const index = await createIndex();
    const owner = { bucketId: index.config.bucketId, shard: 0 };
    await index.put("blob", { body: index.mint() });
    await index.put("inline", { body: inline("hello") });
    await index.put("gone");
    await ringAlarm(index);
    await index.delete("gone");
    await index.api.copyObject({
      ...index.mutation(),
      sourceKey: "blob",
      key: "copy",
      sourceConditions: {},
      conditions: {},
      ownerId: "1",
    });
    const { attributes, storageClass } = makeObject("m");
    const etag = "0123456789abcdef0123456789abcdef";
    const upload = { key: "m", uploadId: "u", initiatorId: "1", storageClass, attributes };
    await index.api.createUpload({ ...index.mutation(), upload });
    await index.api.putPart({
      ...index.mutation(),
      key: "m",
      uploadId: "u",
      partNumber: 1,
      size: 3,
      etag,
      blob: index.mint(),
    });
    await index.api.completeUpload({
      ...index.mutation(),
      key: "m",
      uploadId: "u",
      parts: [{ partNumber: 1, etag }],
      conditions: {},
    });
    await index.api.createUpload({ ...index.mutation(), upload: { ...upload, uploadId: "open" } });
    await index.api.putPart({
      ...index.mutation(),
      key: "m",
      uploadId: "open",
      partNumber: 4,
      size: 3,
      etag,
      blob: index.mint(),
    });
    await ringAlarm(index);
    const keys = ["blob", "copy", "inline", "m"];
    const before = await Promise.all(keys.map((key) => index.get(key)));
    const newer = index.mint();
    const last = expectOutcome(await index.put("newer", { body: newer }), "ok").object.sequence;
    await index.put("lost", { body: inline("lost") });

    await wipe(index);
    expectOutcome(await index.get("blob"), "gone");
    expect(await index.stub.beginRestore(index.config, 0)).toBe(true);
    for (const name of await listSegments(bindings.BLOBS, owner)) {
      await index.stub.restoreLines(await readLines(index, name));
    }
    expectOutcome(await index.get("blob"), "busy");
    const { size, ownerId } = { ...makeObject("newer"), ownerId: "1" };
    const found = { id: newer, key: "newer", size, etag, storageClass, ownerId, attributes };
    expect(await index.stub.restoreBlobs([found, found])).toBe(1);
    await index.stub.finishRestore();

    expect(await index.listKeys()).toEqual(["blob", "copy", "inline", "m", "newer"]);
    expect(await Promise.all(keys.map((key) => index.get(key)))).toEqual(before);
    const parts = await index.api.listParts({
      ...index.call(),
      key: "m",
      uploadId: "open",
      afterPartNumber: 0,
      limit: 10,
    });
    expect(expectOutcome(parts, "ok").parts.map((part) => part.partNumber)).toEqual([4]);
    expect(expectOutcome(await index.put("a"), "ok").object.sequence).toBeGreaterThan(last);
    expect(await index.stub.beginRestore(index.config, 0)).toBe(false);
    // The rebuilt index goes on: what it shares it still frees only with the last holder.
    await index.delete("blob", "copy");
    await ringAlarm(index);
  });
});
