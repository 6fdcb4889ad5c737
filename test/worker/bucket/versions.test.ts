import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { mintVersionId, readVersionSequence } from "../../../src/lib/version-id.ts";
import { Change } from "../../../src/metadata/bucket/journal.ts";
import { refreshPage } from "../../../src/metadata/bucket/refresh.ts";
import { listVersions } from "../../../src/metadata/bucket/list-versions.ts";
import { createIndex, expectOutcome, type Fixture, inline } from "./index-fixture.ts";
import {
  configure,
  createVersioned,
  ENABLED,
  listEverything,
  putVersion,
  rebuild,
  remove,
  SUSPENDED,
} from "./versioned.ts";

const text = async (index: Fixture, key: string, versionId?: string) => {
  const call = { ...index.call(), key, withBody: true, ...(versionId !== undefined && { versionId }) };
  const answer = await index.api.getObject(call);
  if (answer.outcome !== "ok" || answer.body?.kind !== "inline") return answer.outcome;
  return new TextDecoder().decode(answer.body.bytes);
};

const summary = async (index: Fixture) =>
  (await listEverything(index)).map(
    ({ key, versionId, latest, deleteMarker }) =>
      `${key}${versionId === "null" ? " null" : ""}${latest ? " latest" : ""}${deleteMarker ? " marker" : ""}`,
  );

describe("versioning enabled", () => {
  it("keeps what a put replaces, under ids that carry their place and nothing a client can guess", async () => {
    const index = await createVersioned();
    const ids: string[] = [];
    for (const body of ["1", "2", "3"]) ids.push(await putVersion(index, "a", { body: inline(body) }));
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z][A-Za-z0-9_-]{31}$/);
    const listed = await listEverything(index);
    expect(listed.map(({ versionId }) => versionId)).toEqual(ids.toReversed());
    expect(listed.map(({ sequence }) => sequence)).toEqual(ids.toReversed().map(readVersionSequence));
    expect(await Promise.all(ids.map((id) => text(index, "a", id)))).toEqual(["1", "2", "3"]);
    expect(await text(index, "a")).toBe("3");
    // The sequence is right, the rest is not.
    const forged = ids[0]!.startsWith("A") ? `B${ids[0]!.slice(1)}` : `A${ids[0]!.slice(1)}`;
    expect(await text(index, "a", forged)).toBe("no-such-version");
    expect(await text(index, "b", ids[0])).toBe("no-such-version");
  });

  it("hides a deleted key behind a marker, and shows it again when the marker is deleted", async () => {
    const index = await createVersioned();
    await putVersion(index, "a", { body: inline("1") });
    const marked = await remove(index, { key: "a" });
    expect(marked).toMatchObject({ outcome: "deleted", deleteMarker: true });
    const versionId = marked.outcome === "deleted" ? marked.versionId! : "";
    expect(await index.listKeys()).toEqual([]);
    expect(await index.get("a")).toMatchObject({ outcome: "delete-marker", versionId, latest: true });
    expect(await summary(index)).toEqual(["a latest marker", "a"]);
    expect(await remove(index, { key: "a", versionId })).toEqual({ outcome: "deleted", versionId, deleteMarker: true });
    expect(await text(index, "a")).toBe("1");
    expect(await summary(index)).toEqual(["a latest"]);
  });

  it("marks keys that never were, every time, and once for a key that one request names twice", async () => {
    const index = await createVersioned();
    await index.delete("a");
    await index.delete("a", "a");
    expect(await summary(index)).toEqual(["a latest marker", "a marker"]);
  });

  it("makes the next newest version current when the latest is deleted, past no marker", async () => {
    const index = await createVersioned();
    const [one, two] = [await putVersion(index, "a", { body: inline("1") }), await putVersion(index, "a")];
    await index.delete("a");
    const three = await putVersion(index, "a", { body: inline("3") });
    await remove(index, { key: "a", versionId: three });
    expect(await text(index, "a")).toBe("delete-marker");
    await remove(index, { key: "a", versionId: two });
    expect(await text(index, "a")).toBe("delete-marker");
    const [marker] = await listEverything(index);
    await remove(index, { key: "a", versionId: marker!.versionId });
    expect(await text(index, "a")).toBe("1");
    expect(await index.listKeys()).toEqual(["a"]);
    await remove(index, { key: "a", versionId: one });
    expect(await listEverything(index)).toEqual([]);
    expect(await index.stub.seal()).toBe("sealed");
  });

  it("does not let the bucket go while a noncurrent version or a marker is left", async () => {
    const index = await createVersioned();
    await index.delete("a");
    expect(await index.stub.seal()).toBe("not-empty");
  });

  it("decides conditions by the latest version, a marker being none, and those of a deletion by what it names", async () => {
    const index = await createVersioned();
    const etag = "0123456789abcdef0123456789abcdef";
    const one = await putVersion(index, "a", { object: { etag } });
    await putVersion(index, "a", { object: { etag: "f".repeat(32) } });
    expectOutcome(await index.put("a", { conditions: { ifMatch: [etag] } }), "precondition-failed");
    const conditions = { ifMatch: [etag] };
    expect(await remove(index, { key: "a", conditions })).toEqual({ outcome: "precondition-failed" });
    expect(await remove(index, { key: "a", versionId: one, conditions })).toMatchObject({ outcome: "deleted" });
    await index.delete("a");
    expectOutcome(await index.put("a", { conditions: { ifMatch: ["*"] } }), "no-such-key");
    expectOutcome(await index.put("a", { conditions: { ifNoneMatch: ["*"] } }), "ok");
  });

  it("copies any version, and leaves a marker where it renames", async () => {
    const index = await createVersioned();
    const [one] = [await putVersion(index, "a", { body: inline("1") }), await putVersion(index, "a")];
    const copy = { sourceConditions: {}, conditions: {}, ownerId: "1" };
    const restored = { ...index.mutation(), ...copy, sourceKey: "a", sourceVersionId: one, key: "a" };
    expectOutcome(await index.api.copyObject(restored), "ok");
    expect(await text(index, "a")).toBe("1");
    expect(await summary(index)).toEqual(["a latest", "a", "a"]);
    await index.api.copyObject({ ...index.mutation(), ...copy, sourceKey: "a", key: "b", removeSource: true });
    expect(await text(index, "b")).toBe("1");
    expect(await summary(index)).toEqual(["a latest marker", "a", "a", "a", "b latest"]);
  });
});

describe("the null version", () => {
  it("is what was written before versioning, and stays when it is enabled", async () => {
    const plain = await createIndex();
    await plain.put("a", { body: inline("before") });
    const index = await configure(plain, ENABLED);
    await putVersion(index, "a", { body: inline("after") });
    expect(await summary(index)).toEqual(["a latest", "a null"]);
    expect(await text(index, "a", "null")).toBe("before");
  });

  it("alone is replaced while versioning is suspended, wherever it stands", async () => {
    const plain = await createIndex();
    await plain.put("a", { body: inline("before") });
    const enabled = await configure(plain, ENABLED);
    const kept = await putVersion(enabled, "a", { body: inline("kept") });
    const index = await configure(enabled, SUSPENDED);
    expect(await putVersion(index, "a", { body: inline("1") })).toBe("null");
    expect(await putVersion(index, "a", { body: inline("2") })).toBe("null");
    expect(await summary(index)).toEqual(["a null latest", "a"]);
    expect(await text(index, "a", "null")).toBe("2");
    expect(await text(index, "a", kept)).toBe("kept");
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      expect(sql.exec("SELECT count(*) AS n FROM bodies").one()["n"]).toBe(2);
    });
  });

  it("becomes a marker by a deletion while versioning is suspended, of which there is one", async () => {
    const enabled = await createVersioned();
    await putVersion(enabled, "a", { body: inline("kept") });
    const index = await configure(enabled, SUSPENDED);
    await putVersion(index, "a", { body: inline("lost") });
    const marker = { outcome: "deleted", versionId: "null", deleteMarker: true };
    expect(await remove(index, { key: "a" })).toEqual(marker);
    expect(await remove(index, { key: "a" })).toEqual(marker);
    expect(await summary(index)).toEqual(["a null latest marker", "a"]);
    expect(await text(index, "a", "null")).toBe("delete-marker");
    await remove(index, { key: "a", versionId: "null" });
    expect(await text(index, "a")).toBe("kept");
  });
});

describe("a listing of versions", () => {
  it.each([1, 2, 3])("goes on behind a version that was deleted after its page of %i", async (limit) => {
    const plain = await createIndex();
    await plain.put("a", { body: inline("0") });
    const index = await configure(plain, ENABLED);
    for (const body of ["1", "2", "3"]) await putVersion(index, "a", { body: inline(body) });
    await putVersion(index, "b");
    const all = await listEverything(index);
    expect(all.map(({ latest }) => latest)).toEqual([true, false, false, false, true]);
    const seen: string[] = [];
    let position: { afterKey: string; afterVersionId?: string } = { afterKey: "" };
    for (;;) {
      const call = { ...index.call(), prefix: "", delimiter: "", limit, ...position };
      const page = expectOutcome(await index.api.listVersions(call), "ok");
      for (const entry of page.entries) {
        if (!("version" in entry)) throw new Error("a common prefix");
        const { key, versionId, latest } = entry.version;
        // The former latest are gone: the first of a page is the latest of its key.
        expect(latest).toBe(entry === page.entries[0] || key === "b");
        position = { afterKey: key, afterVersionId: versionId };
        seen.push(versionId);
      }
      const last = seen.slice(-page.entries.length);
      for (const versionId of last) await remove(index, { key: position.afterKey, versionId });
      if (!page.truncated) break;
    }
    expect(seen).toEqual(all.map(({ versionId }) => versionId));
  });

  it("reads no more rows than its page has, wherever it begins among the versions of a key", async () => {
    const index = await createVersioned();
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO versions SELECT 'a', i, 'v' || i, 1, 'e', 0, 'STANDARD', 'o', NULL, 'marker', '', NULL, '{}' FROM n`);
      let rowsRead = 0;
      const counting = {
        exec(...parameters: Parameters<SqlStorage["exec"]>) {
          const cursor = sql.exec(...parameters);
          return { raw: () => count(cursor.raw(), cursor), one: () => cursor.one(), next: () => cursor.next() };
        },
      } as unknown as SqlStorage;
      function* count(rows: Iterable<unknown>, cursor: { readonly rowsRead: number }) {
        yield* rows;
        rowsRead += cursor.rowsRead;
      }
      for (const place of [19_900, 10_000, 200]) {
        rowsRead = 0;
        const call = { ...index.call(), prefix: "", delimiter: "", limit: 100, afterKey: "a" };
        const page = expectOutcome(listVersions(counting, { ...call, afterVersionId: mintVersionId(place) }), "ok");
        const sequences = page.entries.map((entry) => ("version" in entry ? entry.version.sequence : 0));
        expect([sequences[0], sequences.length]).toEqual([place - 1, 100]);
        expect(rowsRead).toBeLessThanOrEqual(101);
      }
    });
  });
});

describe("a rebuild from the journal", () => {
  it("can rely on a refresh that writes every version anew, however many a key has", async () => {
    const index = await createVersioned();
    for (const key of ["a", "b"]) await putVersion(index, key);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      for (const key of ["a", "b"]) {
        sql.exec(
          `WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1209)
           INSERT INTO versions SELECT ?, i, 'v' || i, 1, 'e', 0, 'STANDARD', 'o', NULL, 'marker', '', NULL, '{}' FROM n`,
          key,
        );
      }
      const seen: string[] = [];
      for (let more = true; more;) {
        const change = new Change(sql, { bucketId: "b", shard: 0 }, 9999, 0, index.config);
        more = refreshPage(change);
        seen.push(...change.touched.filter(([table]) => table === "versions").map((row) => JSON.stringify(row)));
      }
      expect(seen.length).toBe(2400);
      expect(new Set(seen).size).toBe(2400);
    });
  });

  it("brings versions, markers and their order back", async () => {
    const plain = await createIndex();
    await plain.put("a", { body: inline("0") });
    const enabled = await configure(plain, ENABLED);
    const one = await putVersion(enabled, "a", { body: inline("1") });
    await putVersion(enabled, "a");
    await enabled.delete("a");
    await putVersion(enabled, "b");
    await remove(enabled, { key: "a", versionId: one });
    const index = await configure(enabled, SUSPENDED);
    await index.delete("b");
    const copy = await rebuild(index);
    expect(await listEverything(copy)).toEqual(await listEverything(index));
    expect(await text(copy, "a", "null")).toBe("0");
  });
});
