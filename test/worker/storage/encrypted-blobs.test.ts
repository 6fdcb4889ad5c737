import { env } from "cloudflare:test";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { mintBlobId } from "../../../src/lib/blob-id.ts";
import { BlobStore } from "../../../src/storage/blob-store.ts";

const KEY = new Uint8Array(32).fill(9);
const HEX = "09".repeat(32);
const ORIGIN = { key: "k", ownerId: "o", storageClass: "STANDARD" };

/** R2 with a record of the keys that it was given; the local simulator takes them and does nothing with them. */
function watched() {
  const keys: (string | undefined)[] = [];
  const note = (options: unknown) => keys.push((options as { ssecKey?: string } | undefined)?.ssecKey);
  const bucket = {
    put: (key: string, body: never, options: never) => (note(options), env.BLOBS.put(key, body, options)),
    get: (key: string, options: never) => (note(options), env.BLOBS.get(key, options)),
    async createMultipartUpload(key: string, options: never) {
      note(options);
      const upload = await env.BLOBS.createMultipartUpload(key, options);
      return {
        uploadPart: (number: number, bytes: never, partOptions: never) => (
          note(partOptions),
          upload.uploadPart(number, bytes)
        ),
        complete: (parts: never) => upload.complete(parts),
        abort: () => upload.abort(),
      };
    },
  } as unknown as R2Bucket;
  return { store: new BlobStore(bucket), keys };
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new Response(bytes).body!;
}

describe("blobs with a key of their own", () => {
  it.each([
    ["of known length", 100_000, true],
    ["of unknown length", 100_000, false],
    ["of unknown length, in parts", 9 * 1024 ** 2, false],
  ])("a body %s goes to R2 and comes back with the key", async (_, size, announced) => {
    const { store, keys } = watched();
    const bytes = new Uint8Array(size).fill(3);
    const id = mintBlobId("encrypted", 0);
    const length = announced ? size : undefined;
    const stored = await store.put(id, streamOf(bytes), { length, origin: ORIGIN, encryptionKey: KEY });
    expect(stored).toEqual({ size, md5: createHash("md5").update(bytes).digest("hex") });
    const extents = [{ blob: id, offset: 0, length: size, blobSize: size }];
    for (let times = 0; times < 3; times++) {
      const body = await store.read(extents, { cacheable: false, encryptionKey: KEY, defer: () => undefined });
      expect((await new Response(body).arrayBuffer()).byteLength).toBe(size);
    }
    expect(keys.length).toBeGreaterThanOrEqual(4);
    expect(new Set(keys)).toEqual(new Set([HEX]));
  });
});
