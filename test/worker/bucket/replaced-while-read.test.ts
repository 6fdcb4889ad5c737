import { describe, expect, it } from "vitest";
import { Query } from "../../../src/lib/query.ts";
import type { BucketClient } from "../../../src/metadata/bucket/client.ts";
import type { S3Call } from "../../../src/s3/call.ts";
import { getObject } from "../../../src/s3/get-object.ts";
import { BlobStore } from "../../../src/storage/blob-store.ts";
import { bindings, createIndex, type Fixture, inline } from "./index-fixture.ts";

/** A GetObject; `beforeAnswer` comes between the first answer of the index and the Worker. */
function readObject(index: Fixture, key: string, beforeAnswer: () => Promise<unknown>) {
  let answers = 0;
  const bucket = {
    config: index.config,
    async read(_key: string, invoke: Parameters<BucketClient["read"]>[1]) {
      const answer = await invoke(index.api, index.call());
      answers += 1;
      if (answers === 1) await beforeAnswer();
      return answer;
    },
  };
  const call = {
    key,
    bucket,
    query: new Query(""),
    headers: new Headers(),
    store: new BlobStore(bindings.BLOBS),
    settings: { region: "us-east-1", maxReads: 100 },
    identity: { kind: "anonymous" },
    defer: () => {},
    judge: () => {},
    hidesMissing: () => false,
  };
  return getObject(call as unknown as S3Call);
}

describe("an object that is replaced while it is read (rule 14)", () => {
  it("is read as it is now, where its former bytes are collected already", async () => {
    const index = await createIndex();
    await index.put("a");
    const result = await readObject(index, "a", () => index.put("a", { body: inline("new"), object: { etag: "e" } }));
    expect(result.headers?.["etag"]).toBe('"e"');
    expect(new TextDecoder().decode(result.body as Uint8Array)).toBe("new");
  });

  it("is not there where it was deleted", async () => {
    const index = await createIndex();
    await index.put("a");
    await expect(readObject(index, "a", () => index.delete("a"))).rejects.toMatchObject({ code: "NoSuchKey" });
  });
});
