import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listObjects } from "../../../src/metadata/bucket/list-objects.ts";
import { listUploads } from "../../../src/metadata/bucket/list-uploads.ts";
import { listVersions } from "../../../src/metadata/bucket/list-versions.ts";
import { createIndex, expectOutcome, inline } from "./index-fixture.ts";
import { mintVersionId } from "../../../src/lib/version-id.ts";

const byBytes = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));

/** Few characters, so that prefixes, delimiters and their neighbours meet: also around surrogates and NUL. */
const text = (maxLength: number) =>
  fc
    .array(fc.constantFrom("a", "b", "/", "%", "_", "\0", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"), {
      maxLength,
    })
    .map((characters) => characters.join(""));

/** What S3 documents, in the plainest words: filter, roll up, cut. */
function listNaively(keys: readonly string[], prefix: string, delimiter: string): string[] {
  const entries = new Set<string>();
  for (const key of [...keys].sort(byBytes)) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    entries.add(end < 0 ? `key ${key}` : `prefix ${key.slice(0, end + delimiter.length)}`);
  }
  return [...entries];
}

function fill(sql: SqlStorage, keys: Iterable<string>): void {
  let sequence = 1;
  for (const key of keys) {
    sql.exec(
      `INSERT INTO objects VALUES (?, ?, 'null', 1, 'etag', 0, 'STANDARD', 'owner', NULL, 'blob', 'b', NULL, '{}')`,
      key,
      sequence++,
    );
  }
}

describe("listObjects", () => {
  it("pages through random keys exactly as a naive listing says", async () => {
    const index = await createIndex();
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      const scenario = fc.record({
        keys: fc.uniqueArray(
          text(6).filter((key) => key !== ""),
          { maxLength: 60 },
        ),
        prefix: text(2),
        delimiter: text(2),
        limit: fc.integer({ min: 1, max: 8 }),
      });
      fc.assert(
        fc.property(scenario, ({ keys, prefix, delimiter, limit }) => {
          sql.exec("DELETE FROM objects");
          fill(sql, keys);
          const found: string[] = [];
          let after = "";
          for (;;) {
            const page = listObjects(sql, { revision: 1, prefix, delimiter, after, limit });
            const { entries, truncated } = expectOutcome(page, "ok");
            found.push(...entries.map((entry) => ("key" in entry ? `key ${entry.key}` : `prefix ${entry.prefix}`)));
            if (!truncated) break;
            expect(entries.length).toBe(limit);
            const last = entries.at(-1)!;
            after = "key" in last ? last.key : last.prefix;
          }
          expect(found).toEqual(listNaively(keys, prefix, delimiter));
        }),
        { numRuns: 300 },
      );
    });
  });

  it("starts after a key that lies inside a common prefix with the rest of that prefix", async () => {
    const index = await createIndex();
    for (const key of ["a/1", "a/2", "b"]) await index.put(key);
    const page = expectOutcome(
      await index.api.listObjects({ ...index.call(), prefix: "", delimiter: "/", after: "a/1", limit: 10 }),
      "ok",
    );
    expect(page.entries.map((entry) => ("key" in entry ? entry.key : entry.prefix))).toEqual(["a/", "b"]);
  });

  it("reads about as many rows as it returns, whatever the bucket and its prefixes hold", async () => {
    const index = await createIndex();
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      const keys = Array.from(
        { length: 30_000 },
        (_unused, n) => `${String(n % 30).padStart(2, "0")}/${String(n).padStart(6, "0")}`,
      );
      fill(sql, keys);
      let rowsRead = 0;
      const counted = {
        exec: (...parameters: Parameters<SqlStorage["exec"]>) => {
          const cursor = sql.exec(...parameters);
          return {
            raw: () => ({
              *[Symbol.iterator]() {
                yield* cursor.raw();
                rowsRead += cursor.rowsRead;
              },
            }),
          };
        },
      } as unknown as SqlStorage;
      const flat = expectOutcome(
        listObjects(counted, { revision: 1, prefix: "", delimiter: "", after: "15/", limit: 1000 }),
        "ok",
      );
      expect(flat.entries.length).toBe(1000);
      expect(rowsRead).toBeLessThanOrEqual(1001);
      rowsRead = 0;
      const rolled = expectOutcome(
        listObjects(sql, { revision: 1, prefix: "", delimiter: "/", after: "", limit: 1000 }),
        "ok",
      );
      expect(rolled.entries.length).toBe(30);
      const started = performance.now();
      for (let round = 0; round < 20; round++)
        listObjects(sql, { revision: 1, prefix: "", delimiter: "/", after: "", limit: 1000 });
      // 30 seeks and not 30,000 rows: far below what a scan needs, also on a busy machine.
      expect((performance.now() - started) / 20).toBeLessThan(10);
    });
  });
});

describe("listVersions", () => {
  it("merges current versions, noncurrent ones and delete markers, newest first, across pages", async () => {
    const index = await createIndex();
    for (const key of ["a", "c"]) await index.put(key, { body: inline("x") });
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      const names = new Map([["null", "null"]]);
      const add = (key: string, sequence: number, kind: string) => {
        const versionId = mintVersionId(sequence + 100);
        names.set(versionId, `v${-sequence}`);
        sql.exec(
          `INSERT INTO versions VALUES (?, ?, ?, 1, 'etag', 0, 'STANDARD', 'owner', NULL, ?, 'b', NULL, '{}')`,
          key,
          sequence + 100,
          versionId,
          kind,
        );
      };
      sql.exec("UPDATE objects SET sequence = sequence + 100");
      add("a", -3, "blob");
      add("a", -2, "marker");
      add("b", -5, "blob");
      add("b", -4, "marker");
      add("dir/x", -9, "blob");
      const seen: string[] = [];
      let position: { afterKey: string; afterVersionId?: string } = { afterKey: "" };
      for (;;) {
        const page = expectOutcome(
          listVersions(sql, { revision: 1, prefix: "", delimiter: "/", limit: 2, ...position }),
          "ok",
        );
        for (const entry of page.entries) {
          if (!("version" in entry)) {
            seen.push(entry.prefix);
            position = { afterKey: entry.prefix };
            continue;
          }
          const { versionId, latest, deleteMarker } = entry.version;
          seen.push(`${entry.key} ${names.get(versionId)}${latest ? " latest" : ""}${deleteMarker ? " marker" : ""}`);
          position = { afterKey: entry.key, afterVersionId: versionId };
        }
        if (!page.truncated) break;
      }
      expect(seen).toEqual([
        "a null latest",
        "a v2 marker",
        "a v3",
        "b v4 latest marker",
        "b v5",
        "c null latest",
        "dir/",
      ]);
      const plan = sql
        .exec<{ detail: string }>(
          `EXPLAIN QUERY PLAN SELECT key, sequence FROM objects WHERE key > 'a' UNION ALL
           SELECT key, sequence FROM versions WHERE key > 'a' ORDER BY key, sequence DESC LIMIT 5`,
        )
        .toArray();
      expect(plan.map((row) => row.detail).join("\n")).not.toContain("TEMP B-TREE");
    });
  });

  it("hides a key whose latest version is a delete marker from reads and listings", async () => {
    const index = await createIndex();
    await index.put("a", { body: inline("x") });
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec("DELETE FROM objects");
      sql.exec(`INSERT INTO versions VALUES ('a', 9, 'm', 0, '', 5, '', 'owner', NULL, 'marker', '', NULL, '{}')`);
    });
    expect(await index.get("a")).toEqual({ outcome: "delete-marker", versionId: "m", modifiedAt: 5, latest: true });
    expect(await index.listKeys()).toEqual([]);
  });
});

describe("listUploads", () => {
  it("lists several uploads of one key in the order in which they began, across pages", async () => {
    const index = await createIndex();
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      const uploads = [
        ["a", "1"],
        ["a", "2"],
        ["a", "3"],
        ["d/x", "1"],
        ["d/y", "1"],
        ["e", "1"],
      ] as const;
      for (const [key, id] of uploads) {
        sql.exec("INSERT INTO uploads VALUES (?, ?, 0, 'me', 'STANDARD', NULL, NULL, '{}', NULL)", key, id);
      }
      const seen: string[] = [];
      let position: { afterKey: string; afterUploadId?: string } = { afterKey: "" };
      for (;;) {
        const page = expectOutcome(
          listUploads(sql, { revision: 1, prefix: "", delimiter: "/", limit: 2, ...position }),
          "ok",
        );
        for (const entry of page.entries) {
          seen.push("upload" in entry ? `${entry.key} ${entry.upload.uploadId}` : entry.prefix);
          position =
            "upload" in entry
              ? { afterKey: entry.key, afterUploadId: entry.upload.uploadId }
              : { afterKey: entry.prefix };
        }
        if (!page.truncated) break;
      }
      expect(seen).toEqual(["a 1", "a 2", "a 3", "d/", "e 1"]);
    });
  });
});
