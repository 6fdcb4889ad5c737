import { env, reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blobKey, type Extent, mintBlobId } from "../../../src/lib/blob-id.ts";
import { BodyCache } from "../../../src/storage/body-cache.ts";

let reads = 0;
const bucket = new Proxy(env.BLOBS, {
  get(target, name: keyof R2Bucket) {
    if (name === "get") reads++;
    return target[name].bind(target);
  },
});
const deferred: Promise<unknown>[] = [];
const defer = (work: Promise<unknown>) => void deferred.push(work);
let cache = new BodyCache();

beforeEach(() => {
  reads = 0;
  cache = new BodyCache();
});
afterEach(async () => {
  await Promise.all(deferred.splice(0));
  await reset();
});

async function blob(size: number): Promise<{ bytes: Uint8Array; extent: Extent }> {
  const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 9)) & 255);
  const id = mintBlobId("bucket", 0);
  await env.BLOBS.put(blobKey(id), bytes);
  return { bytes, extent: { blob: id, offset: 0, length: size, blobSize: size } };
}

/** Reads as an answer does: the body is consumed, then what was deferred ends. Returns what it was and how often R2 was read. */
async function read(extents: Extent[], cacheable = true) {
  const before = reads;
  const body = await cache.read(bucket, extents, { cacheable, defer });
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  const readsForAnswer = reads - before;
  await Promise.all(deferred.splice(0));
  return { bytes, inMemory: body instanceof Uint8Array, readsForAnswer };
}

describe("reading through the caches", () => {
  it("takes a small body into memory with the second read", async () => {
    const { bytes, extent } = await blob(64 * 1024);
    expect(await read([extent])).toEqual({ bytes, inMemory: false, readsForAnswer: 1 });
    expect(await read([extent])).toEqual({ bytes, inMemory: true, readsForAnswer: 1 });
    expect(await read([extent])).toEqual({ bytes, inMemory: true, readsForAnswer: 0 });
  });

  it("answers ranges from memory, and does not mistake a range for the body", async () => {
    const { bytes, extent } = await blob(5000);
    const range = { ...extent, offset: 1000, length: 10 };
    for (let count = 0; count < 3; count++) expect((await read([range])).bytes).toEqual(bytes.subarray(1000, 1010));
    expect((await read([extent])).bytes).toEqual(bytes);
    expect(await read([range])).toEqual({ bytes: bytes.subarray(1000, 1010), inMemory: true, readsForAnswer: 0 });
  });

  it("streams a large body from the location's cache once it is hot", async () => {
    const { bytes, extent } = await blob(3 * 1024 ** 2);
    expect((await read([extent])).readsForAnswer).toBe(1);
    await read([extent]);
    const third = await read([extent]);
    expect(third.readsForAnswer).toBe(0);
    expect(third.inMemory).toBe(false);
    expect(third.bytes).toEqual(bytes);
  });

  it("shares the location's cache between isolates", async () => {
    const { bytes, extent } = await blob(100_000);
    await read([extent]);
    await read([extent]);
    cache = new BodyCache();
    await read([extent]);
    expect(await read([extent])).toEqual({ bytes, inMemory: true, readsForAnswer: 0 });
  });

  it("asks R2 every time for what must not be cached", async () => {
    const { bytes, extent } = await blob(1000);
    for (let count = 0; count < 4; count++) {
      expect(await read([extent], false)).toEqual({ bytes, inMemory: false, readsForAnswer: 1 });
    }
  });

  it("lets a scan pass without pushing out what is hot", async () => {
    const hot = await blob(1024);
    await read([hot.extent]);
    await read([hot.extent]);
    const large = await blob(1024 ** 2);
    for (let count = 0; count < 30; count++) {
      const id = mintBlobId("bucket", 0);
      await env.BLOBS.put(blobKey(id), large.bytes);
      await read([{ ...large.extent, blob: id }]);
    }
    expect((await read([hot.extent])).readsForAnswer).toBe(0);
  });

  it("keeps no more than its bound in memory", async () => {
    const { bytes, extent } = await blob(1024 ** 2);
    const ids = Array.from({ length: 30 }, () => mintBlobId("bucket", 0));
    for (const id of ids) {
      await env.BLOBS.put(blobKey(id), bytes);
      await read([{ ...extent, blob: id }]);
      await read([{ ...extent, blob: id }]);
    }
    // The oldest left memory, and comes back from the location's cache.
    expect(await read([{ ...extent, blob: ids[0]! }])).toMatchObject({ inMemory: true, readsForAnswer: 0 });
    expect((await read([{ ...extent, blob: ids[29]! }])).readsForAnswer).toBe(0);
  });

  it("joins the parts of a multipart object, and gives an empty one without a read", async () => {
    const [a, b] = [await blob(1000), await blob(2000)];
    expect((await read([a.extent, b.extent])).bytes).toEqual(new Uint8Array([...a.bytes, ...b.bytes]));
    expect(await read([])).toEqual({ bytes: new Uint8Array(0), inMemory: true, readsForAnswer: 0 });
  });

  it("asks where the bytes are when R2 does not have them, and caches what it finds", async () => {
    const { bytes, extent } = await blob(1000);
    const lost = { ...extent, blob: mintBlobId("bucket", 0) };
    for (let count = 0; count < 3; count++) {
      const body = await cache.read(bucket, [lost], { cacheable: true, defer, locateAgain: async () => [extent] });
      expect(new Uint8Array(await new Response(body).arrayBuffer())).toEqual(bytes);
    }
    await expect(
      cache.read(bucket, [{ ...extent, blob: mintBlobId("bucket", 0) }], { cacheable: true, defer }),
    ).rejects.toThrow("not in R2");
  });
});
