import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ByteReader } from "../../../src/lib/byte-reader.ts";
import { ServiceError } from "../../../src/lib/errors.ts";
import { hashThrough } from "../../../src/lib/hash-stream.ts";

const BYTES = randomBytes(300_000);

/** A stream that hands out pieces of odd sizes. Byte streams are tested in workerd, where they are native. */
function streamOf(bytes: Uint8Array, failure?: Error): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset < bytes.length) controller.enqueue(bytes.subarray(offset, (offset += 7919)));
      else if (failure) controller.error(failure);
      else controller.close();
    },
  });
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("hashing a stream", () => {
  it("passes the bytes on and shows them to every hasher", async () => {
    const hashers = [createHash("md5"), createHash("sha256")];
    let size = 0;
    const passed = await collect(hashThrough(streamOf(BYTES), hashers, (total) => void (size = total)));
    expect(passed.equals(BYTES)).toBe(true);
    expect(size).toBe(BYTES.length);
    expect(hashers[0]!.digest("hex")).toBe(createHash("md5").update(BYTES).digest("hex"));
    expect(hashers[1]!.digest("hex")).toBe(createHash("sha256").update(BYTES).digest("hex"));
  });

  it("verifies an empty body too", async () => {
    let size = -1;
    expect((await collect(hashThrough(streamOf(new Uint8Array(0)), [], (total) => void (size = total)))).length).toBe(
      0,
    );
    expect(size).toBe(0);
  });

  it("fails with what the verification throws, also late", async () => {
    const error = new ServiceError("BadDigest", 400, "no");
    const verify = async () => {
      await Promise.resolve();
      throw error;
    };
    await expect(collect(hashThrough(streamOf(BYTES), [], verify))).rejects.toBe(error);
  });

  it("fails with what the source throws", async () => {
    const error = new ServiceError("SignatureDoesNotMatch", 403, "chunk");
    await expect(collect(hashThrough(streamOf(BYTES, error), [], () => undefined))).rejects.toBe(error);
  });

  it("reads blocks of the size asked for", async () => {
    const reader = new ByteReader(streamOf(BYTES));
    const blocks: Uint8Array[] = [];
    for (let block = await reader.readBlock(65_536); block.length > 0; block = await reader.readBlock(65_536))
      blocks.push(block);
    expect(blocks.map((block) => block.length)).toEqual([65_536, 65_536, 65_536, 65_536, 300_000 - 4 * 65_536]);
    expect(Buffer.concat(blocks).equals(BYTES)).toBe(true);
  });
});

it("cancels its source when nobody reads on", async () => {
  let cancelled: unknown;
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: (reason) => void (cancelled = reason),
  });
  await hashThrough(source, [], () => undefined).cancel("enough");
  expect(cancelled).toBe("enough");
});
