import { describe, expect, it } from "vitest";
import { mintBlobId } from "../../../src/lib/blob-id.ts";
import { createIndex, expectOutcome, makeObject } from "./index-fixture.ts";

/**
 * A bucket that is deleted and created again while a body is on its way: the body lies under the former index,
 * whose sweep gives it to the garbage. The index that has the name now must not refer to it.
 */
describe("bodies of another index object", () => {
  it("refuses a blob that belongs to the bucket that had the name before", async () => {
    const [former, index] = [await createIndex(), await createIndex()];
    expectOutcome(await index.put("a", { body: former.mint() }), "expired");
    expectOutcome(await index.put("a", { body: mintBlobId(index.config.bucketId, 1) }), "expired");
    expect(await index.listKeys()).toEqual([]);
  });

  it("refuses such a blob as a part as well", async () => {
    const [former, index] = [await createIndex(), await createIndex()];
    const { attributes, storageClass } = makeObject("m");
    const upload = { key: "m", uploadId: "u", initiatorId: "1", storageClass, attributes };
    await index.api.createUpload({ ...index.mutation(), upload });
    const part = { key: "m", uploadId: "u", partNumber: 1, size: 1, etag: "00", blob: former.mint() };
    expectOutcome(await index.api.putPart({ ...index.mutation(), ...part }), "expired");
  });

  it("refuses a borrowed body whose pin names another destination: its owner would ask there, and let go", async () => {
    const [source, former, index] = [await createIndex(), await createIndex(), await createIndex()];
    await source.put("a");
    const { bucketId } = former.config;
    const pinned = expectOutcome(
      await source.api.pin({
        ...source.mutation(),
        copyId: crypto.randomUUID(),
        key: "a",
        conditions: {},
        destination: { bucketId, shard: 0 },
      }),
      "ok",
    );
    expectOutcome(await index.put("b", { body: pinned.body }), "expired");
    expectOutcome(await former.put("b", { body: pinned.body }), "ok");
  });
});
