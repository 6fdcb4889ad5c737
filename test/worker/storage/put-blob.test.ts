import { createHash } from "node:crypto";
import { env, reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { blobKey, mintBlobId } from "../../../src/lib/blob-id.ts";
import { createChecksum } from "../../../src/lib/checksums.ts";
import { ServiceError } from "../../../src/lib/errors.ts";
import { hashThrough } from "../../../src/lib/hash-stream.ts";
import type { BlobOrigin } from "../../../src/storage/blob-origin.ts";
import { BlobStore } from "../../../src/storage/blob-store.ts";

const store = new BlobStore(env.BLOBS);
const ORIGIN: BlobOrigin = { key: "a/b", ownerId: "1", storageClass: "STANDARD" };

afterEach(() => reset());

/** Bytes in which every position differs from its neighbours. */
function sample(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255);
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** The body of a request: a native byte stream. */
function native(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new Request("http://localhost", { method: "PUT", body: bytes }).body!;
}

function chunked(bytes: Uint8Array, failure?: Error): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset < bytes.length) controller.enqueue(bytes.slice(offset, (offset += 50_000)));
      else if (failure) controller.error(failure);
      else controller.close();
    },
  });
}

async function stored(id: string): Promise<Uint8Array | undefined> {
  const object = await env.BLOBS.get(blobKey(id));
  return object ? new Uint8Array(await object.arrayBuffer()) : undefined;
}

describe.each([
  ["a request body", native],
  ["a stream of chunks", chunked],
])("putting %s", (_, stream) => {
  it.each([0, 1, 300_000])("of %d bytes, announced", async (length) => {
    const bytes = sample(length);
    const id = mintBlobId("bucket", 0);
    expect(await store.put(id, stream(bytes), { length, origin: ORIGIN })).toEqual({ size: length, md5: md5(bytes) });
    expect(await stored(id)).toEqual(bytes);
  });

  it("through hashers", async () => {
    const bytes = sample(300_000);
    const id = mintBlobId("bucket", 0);
    const hasher = createChecksum("CRC32");
    let seen = 0;
    const hashed = hashThrough(stream(bytes), [hasher], (size) => void (seen = size));
    expect(await store.put(id, hashed, { length: bytes.length, origin: ORIGIN })).toEqual({
      size: bytes.length,
      md5: md5(bytes),
    });
    const direct = createChecksum("CRC32");
    direct.update(bytes);
    expect(await hasher.digestBase64()).toBe(await direct.digestBase64());
    expect(seen).toBe(bytes.length);
    expect(await stored(id)).toEqual(bytes);
  });

  it.each([299_999, 300_001, 0])("of 300,000 bytes where %d were announced stores nothing", async (length) => {
    const id = mintBlobId("bucket", 0);
    const put = store.put(id, stream(sample(300_000)), { length, origin: ORIGIN });
    await expect(put).rejects.toThrow(expect.objectContaining({ code: "IncompleteBody", status: 400 }));
    expect(await stored(id)).toBeUndefined();
  });
});

describe("a body of unknown length", () => {
  it.each([0, 10, 8 * 1024 ** 2 - 1, 8 * 1024 ** 2, 8 * 1024 ** 2 + 1, 17 * 1024 ** 2])(
    "of %d bytes",
    async (length) => {
      const bytes = sample(length);
      const id = mintBlobId("bucket", 0);
      const stream = length % 2 === 0 ? chunked(bytes) : native(bytes);
      expect(await store.put(id, stream, { length: undefined, origin: ORIGIN })).toEqual({
        size: length,
        md5: md5(bytes),
      });
      expect(md5((await stored(id))!)).toBe(md5(bytes));
      expect((await store.list("bucket", 0)).blobs).toMatchObject([{ id, size: length, origin: ORIGIN }]);
    },
  );
});

describe("a body that fails", () => {
  const failure = new ServiceError("SignatureDoesNotMatch", 403, "chunk", { StringToSign: "x" }, { "x-y": "z" });

  it.each([
    ["known", 100_000, 100_000],
    ["known, midway", 100_000, 200_000],
    ["unknown", 100_000, undefined],
    ["unknown, after parts", 9 * 1024 ** 2, undefined],
  ])("with a length that is %s, leaves nothing and fails with the very error", async (_, sent, length) => {
    const id = mintBlobId("bucket", 0);
    const put = store.put(id, chunked(sample(sent), failure), { length, origin: ORIGIN });
    await expect(put).rejects.toBe(failure);
    expect(await stored(id)).toBeUndefined();
  });

  it("in its verification after the last byte leaves nothing", async () => {
    const id = mintBlobId("bucket", 0);
    const hashed = hashThrough(native(sample(70_000)), [], () => {
      throw failure;
    });
    await expect(store.put(id, hashed, { length: 70_000, origin: ORIGIN })).rejects.toBe(failure);
    expect(await stored(id)).toBeUndefined();
  });

  it("behind a native stream, which copies errors, is still a ServiceError", async () => {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    void writer.write(sample(10)).then(() => writer.abort(failure));
    const put = store.put(mintBlobId("bucket", 0), readable, { length: undefined, origin: ORIGIN });
    const error: unknown = await put.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({
      code: "SignatureDoesNotMatch",
      status: 403,
      message: "chunk",
      detail: { StringToSign: "x" },
    });
  });
});

describe("origins", () => {
  it("come back as they were, whatever the key", async () => {
    const key = "\u0001\n😀ключ".padEnd(1000, "\u0002");
    const origin: BlobOrigin = {
      ...ORIGIN,
      key,
      uploadId: "u",
      partNumber: 7,
      attributes: { headers: { "content-type": "text/plain" }, metadata: { note: "é\u0000".repeat(300) } },
    };
    await store.put(mintBlobId("bucket", 3), new Uint8Array([1]), { length: 1, origin });
    const { blobs } = await store.list("bucket", 3);
    expect(blobs).toMatchObject([{ size: 1, md5: md5(new Uint8Array([1])), origin }]);
  });

  it("lose attributes that R2's metadata cannot hold, and keep the rest", async () => {
    const attributes = { headers: { "content-disposition": "x".repeat(7000) }, metadata: {} };
    await store.put(mintBlobId("bucket", 3), new Uint8Array([1]), { length: 1, origin: { ...ORIGIN, attributes } });
    expect((await store.list("bucket", 3)).blobs[0]!.origin).toEqual(ORIGIN);
  });
});

it("lists and deletes the blobs of one index object", async () => {
  const mine = [mintBlobId("bucket", 1), mintBlobId("bucket", 1)];
  const others = [mintBlobId("bucket", 10), mintBlobId("bucket2", 1)];
  for (const id of [...mine, ...others]) await store.put(id, new Uint8Array([1]), { length: 1, origin: ORIGIN });
  expect((await store.list("bucket", 1)).blobs.map((blob) => blob.id)).toEqual(mine);
  await store.delete([mine[0]!, mintBlobId("bucket", 1)]);
  const deferred: Promise<unknown>[] = [];
  store.discard([mine[1]!], (work) => deferred.push(work));
  await Promise.all(deferred);
  expect((await store.list("bucket", 1)).blobs).toEqual([]);
  expect((await store.list("bucket", 10)).blobs).toHaveLength(1);
});
