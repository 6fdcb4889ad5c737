import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { mintOldBlob } from "./blob-ages.ts";
import type { Mutation, NewBody } from "../../../src/metadata/bucket/protocol.ts";
import { countRows as countRowsOf } from "../count-rows.ts";
import { createIndex, expectOutcome, type Fixture, inline, makeObject } from "./index-fixture.ts";
import { createVersioned, listEverything } from "./versioned.ts";
import { countEvents, createSubscribed, describeContext, NOBODY, toEverything } from "./subscribed.ts";

/** Rows that `work` writes, counted as the platform bills them. */
const countRows = (index: Fixture, work: () => Promise<unknown>) => countRowsOf(index.stub, work);

describe("rows written", () => {
  it("keeps to the budget of platform operations", async () => {
    const index = await createIndex();
    await index.put("warm");
    expect(await countRows(index, () => index.put("a"))).toBe(2);
    expect(await countRows(index, () => index.put("a"))).toBeLessThanOrEqual(3);
    expect(await countRows(index, () => index.put("b", { body: inline("1") }))).toBe(3);
    expect(await countRows(index, () => index.put("b", { body: inline("2") }))).toBeLessThanOrEqual(4);
    const copy = { sourceConditions: {}, conditions: {}, ownerId: "1" };
    expect(
      await countRows(index, () => index.api.copyObject({ ...index.mutation(), ...copy, sourceKey: "a", key: "c" })),
    ).toBeLessThanOrEqual(4);
    expect(
      await countRows(index, () => index.api.copyObject({ ...index.mutation(), ...copy, sourceKey: "b", key: "d" })),
    ).toBeLessThanOrEqual(4);
    expect(
      await countRows(index, () =>
        index.api.copyObject({ ...index.mutation(), ...copy, sourceKey: "warm", key: "w", removeSource: true }),
      ),
    ).toBeLessThanOrEqual(4);
    expect(await countRows(index, () => index.delete("b"))).toBeLessThanOrEqual(3);
    expect(await countRows(index, () => index.delete("a"))).toBeLessThanOrEqual(3);
    const uploadId = "u1";
    const { attributes, storageClass } = makeObject("m");
    await index.api.createUpload({
      ...index.mutation(),
      upload: { key: "m", uploadId, initiatorId: "1", storageClass, attributes },
    });
    const part = () =>
      index.api.putPart({
        ...index.mutation(),
        key: "m",
        uploadId,
        partNumber: 1,
        size: 5,
        etag: "00",
        blob: index.mint(),
      });
    expect(await countRows(index, part)).toBe(2);
    expect(await countRows(index, part)).toBeLessThanOrEqual(3);
    const tags = [{ key: "color", value: "blue" }];
    expect(
      await countRows(index, () => index.api.setObjectTags({ ...index.mutation(), key: "d", tags })),
    ).toBeLessThanOrEqual(2);
    expect(await countRows(index, () => index.get("d"))).toBe(0);
    expect(await countRows(index, () => index.listKeys())).toBe(0);
    const config = { ...index.config, revision: 2, documents: { tags } };
    expect(await countRows(index, () => index.api.changeConfig({ revision: 1, config }))).toBeLessThanOrEqual(5);
  });
});

describe("rows written with versioning", () => {
  it("are one more where a version or a marker takes another's place", async () => {
    const index = await createVersioned();
    await index.put("warm");
    expect(await countRows(index, () => index.put("a"))).toBe(2);
    expect(await countRows(index, () => index.put("a"))).toBe(3);
    expect(await countRows(index, () => index.put("a", { body: inline("1") }))).toBe(4);
    expect(await countRows(index, () => index.delete("a"))).toBe(4);
    expect(await countRows(index, () => index.delete("a"))).toBe(2);
    const [marker, , current] = await listEverything(index);
    const remove = (versionId: string) =>
      index.api.deleteObjects({ ...index.mutation(), items: [{ key: "a", versionId }] });
    expect(await countRows(index, () => remove(current!.versionId))).toBe(3);
    expect(await countRows(index, () => remove(marker!.versionId))).toBe(2);
    const [latest] = await listEverything(index);
    expect(await countRows(index, () => remove(latest!.versionId))).toBe(4);
  });
});

describe("rows written in a bucket that notifies somebody", () => {
  it("are two more: the event, and its end", async () => {
    // Dropped events leave lines.
    using _ = vi.spyOn(console, "warn").mockReturnValue();
    const index = await createSubscribed(toEverything(NOBODY));
    const change = async (work: (mutation: Mutation) => Promise<unknown>) => {
      await work({ ...index.mutation(), eventContext: describeContext("PutObject") });
      await expect.poll(() => countEvents(index)).toBe(0);
    };
    const put = (body: NewBody) =>
      change((mutation) => index.api.putObject({ ...mutation, object: makeObject("a"), body, conditions: {} }));
    await put(inline("warm"));
    expect(await countRows(index, () => put(inline("1")))).toBe(6);
    const blob = () => put({ kind: "blob", blob: index.mint() });
    await blob();
    expect(await countRows(index, blob)).toBeLessThanOrEqual(5);
    const remove = () => change((mutation) => index.api.deleteObjects({ ...mutation, items: [{ key: "a" }] }));
    expect(await countRows(index, remove)).toBeLessThanOrEqual(5);
  });
});

describe("conditions", () => {
  it("lets exactly one of many writers create a key", async () => {
    const index = await createIndex();
    const attempts = Array.from({ length: 20 }, () => index.put("a", { conditions: { ifNoneMatch: ["*"] } }));
    const outcomes = (await Promise.all(attempts)).map((answer) => answer.outcome);
    expect(outcomes.filter((outcome) => outcome === "ok").length).toBe(1);
    expect(outcomes.filter((outcome) => outcome === "precondition-failed").length).toBe(19);
  });

  it("answers no-such-key to If-Match on nothing, and leaves nothing behind after a refusal", async () => {
    const index = await createIndex();
    expectOutcome(await index.put("a", { conditions: { ifMatch: ["x"] } }), "no-such-key");
    await index.put("a", { body: inline("first") });
    expectOutcome(
      await index.put("a", { conditions: { ifMatch: ["x"] }, body: inline("second") }),
      "precondition-failed",
    );
    expect(expectOutcome(await index.get("a"), "ok").body).toEqual(inline("first"));
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      expect(sql.exec("SELECT count(*) AS n FROM bodies").one()["n"]).toBe(1);
      expect(sql.exec("SELECT count(*) AS n FROM journal").one()["n"]).toBe(1);
    });
  });
});

describe("blob ids (rule 5)", () => {
  it("refuses to commit a blob that was minted more than 24 hours ago", async () => {
    const index = await createIndex();
    const old = mintOldBlob(index.config.bucketId, 0, 25);
    expect(await index.put("a", { body: old })).toEqual({ outcome: "expired" });
    expect(await index.get("a")).toEqual({ outcome: "no-such-key" });
    expectOutcome(await index.put("a", { body: mintOldBlob(index.config.bucketId, 0, 23) }), "ok");
  });
});

describe("operation ids (rule 8)", () => {
  it("answers a repeated call with the first outcome, even after the key has changed again", async () => {
    const index = await createIndex();
    const call = {
      ...index.mutation(),
      object: makeObject("a"),
      body: inline("1"),
      conditions: { ifNoneMatch: ["*"] },
    };
    const first = await index.api.putObject(call);
    expect(await index.api.putObject({ ...call, repeated: true })).toEqual(first);
    await index.delete("a");
    expect(await index.api.putObject({ ...call, repeated: true })).toEqual(first);
    expectOutcome(await index.get("a"), "no-such-key");
  });

  it("does nothing for a first attempt that arrives after its repetition", async () => {
    const index = await createIndex();
    const call = { ...index.mutation(), object: makeObject("a"), conditions: {} };
    const body = { kind: "blob" as const, blob: index.mint() };
    const answer = await index.api.putObject({ ...call, body, repeated: true });
    expect(await index.api.putObject({ ...call, body })).toEqual(answer);
    await index.put("a");
    expect(await index.api.putObject({ ...call, body })).toEqual(answer);
    expect(await freedBlobs(index)).toEqual([body.blob]);
  });

  it("does nothing for a first attempt that arrives after its repetition was refused", async () => {
    const index = await createIndex();
    await index.put("a");
    const call = { ...index.mutation(), object: makeObject("a"), conditions: { ifNoneMatch: ["*"] } };
    const body = { kind: "blob" as const, blob: index.mint() };
    expectOutcome(await index.api.putObject({ ...call, body, repeated: true }), "precondition-failed");
    await index.delete("a");
    // The client was told no, and the blob is deleted by now.
    expectOutcome(await index.api.putObject({ ...call, body }), "busy");
    expectOutcome(await index.get("a"), "no-such-key");
  });

  it("carries out a repeated call whose first attempt never arrived", async () => {
    const index = await createIndex();
    const call = { ...index.mutation(), repeated: true, items: [{ key: "a" }] };
    await index.put("a");
    expectOutcome(await index.api.deleteObjects(call), "ok");
    expect(await index.get("a")).toEqual({ outcome: "no-such-key" });
  });
});

describe("sequence (rule 4)", () => {
  it("grows across restarts, also when the journal has been exported and forgotten", async () => {
    const index = await createIndex();
    const first = expectOutcome(await index.put("a"), "ok").object.sequence;
    await evictDurableObject(index.stub);
    const second = expectOutcome(await index.put("a"), "ok").object.sequence;
    expect(second).toBeGreaterThan(first);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec("INSERT INTO counters VALUES ('exported', ?)", second);
      sql.exec("DELETE FROM journal");
    });
    await evictDurableObject(index.stub);
    expect(expectOutcome(await index.put("a"), "ok").object.sequence).toBeGreaterThan(second);
  });
});

describe("deleteObjects", () => {
  it("deletes a thousand keys of the worst kind in one call", async () => {
    const index = await createIndex();
    const keys = Array.from({ length: 1000 }, (_, n) => String(n).padStart(4, "0") + "\0".repeat(1020));
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      for (const [n, key] of keys.entries()) {
        sql.exec(
          `INSERT INTO objects VALUES (?, 1, 'null', 1, 'e', 0, 'STANDARD', 'o', NULL, 'blob', ?, NULL, '{}')`,
          key,
          `blob ${n}`,
        );
      }
    });
    const answer = expectOutcome(await index.delete(...keys), "ok");
    expect(answer.results.length).toBe(1000);
    expect(await index.listKeys()).toEqual([]);
    const freed = await freedBlobs(index);
    expect(new Set(freed).size).toBe(1000);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      expect(Number(sql.exec("SELECT count(*) AS n FROM journal").one()["n"])).toBeGreaterThan(1);
    });
    expectOutcome(await index.put("a"), "ok");
  });
});

describe("copyObject", () => {
  const plain = { sourceConditions: {}, conditions: {}, ownerId: "000000000001" };

  it("shares the bytes, and keeps them until the last copy is gone", async () => {
    const index = await createIndex();
    const blob = index.mint();
    await index.put("a", { body: blob });
    const copy = expectOutcome(
      await index.api.copyObject({ ...index.mutation(), ...plain, sourceKey: "a", key: "b" }),
      "ok",
    );
    expect(copy.object.attributes).toEqual(copy.source.attributes);
    await index.delete("a");
    expect(await freedBlobs(index)).toEqual([]);
    expect(expectOutcome(await index.get("b"), "ok").body).toMatchObject({ extents: [{ blob }] });
    await index.delete("b");
    expect(await freedBlobs(index)).toEqual([blob]);
  });

  it("replaces metadata in place without freeing the bytes", async () => {
    const index = await createIndex();
    for (const body of [index.mint(), inline("x")]) {
      await index.put("a", { body });
      const before = expectOutcome(await index.get("a"), "ok");
      const attributes = { headers: {}, metadata: { color: "red" } };
      expectOutcome(
        await index.api.copyObject({ ...index.mutation(), ...plain, sourceKey: "a", key: "a", attributes }),
        "ok",
      );
      const after = expectOutcome(await index.get("a"), "ok");
      expect(after.body).toEqual(before.body);
      expect(after.object.attributes).toEqual(attributes);
    }
  });

  it("renames: the source disappears, the time of modification stays", async () => {
    const index = await createIndex();
    const blob = index.mint();
    const put = expectOutcome(await index.put("a", { body: blob }), "ok");
    expectOutcome(
      await index.api.copyObject({ ...index.mutation(), ...plain, sourceKey: "a", key: "b", removeSource: true }),
      "ok",
    );
    expect(await index.listKeys()).toEqual(["b"]);
    expect(expectOutcome(await index.get("b"), "ok").object.modifiedAt).toBe(put.object.modifiedAt);
    await index.delete("b");
    expect(await freedBlobs(index)).toEqual([blob]);
  });

  it("refuses by the conditions on source and destination", async () => {
    const index = await createIndex();
    const copy = (change: object) =>
      index.api.copyObject({ ...index.mutation(), ...plain, sourceKey: "a", key: "b", ...change });
    expectOutcome(await copy({}), "no-such-source");
    await index.put("a");
    expectOutcome(await copy({ sourceConditions: { ifMatch: ["x"] } }), "source-precondition-failed");
    expectOutcome(await copy({ conditions: { ifMatch: ["*"] } }), "no-such-key");
    expect(await index.listKeys()).toEqual(["a"]);
  });
});

async function freedBlobs(index: Fixture): Promise<string[]> {
  return runInDurableObject(index.stub, (_, { storage: { sql } }) =>
    sql
      .exec<{ freed: string }>("SELECT freed FROM journal WHERE freed IS NOT NULL ORDER BY sequence")
      .toArray()
      .flatMap((row) => (JSON.parse(row.freed) as { id: string }[]).map((freed) => freed.id)),
  );
}
