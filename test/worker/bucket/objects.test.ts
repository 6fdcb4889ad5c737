import { describe, expect, it } from "vitest";
import { createIndex, expectOutcome, inline } from "./index-fixture.ts";

describe("putObject and getObject", () => {
  it("returns what was put, with the blob that holds it", async () => {
    const index = await createIndex();
    const blob = index.mint();
    const put = expectOutcome(await index.put("a", { body: blob }), "ok");
    const got = expectOutcome(await index.get("a"), "ok");
    expect(got.object).toEqual(put.object);
    expect(got.object).toMatchObject({
      key: "a",
      versionId: "null",
      size: 10,
      attributes: { metadata: { color: "blue" } },
    });
    expect(got.body).toEqual({ kind: "extents", extents: [{ blob, offset: 0, length: 10, blobSize: 10 }] });
  });

  it("keeps a small body in the row, and cuts the range out of it", async () => {
    const index = await createIndex();
    await index.put("a", { body: inline("0123456789") });
    const got = expectOutcome(
      await index.api.getObject({ ...index.call(), key: "a", withBody: true, range: { first: 3, last: 5 } }),
      "ok",
    );
    expect(got.span).toEqual({ offset: 3, length: 3 });
    expect(got.body).toEqual({ kind: "inline", bytes: new TextEncoder().encode("345") });
  });

  it("takes any key literally, NUL and characters beyond the basic plane included", async () => {
    const index = await createIndex();
    const keys = ["a", "a\0", "a\0b", "a\0b%", "_", "\u{10ffff}", "\uffff", "../x", "//"];
    for (const key of keys) await index.put(key, { body: inline(key) });
    for (const key of keys) {
      const got = expectOutcome(await index.get(key), "ok");
      expect(got.body).toEqual(inline(key));
    }
    expect(await index.listKeys("a\0")).toEqual(["a\0", "a\0b", "a\0b%"]);
    await index.delete("a\0");
    expect((await index.listKeys("a")).length).toBe(3);
  });

  it("deletes, and deletes what does not exist with success", async () => {
    const index = await createIndex();
    await index.put("a");
    const answer = expectOutcome(await index.delete("a", "b"), "ok");
    expect(answer.results).toEqual([{ outcome: "deleted" }, { outcome: "deleted" }]);
    expectOutcome(await index.get("a"), "no-such-key");
  });
});
