import { env, reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { blobKey, type Extent, mintBlobId } from "../../../src/lib/blob-id.ts";
import { dropBytes, MissingBlobError, readExtents } from "../../../src/storage/read-extents.ts";

afterEach(() => reset());

/** A blob whose bytes count up from `start`. */
async function blob(length: number, start: number): Promise<Extent> {
  const id = mintBlobId("bucket", 0);
  await env.BLOBS.put(
    blobKey(id),
    Uint8Array.from({ length }, (_, index) => start + index),
  );
  return { blob: id, offset: 0, length, blobSize: length };
}

function part(extent: Extent, offset: number, length: number): Extent {
  return { ...extent, offset, length };
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  return [...new Uint8Array(await new Response(stream).arrayBuffer())];
}

/** The bucket, counting its reads, and told what happens before the nth. */
function watchedBucket(before: Record<number, () => Promise<void>> = {}) {
  const reads: string[] = [];
  const bucket = new Proxy(env.BLOBS, {
    get(target, name: keyof R2Bucket) {
      if (name !== "get") return target[name].bind(target);
      return async (key: string, options?: R2GetOptions) => {
        reads.push(key);
        await before[reads.length]?.();
        return target.get(key, options);
      };
    },
  });
  return { bucket, reads };
}

describe("reading extents", () => {
  it("joins whole blobs and parts of blobs in order, one read each", async () => {
    const [a, b, c] = [await blob(3, 0), await blob(10, 100), await blob(2, 200)];
    const { bucket, reads } = watchedBucket();
    const stream = await readExtents(bucket, [a, part(b, 4, 3), c, part(a, 2, 1)]);
    expect(await readAll(stream)).toEqual([0, 1, 2, 104, 105, 106, 200, 201, 2]);
    expect(reads).toHaveLength(4);
  });

  it("is of known length, so that an answer has Content-Length", async () => {
    const [a, b] = [await blob(3, 0), await blob(10, 100)];
    for (const extents of [[a], [part(b, 1, 5)], [a, b]]) {
      const id = mintBlobId("bucket", 0);
      // R2 takes streams of known length only.
      const stored = await env.BLOBS.put(blobKey(id), await readExtents(env.BLOBS, extents));
      expect(stored?.size).toBe(extents.reduce((sum, extent) => sum + extent.length, 0));
    }
  });

  it("opens later blobs only when the reader gets near", async () => {
    const extents = await Promise.all(Array.from({ length: 8 }, () => blob(200_000, 0)));
    const { bucket, reads } = watchedBucket();
    const reader = (await readExtents(bucket, extents)).getReader();
    await reader.read();
    await scheduler.wait(50);
    expect(reads.length).toBeLessThanOrEqual(3);
    await reader.cancel();
    await scheduler.wait(50);
    expect(reads.length).toBeLessThanOrEqual(3);
  });

  it("names a blob that is missing, before anything is answered", async () => {
    const gone: Extent = { blob: mintBlobId("bucket", 0), offset: 0, length: 1, blobSize: 1 };
    await expect(readExtents(env.BLOBS, [gone])).rejects.toThrow(MissingBlobError);
    await expect(readExtents(env.BLOBS, [gone], { locateAgain: async () => undefined })).rejects.toThrow(gone.blob);
    await expect(readExtents(env.BLOBS, [gone], { locateAgain: async () => [gone] })).rejects.toThrow(gone.blob);
  });

  it("breaks off when a later blob is missing", async () => {
    const gone: Extent = { blob: mintBlobId("bucket", 0), offset: 0, length: 1, blobSize: 1 };
    await expect(readAll(await readExtents(env.BLOBS, [await blob(3, 0), gone]))).rejects.toThrow("not in R2");
  });

  it("goes on where the bytes are now when they moved, at the start and midway (consistency rule 14)", async () => {
    const [a, b] = [await blob(3, 0), await blob(3, 3)];
    const packed = await blob(20, 250);
    await env.BLOBS.put(blobKey(packed.blob), Uint8Array.from([9, 9, 0, 1, 2, 3, 4, 5, 9]));
    const moved = [part(packed, 2, 4), part(packed, 6, 2)];
    const remove = async () => env.BLOBS.delete([blobKey(a.blob), blobKey(b.blob)]);

    const midway = watchedBucket({ 2: remove });
    expect(await readAll(await readExtents(midway.bucket, [a, b], { locateAgain: async () => moved }))).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    const atStart = watchedBucket();
    expect(await readAll(await readExtents(atStart.bucket, [a, b], { locateAgain: async () => moved }))).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    expect(
      await readAll(
        await readExtents(env.BLOBS, [a], { locateAgain: async () => [part(packed, 2, 1), part(packed, 3, 2)] }),
      ),
    ).toEqual([0, 1, 2]);
  });
});

it("drops bytes from the front of extents", () => {
  const extents = [
    { blob: "a", offset: 5, length: 3, blobSize: 9 },
    { blob: "b", offset: 0, length: 2, blobSize: 2 },
  ];
  expect(dropBytes(extents, 0)).toEqual(extents);
  expect(dropBytes(extents, 2)).toEqual([{ blob: "a", offset: 7, length: 1, blobSize: 9 }, extents[1]]);
  expect(dropBytes(extents, 3)).toEqual([extents[1]]);
  expect(dropBytes(extents, 5)).toEqual([]);
});
