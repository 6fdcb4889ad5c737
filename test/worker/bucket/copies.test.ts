import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { PinOutcome } from "../../../src/metadata/bucket/pins.ts";
import { createIndex, expectOutcome, type Fixture, inline, makeObject } from "./index-fixture.ts";
import { passTime, ringAlarm } from "./pass-time.ts";

type Pinned = Extract<PinOutcome, { outcome: "ok" }>;

async function pin(
  source: Fixture,
  key: string,
  destination: Fixture,
  copyId: string = crypto.randomUUID(),
): Promise<Pinned> {
  const { bucketId } = destination.config;
  const answer = await source.api.pin({
    ...source.mutation(),
    copyId,
    key,
    conditions: {},
    destination: { bucketId, shard: destination.shard },
  });
  return expectOutcome(answer, "ok");
}

const commit = (destination: Fixture, key: string, { body }: Pinned) => destination.put(key, { body });

async function readPins(index: Fixture): Promise<string[]> {
  return runInDurableObject(index.stub, (_, { storage: { sql } }) =>
    sql
      .exec<{ state: string }>("SELECT state FROM pins")
      .toArray()
      .map((row) => row.state),
  );
}

/** Loses the index object, as if its storage were gone. */
async function wipe(index: Fixture): Promise<void> {
  await runInDurableObject(index.stub, async (_, { storage }) => {
    await storage.deleteAlarm();
    await storage.deleteAll();
  });
  await evictDurableObject(index.stub);
}

/** Whether the index has let the blob go: freed, in garbage, or deleted by now. */
async function letGo(index: Fixture, blob: string): Promise<boolean> {
  return runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    const freed = sql.exec<{ freed: string }>("SELECT freed FROM journal WHERE freed IS NOT NULL").toArray();
    return freed.some((row) => row.freed.includes(blob));
  });
}

describe("copies across index objects (rule 13)", () => {
  it("keeps the bytes at the owner after its own row is gone, until the copy is gone too", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    const blob = source.mint();
    await source.put("a", { body: blob });
    const pinned = await pin(source, "a", destination);
    expectOutcome(await commit(destination, "b", pinned), "ok");
    await expect.poll(() => readPins(source)).toEqual(["confirmed"]);
    await source.delete("a");
    await passTime(source);
    expect(await letGo(source, blob)).toBe(false);
    const got = expectOutcome(await destination.get("b"), "ok");
    expect(got.body).toEqual({ kind: "extents", extents: [{ blob, offset: 0, length: 10, blobSize: 10 }] });
    await destination.delete("b");
    await passTime(destination);
    expect(await readPins(source)).toEqual([]);
    expect(await letGo(source, blob)).toBe(true);
  });

  it("copies inline bytes instead of pinning them", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    await source.put("a", { body: inline("hello") });
    const pinned = await pin(source, "a", destination);
    expect(pinned.body).toEqual(inline("hello"));
    expect(await readPins(source)).toEqual([]);
  });

  it("crash before the commit: the owner lets go, and a late commit is refused", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    const blob = source.mint();
    await source.put("a", { body: blob });
    const pinned = await pin(source, "a", destination);
    await source.delete("a");
    expect(await letGo(source, blob)).toBe(false);
    await passTime(source);
    expect(await readPins(source)).toEqual([]);
    expect(await letGo(source, blob)).toBe(true);
    expectOutcome(await commit(destination, "b", pinned), "expired");
    expectOutcome(await destination.get("b"), "no-such-key");
  });

  it("crash between commit and confirmation: the owner asks, and keeps the bytes", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    await source.put("a");
    const pinned = await pin(source, "a", destination);
    expectOutcome(await commit(destination, "b", pinned), "ok");
    await expect.poll(() => readPins(source)).toEqual(["confirmed"]);
    await runInDurableObject(source.stub, (_, { storage: { sql } }) => {
      sql.exec("UPDATE pins SET state = 'pending'");
    });
    await passTime(source);
    expect(await readPins(source)).toEqual(["confirmed"]);
  });

  it("delivers the confirmation from the outbox when the first attempt failed", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    await source.put("a");
    const pinned = await pin(source, "a", destination);
    expectOutcome(await commit(destination, "b", pinned), "ok");
    await expect.poll(() => readPins(source)).toEqual(["confirmed"]);
    await runInDurableObject(source.stub, (_, { storage: { sql } }) => {
      sql.exec("UPDATE pins SET state = 'pending'");
    });
    await runInDurableObject(destination.stub, (_, { storage: { sql } }) => {
      const payload = pinned.body.kind === "borrowed" ? { copyId: pinned.body.copyId, owner: pinned.body.owner } : {};
      sql.exec("INSERT INTO outbox (kind, payload, at) VALUES ('confirm-pin', ?, 0)", JSON.stringify(payload));
    });
    await ringAlarm(destination);
    await runInDurableObject(destination.stub, (_, { storage: { sql } }) => {
      expect([...sql.exec("SELECT * FROM outbox")]).toEqual([]);
    });
    expect(await readPins(source)).toEqual(["confirmed"]);
  });

  it("pins through the middle: a copy of a borrowed body keeps the middle's own pin alive", async () => {
    const [owner, middle, last] = [await createIndex(), await createIndex(), await createIndex()];
    const blob = owner.mint();
    await owner.put("a", { body: blob });
    expectOutcome(await commit(middle, "b", await pin(owner, "a", middle)), "ok");
    expectOutcome(await commit(last, "c", await pin(middle, "b", last)), "ok");
    await expect.poll(() => readPins(middle)).toEqual(["confirmed"]);
    await owner.delete("a");
    await middle.delete("b");
    await passTime(middle);
    await passTime(owner);
    expect(await readPins(owner)).toEqual(["confirmed"]);
    expect(expectOutcome(await last.get("c"), "ok").body).toMatchObject({ extents: [{ blob }] });
    await last.delete("c");
    await passTime(last);
    await passTime(middle);
    await passTime(owner);
    expect(await readPins(owner)).toEqual([]);
  });

  it("keeps a multipart object's parts across the copy, and lets a pin go whose answer was lost", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    const uploadId = "upload";
    const { attributes, storageClass } = makeObject("m");
    await source.api.createUpload({
      ...source.mutation(),
      upload: { key: "m", uploadId, initiatorId: "1", storageClass, attributes },
    });
    const etag = "0123456789abcdef0123456789abcdef";
    await source.api.putPart({
      ...source.mutation(),
      key: "m",
      uploadId,
      partNumber: 3,
      size: 7,
      etag,
      blob: source.mint(),
    });
    await source.api.completeUpload({
      ...source.mutation(),
      key: "m",
      uploadId,
      parts: [{ partNumber: 3, etag }],
      conditions: {},
    });
    await pin(source, "m", destination);
    const pinned = await pin(source, "m", destination);
    expectOutcome(await destination.put("n", { body: pinned.body, object: { size: 7 } }), "ok");
    const part = expectOutcome(
      await destination.api.getObject({ ...destination.call(), key: "n", withBody: true, partNumber: 3 }),
      "ok",
    );
    expect(part.object.partsCount).toBe(1);
    expect(part.span).toEqual({ offset: 0, length: 7 });
    await expect.poll(() => readPins(source)).toEqual(["confirmed", "pending"]);
    await passTime(source);
    expect(await readPins(source)).toEqual(["confirmed"]);
  });

  it("does not undo a pin when the call that made it is delivered again, late", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    const blob = source.mint();
    await source.put("a", { body: blob });
    const copyId = crypto.randomUUID();
    expectOutcome(await commit(destination, "b", await pin(source, "a", destination, copyId)), "ok");
    await source.delete("a");
    await pin(source, "a", destination, copyId).catch(() => undefined);
    await passTime(source);
    expect(await readPins(source)).toEqual(["confirmed"]);
    expect(await letGo(source, blob)).toBe(false);
  });

  it("does not take the word of a destination that is lost or being rebuilt", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    const blob = source.mint();
    await source.put("a", { body: blob });
    await pin(source, "a", destination);
    await source.delete("a");
    await wipe(destination);
    await passTime(source);
    await destination.stub.beginRestore(destination.config, 0);
    await passTime(source);
    expect(await readPins(source)).toEqual(["pending"]);
    expect(await letGo(source, blob)).toBe(false);
    await destination.stub.finishRestore();
    await passTime(source);
    expect(await readPins(source)).toEqual([]);
  });

  it("settles the other pins although one destination does not answer", async () => {
    const [source, lost, destination] = [await createIndex(), await createIndex(), await createIndex()];
    await source.put("a");
    await pin(source, "a", lost);
    await pin(source, "a", destination);
    await wipe(lost);
    await passTime(source);
    expect(await readPins(source)).toEqual(["pending"]);
  });

  it("delivers the other confirmations although one does not get through", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    await source.put("a");
    const pinned = await pin(source, "a", destination);
    await runInDurableObject(destination.stub, (_, { storage: { sql } }) => {
      sql.exec("INSERT INTO outbox (kind, payload, at) VALUES ('unheard-of', '{}', 0)");
    });
    expectOutcome(await commit(destination, "b", pinned), "ok");
    await expect.poll(() => readPins(source)).toEqual(["confirmed"]);
  });

  it("answers for pins after the bucket is deleted", async () => {
    const [source, destination] = [await createIndex(), await createIndex()];
    await source.put("a");
    expectOutcome(await commit(destination, "b", await pin(source, "a", destination)), "ok");
    await source.delete("a");
    expect(await source.stub.seal()).toBe("sealed");
    expect(await source.stub.commitDelete()).toBe(true);
    await expect.poll(() => readPins(source)).toEqual(["confirmed"]);
    await destination.delete("b");
    await passTime(destination);
    expect(await readPins(source)).toEqual([]);
  });
});
