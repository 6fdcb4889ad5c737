import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, it } from "vitest";
import { dropLooseRows } from "../../../src/metadata/bucket/loose-rows.ts";
import { inline } from "./index-fixture.ts";
import { createVersioned, putVersion } from "./versioned.ts";

afterEach(() => reset());

it("drops bodies, manifests and parts that nothing holds, and no others", async () => {
  const index = await createVersioned();
  await putVersion(index, "a", { body: inline("first") });
  await putVersion(index, "a", { body: inline("second") });
  await putVersion(index, "b", { body: inline("third") });
  const left = await runInDurableObject(index.stub, (_, { storage }) => {
    const { sql } = storage;
    const list = (query: string) =>
      sql
        .exec<{ id: string | number }>(query)
        .toArray()
        .map(({ id }) => id);
    const ids = list("SELECT id FROM bodies ORDER BY id");
    // One whose key has a version, one whose key has none, two that an earlier version wrote.
    sql.exec("INSERT INTO bodies (id, bytes, key) VALUES (901, x'00', 'a'), (902, x'00', 'none'), (903, x'00', NULL)");
    sql.exec("UPDATE bodies SET key = NULL WHERE id = ?", ids[2]);
    // A version that was given another number than its body.
    sql.exec("UPDATE versions SET sequence = sequence + 1000 WHERE key = 'a'");
    for (const id of ["held", "borrowed/0/x", "loose"]) {
      sql.exec("INSERT INTO manifests (id, first_part, offset, length, parts) VALUES (?, 1, 0, 1, '[]')", id);
    }
    sql.exec("UPDATE objects SET body_kind = 'manifest', body_id = 'held' WHERE key = 'a'");
    sql.exec(
      `INSERT INTO pins (state, copy_id, holder, body_kind, body_id, destination_bucket, destination_shard, at)
       VALUES ('confirmed', 'c', 1, 'borrowed', 'borrowed/0/x', 'd', 0, 0)`,
    );
    sql.exec(
      `INSERT INTO upload_parts (upload_id, part_number, size, etag, modified, blob) VALUES ('gone', 1, 1, 'e', 0, 'b')`,
    );
    for (let round = 0; round < 2; round++) storage.transactionSync(() => dropLooseRows(sql));
    return {
      expected: [ids[0], ids[2]],
      bodies: list("SELECT id FROM bodies ORDER BY id"),
      manifests: list("SELECT id FROM manifests ORDER BY id"),
      parts: list("SELECT upload_id AS id FROM upload_parts"),
    };
  });
  expect(left.bodies).toEqual(left.expected);
  expect(left.manifests).toEqual(["borrowed/0/x", "held"]);
  expect(left.parts).toEqual([]);
});
